import type { Database } from "better-sqlite3";
import { checksum, checkSum } from "../checksum.ts";

/** A row of `handlers`. */
export type HandlerRow = readonly [id: number, name: string, cursor: number, paused: string | null];

/** Statements on `handlers`, `subscriptions`, `receipts` and `schedules`. What is read is checked: it throws `STORE_CORRUPT`. */
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
}

export function handlerStatements(db: Database): HandlerStatements {
  const insert = db.prepare("INSERT INTO handlers (id, name, cursor, paused, sum) VALUES (?, ?, ?, NULL, ?)");
  const nextId = db.prepare("SELECT coalesce(max(id), 0) + 1 FROM handlers").pluck();
  const all = db.prepare("SELECT id, name, cursor, paused, sum FROM handlers ORDER BY id").raw();
  const setCursor = db.prepare("UPDATE handlers SET cursor = ?, sum = row_sum(id, name, ?, paused) WHERE id = ?");
  const setPaused = db.prepare("UPDATE handlers SET paused = ?, sum = row_sum(id, name, cursor, ?) WHERE id = ?");
  const subscribe = db.prepare("INSERT INTO subscriptions (handler, type, since, sum) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const subscriptions = db.prepare("SELECT type, since, sum FROM subscriptions WHERE handler = ?").raw();
  const saveReceipt = db.prepare("INSERT INTO receipts (handler, last, time, body, sum) VALUES (?, ?, ?, ?, ?)");
  const receipts = db.prepare("SELECT last, time, body, sum FROM receipts WHERE handler = ? AND last >= ? ORDER BY last, id LIMIT ?").raw();
  const lastTick = db.prepare("SELECT last, sum FROM schedules WHERE name = ?").raw();
  const setTick = db.prepare(
    "INSERT INTO schedules (name, last, sum) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last, sum = excluded.sum",
  );
  return {
    insert(name, cursor) {
      const id = nextId.get() as number;
      insert.run(id, name, cursor, checksum(id, name, cursor, null));
    },
    all() {
      const rows = all.all() as unknown as (readonly [...HandlerRow, sum: number])[];
      for (const [id, name, cursor, paused, sum] of rows) checkSum("handlers", sum, id, name, cursor, paused);
      return rows.map(([id, name, cursor, paused]) => [id, name, cursor, paused]);
    },
    setCursor: (id, cursor) => void setCursor.run(cursor, cursor, id),
    setPaused: (id, reason) => void setPaused.run(reason, reason, id),
    subscribe: (handler, type, since) => void subscribe.run(handler, type, since, checksum(handler, type, since)),
    subscriptions(handler) {
      const rows = subscriptions.all(handler) as [number, number, number][];
      for (const [type, since, sum] of rows) checkSum("subscriptions", sum, handler, type, since);
      return rows.map(([type, since]) => [type, since]);
    },
    saveReceipt: (handler, last, time, body) => void saveReceipt.run(handler, last, time, body, checksum(handler, last, time, body)),
    receipts(handler, seq, limit) {
      const rows = receipts.all(handler, seq, limit) as [number, number, string, number][];
      for (const [last, time, body, sum] of rows) checkSum("receipts", sum, handler, last, time, body);
      return rows.map(([, time, body]) => [time, body]);
    },
    lastTick(schedule) {
      const row = lastTick.get(schedule) as [number, number] | undefined;
      if (row === undefined) return undefined;
      checkSum("schedules", row[1], schedule, row[0]);
      return row[0];
    },
    setTick: (schedule, time) => void setTick.run(schedule, time, checksum(schedule, time)),
  };
}
