import type { Database } from "better-sqlite3";

/** A row of `handlers`. */
export type HandlerRow = readonly [id: number, name: string, cursor: number, paused: string | null];

/** Statements on `handlers`, `subscriptions`, `receipts`, `schedules` and `operations`. */
export interface HandlerStatements {
  insert(name: string, cursor: number): void;
  all(): readonly HandlerRow[];
  setCursor(id: number, cursor: number): void;
  setPaused(id: number, reason: string | null): void;
  subscribe(handler: number, type: number, since: number): void;
  subscriptions(handler: number): readonly (readonly [type: number, since: number])[];
  saveReceipt(handler: number, last: number, time: number, body: string): void;
  /** Receipts of commits whose last event is at or after `seq`, the nearest first. */
  receipts(handler: number, seq: number, limit: number): readonly (readonly [time: number, body: string])[];
  lastTick(schedule: string): number | undefined;
  setTick(schedule: string, time: number): void;
  record(time: number, by: string, action: string, subject: string, reason: string, count: number): void;
  operations(limit: number): readonly (readonly [time: number, by: string, action: string, subject: string, reason: string, count: number])[];
}

export function handlerStatements(db: Database): HandlerStatements {
  const insert = db.prepare("INSERT INTO handlers (name, cursor) VALUES (?, ?)");
  const all = db.prepare("SELECT id, name, cursor, paused FROM handlers ORDER BY id").raw();
  const setCursor = db.prepare("UPDATE handlers SET cursor = ? WHERE id = ?");
  const setPaused = db.prepare("UPDATE handlers SET paused = ? WHERE id = ?");
  const subscribe = db.prepare("INSERT INTO subscriptions (handler, type, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
  const subscriptions = db.prepare("SELECT type, since FROM subscriptions WHERE handler = ?").raw();
  const saveReceipt = db.prepare("INSERT INTO receipts (handler, last, time, body) VALUES (?, ?, ?, ?)");
  const receipts = db.prepare("SELECT time, body FROM receipts WHERE handler = ? AND last >= ? ORDER BY last, id LIMIT ?").raw();
  const lastTick = db.prepare("SELECT last FROM schedules WHERE name = ?").pluck();
  const setTick = db.prepare("INSERT INTO schedules (name, last) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last");
  const record = db.prepare("INSERT INTO operations (time, by, action, subject, reason, count) VALUES (?, ?, ?, ?, ?, ?)");
  const operations = db.prepare("SELECT time, by, action, subject, reason, count FROM operations ORDER BY id DESC LIMIT ?").raw();
  return {
    insert: (name, cursor) => void insert.run(name, cursor),
    all: () => all.all() as unknown as HandlerRow[],
    setCursor: (id, cursor) => void setCursor.run(cursor, id),
    setPaused: (id, reason) => void setPaused.run(reason, id),
    subscribe: (handler, type, since) => void subscribe.run(handler, type, since),
    subscriptions: (handler) => subscriptions.all(handler) as [number, number][],
    saveReceipt: (handler, last, time, body) => void saveReceipt.run(handler, last, time, body),
    receipts: (handler, seq, limit) => receipts.all(handler, seq, limit) as [number, string][],
    lastTick: (schedule) => lastTick.get(schedule) as number | undefined,
    setTick: (schedule, time) => void setTick.run(schedule, time),
    record: (...values) => void record.run(...values),
    operations: (limit) => operations.all(limit) as unknown as [number, string, string, string, string, number][],
  };
}
