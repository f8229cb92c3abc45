/** Reads a file that no process has open into plain data, with SQLite alone: no code of the engine takes part. */
import { statSync } from "node:fs";
import Database from "better-sqlite3";
import {
  rowStates,
  type FileState,
  type StoredDelivery,
  type StoredEnd,
  type StoredEvent,
  type StoredOperation,
  type Subscription,
  type Tables,
} from "./evidence.ts";
import type { ChainLink } from "./protocol.ts";

const tableNames: Readonly<Record<keyof Tables, true>> = {
  counters: true,
  applied: true,
  bumps: true,
  "follow-ups": true,
  sequences: true,
  seen: true,
  tasks: true,
  charges: true,
  reminders: true,
  arrivals: true,
  stock: true,
  reservations: true,
  remedies: true,
  beats: true,
};

const eventsSql = `
  SELECT e.seq, t.name AS type, s.name AS source, e.id, e.time, e.key, e.tenant, e.version, e.correlation, e.causation, e.hops, e.traceparent, e.due, e.data, e.previous, e.hash
  FROM events e JOIN names t ON t.id = e.type JOIN names s ON s.id = e.source ORDER BY e.seq`;
const subscriptionsSql = `
  SELECT h.name AS handler, t.name AS type, s.since, h.cursor FROM subscriptions s JOIN handlers h ON h.id = s.handler JOIN names t ON t.id = s.type`;
const deliveriesSql =
  "SELECT h.name AS handler, d.seq, d.run, d.state, d.attempts, d.redrives, d.failure FROM deliveries d JOIN handlers h ON h.id = d.handler";

const receiptsSql = "SELECT h.name AS handler, r.body FROM receipts r JOIN handlers h ON h.id = r.handler";

interface DeliveryRow extends Omit<StoredDelivery, "state" | "failure"> {
  readonly state: number;
  readonly failure: string | null;
}

export function readFileState(file: string): FileState {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const all = (sql: string): readonly unknown[] => db.prepare(sql).all();
    return {
      events: all(eventsSql) as readonly StoredEvent[],
      subscriptions: all(subscriptionsSql) as readonly Subscription[],
      deliveries: (all(deliveriesSql) as readonly DeliveryRow[]).map(deliveryOf),
      ends: (all(receiptsSql) as readonly ReceiptRow[]).flatMap(endsOf),
      operations: all("SELECT action, subject, reason, detail ->> '$[0][1]' AS count FROM ledger ORDER BY seq") as readonly StoredOperation[],
      answers: db.prepare("SELECT request FROM answers").pluck().all().map(answerOf),
      tables: Object.fromEntries(Object.keys(tableNames).map((name) => [name, rowsOf(db, name)])) as unknown as Tables,
      integrity: String(db.pragma("integrity_check", { simple: true })),
    };
  } finally {
    db.close();
  }
}

function deliveryOf({ state, failure, ...row }: DeliveryRow): StoredDelivery {
  const name = Object.entries(rowStates).find(([number]) => Number(number) === state)?.[1] ?? "unknown";
  return { ...row, state: name, failure: failure === null ? undefined : (JSON.parse(failure) as StoredDelivery["failure"]) };
}

interface ReceiptRow {
  readonly handler: string;
  readonly body: string;
}

interface Receipt {
  /** First and last position of runs of deliveries that were done in the usual way. */
  readonly plain?: readonly (readonly [first: number, last: number])[];
  /** The others: the state is left out where it is `done`. */
  readonly told?: readonly (readonly [
    seq: number,
    wrote: unknown,
    milliseconds?: number,
    attempts?: number,
    run?: number,
    redrives?: number,
    state?: string,
  ])[];
}

function endsOf({ handler, body }: ReceiptRow): readonly StoredEnd[] {
  const { plain = [], told = [] } = JSON.parse(body) as Receipt;
  return [
    ...plain.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => ({ handler, seq: first + index, run: 0, state: "done" }))),
    ...told.map(([seq, , , , run = 0, , state = "done"]) => ({ handler, seq, run, state })),
  ];
}

/** A request is its endpoint, its tenant, its principal and its key, parted by zero characters. */
function answerOf(request: unknown): string {
  const [endpoint = "", , , key = ""] = String(request).split("\u0000");
  return `${endpoint}/${key}`;
}

function rowsOf(db: Database.Database, table: string): readonly unknown[] {
  const rows = db.prepare("SELECT r.body FROM records r JOIN names n ON n.id = r.tbl WHERE n.kind = 'table' AND n.name = ? ORDER BY r.key").pluck().all(table);
  return rows.map((body) => JSON.parse(String(body)) as unknown);
}

/** What a process that closed the file left: rows that still count as running, and bytes of the write-ahead log. */
export function readLeft(file: string): { readonly running: number; readonly walBytes: number } {
  const walBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return { running: Number(db.prepare("SELECT count(*) FROM deliveries WHERE state = 3").pluck().get()), walBytes };
  } finally {
    db.close();
  }
}

/** The last event of a backup; position -1 where it cannot be read. */
export function readHead(file: string): ChainLink {
  const damaged = { seq: -1, hash: "" };
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true });
    if (db.pragma("quick_check", { simple: true }) !== "ok") return damaged;
    return (db.prepare("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").get() as ChainLink | undefined) ?? { seq: 0, hash: "" };
  } catch {
    return damaged;
  } finally {
    db?.close();
  }
}
