import type { Database } from "better-sqlite3";
import type { DeliveryState } from "../../../core/delivery.ts";
import { checksum, checkSum } from "../checksum.ts";

/** How `deliveries.state` stores a state. `waiting` is a `scheduled` that was postponed: it holds its key, and `idle` does not wait for it. */
export const stored = { scheduled: 1, ready: 2, running: 3, retrying: 4, parked: 5, dead: 6, waiting: 7 } as const;
export type StoredState = (typeof stored)[keyof typeof stored];

export const stateNames: Readonly<Record<StoredState, DeliveryState>> = {
  1: "scheduled",
  2: "ready",
  3: "running",
  4: "retrying",
  5: "parked",
  6: "dead",
  7: "scheduled",
};

/** A row of `deliveries` as SQLite answers it. */
export type DeliveryRow = readonly [
  id: number,
  handler: number,
  seq: number,
  run: number,
  state: StoredState,
  attempts: number,
  due: number,
  lane: string | null,
  failure: string | null,
  redrives: number,
];

/** Columns of `deliveries`, with the alias `d`, and the checksum. */
export const deliveryColumns = "d.id, d.handler, d.seq, d.run, d.state, d.attempts, d.due, d.lane, d.failure, d.redrives, d.sum";

/** Rows selected with `deliveryColumns`, each compared with its checksum. Throws `STORE_CORRUPT`. */
export function checkedDeliveries(rows: readonly unknown[]): readonly DeliveryRow[] {
  const found = rows as readonly (readonly [...DeliveryRow, sum: number])[];
  for (const [, handler, seq, run, state, attempts, due, lane, failure, redrives, sum] of found)
    checkSum("deliveries", sum, handler, seq, run, state, attempts, due, lane, failure, redrives);
  return found as unknown as readonly DeliveryRow[];
}

/** `row_sum(…)` of a delivery with some values given instead of those of the row. */
export function deliverySum(given: Readonly<Partial<Record<"state" | "attempts" | "due" | "failure" | "redrives", string>>>): string {
  const { state = "state", attempts = "attempts", due = "due", failure = "failure", redrives = "redrives" } = given;
  return `row_sum(handler, seq, run, ${state}, ${attempts}, ${due}, lane, ${failure}, ${redrives})`;
}

/** Statements on `deliveries` and `steps` that the workers use. Rows that are read are checked: they throw `STORE_CORRUPT`. */
export interface DeliveryStatements {
  /** A delivery gets a row; answers its id. */
  insert(handler: number, seq: number, run: number, state: StoredState, attempts: number, due: number, lane: string | null, failure: string | null): number;
  update(id: number, state: StoredState, attempts: number, due: number, failure: string | null): void;
  /** Another state, due at once. */
  setState(id: number, state: StoredState): void;
  remove(id: number): void;
  byId(id: number): DeliveryRow | undefined;
  /** Deliveries that may start by `now`, the longest due first. */
  due(handler: number, now: number, limit: number): readonly DeliveryRow[];
  /** When the next one after `now` may start. */
  nextDue(handler: number, now: number): number | undefined;
  /** Parked deliveries of one key, in order. */
  parked(handler: number, lane: string, limit: number): readonly DeliveryRow[];
  /** Whether something earlier holds the key: ready, running, retrying, postponed or parked. */
  laneHeld(handler: number, lane: string): boolean;
  /** The same for what comes before a position. */
  laneHeldBefore(handler: number, lane: string, seq: number, run: number): boolean;
  /** Whether something other than a parked delivery holds the key. */
  laneBusy(handler: number, lane: string): boolean;
  /** The first position at which something other than a parked delivery holds the key, the row `head` left aside. */
  nextHolder(handler: number, lane: string, head: number): number | undefined;
  /** Whether any key of the handler is held by a row. */
  anyHeld(handler: number): boolean;
  anyParked(handler: number): boolean;
  /** Keys that have parked deliveries. */
  parkedLanes(handler: number): readonly string[];
  /** Whether a delivery is ready, running, retrying, or due by `now`. */
  hasOpen(handler: number, now: number): boolean;
  /** Deliveries that were running when the process ended. */
  running(): readonly DeliveryRow[];
  steps(handler: number, seq: number, run: number): readonly (readonly [name: string, result: string])[];
  saveStep(handler: number, seq: number, run: number, name: string, result: string): void;
  removeSteps(handler: number, seq: number, run: number): void;
}

export function deliveryStatements(db: Database): DeliveryStatements {
  const insert = db.prepare(
    "INSERT INTO deliveries (handler, seq, run, state, attempts, due, lane, failure, redrives, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
  );
  const update = db.prepare(
    `UPDATE deliveries SET state = ?, attempts = ?, due = ?, failure = ?, sum = ${deliverySum({ state: "?", attempts: "?", due: "?", failure: "?" })} WHERE id = ?`,
  );
  const setState = db.prepare(`UPDATE deliveries SET state = ?, due = 0, sum = ${deliverySum({ state: "?", due: "0" })} WHERE id = ?`);
  const remove = db.prepare("DELETE FROM deliveries WHERE id = ?");
  const byId = db.prepare(`SELECT ${deliveryColumns} FROM deliveries d WHERE d.id = ?`).raw();
  const due = db
    .prepare(`SELECT ${deliveryColumns} FROM deliveries d WHERE d.handler = ? AND d.state IN (1, 2, 4, 7) AND d.due <= ? ORDER BY d.due, d.seq LIMIT ?`)
    .raw();
  const nextDue = db.prepare("SELECT d.due FROM deliveries d WHERE d.handler = ? AND d.state IN (1, 2, 4, 7) AND d.due > ? ORDER BY d.due LIMIT 1").pluck();
  const parked = db
    .prepare(`SELECT ${deliveryColumns} FROM deliveries d WHERE d.handler = ? AND d.lane = ? AND d.state = 5 ORDER BY d.seq, d.run LIMIT ?`)
    .raw();
  const laneHeld = db.prepare("SELECT 1 FROM deliveries d WHERE d.handler = ? AND d.lane = ? AND d.state IN (2, 3, 4, 5, 7) LIMIT 1").pluck();
  const laneHeldBefore = db
    .prepare("SELECT 1 FROM deliveries d WHERE d.handler = ? AND d.lane = ? AND (d.seq, d.run) < (?, ?) AND d.state IN (2, 3, 4, 5, 7) LIMIT 1")
    .pluck();
  const laneBusy = db.prepare("SELECT 1 FROM deliveries d WHERE d.handler = ? AND d.lane = ? AND d.state IN (2, 3, 4, 7) LIMIT 1").pluck();
  const nextHolder = db.prepare("SELECT min(d.seq) FROM deliveries d WHERE d.handler = ? AND d.lane = ? AND d.state IN (2, 3, 4, 7) AND d.id <> ?").pluck();
  const anyHeld = db.prepare("SELECT 1 FROM deliveries d WHERE d.handler = ? AND d.lane IS NOT NULL AND d.state IN (2, 3, 4, 5, 7) LIMIT 1").pluck();
  const anyParked = db.prepare("SELECT 1 FROM deliveries d WHERE d.state IN (3, 5, 6) AND d.state = 5 AND d.handler = ? LIMIT 1").pluck();
  const parkedLanes = db.prepare("SELECT DISTINCT lane FROM deliveries d WHERE d.state IN (3, 5, 6) AND d.state = 5 AND d.handler = ?").pluck();
  const hasOpen = db.prepare("SELECT 1 FROM deliveries d WHERE d.handler = ? AND (d.state IN (2, 3, 4) OR (d.state = 1 AND d.due <= ?)) LIMIT 1").pluck();
  const running = db.prepare(`SELECT ${deliveryColumns} FROM deliveries d WHERE d.state IN (3, 5, 6) AND d.state = 3`).raw();
  const steps = db.prepare("SELECT name, result, sum FROM steps WHERE handler = ? AND seq = ? AND run = ?").raw();
  const saveStep = db.prepare("INSERT INTO steps (handler, seq, run, name, result, sum) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const removeSteps = db.prepare("DELETE FROM steps WHERE handler = ? AND seq = ? AND run = ?");
  return {
    insert: (...values) => Number(insert.run(...values, checksum(...values, 0)).lastInsertRowid),
    update: (id, ...values) => void update.run(...values, ...values, id),
    setState: (id, state) => void setState.run(state, state, id),
    remove: (id) => void remove.run(id),
    byId: (id) => checkedDeliveries(byId.all(id))[0],
    due: (handler, now, limit) => checkedDeliveries(due.all(handler, now, limit)),
    nextDue: (handler, now) => nextDue.get(handler, now) as number | undefined,
    parked: (handler, lane, limit) => checkedDeliveries(parked.all(handler, lane, limit)),
    laneHeld: (handler, lane) => laneHeld.get(handler, lane) !== undefined,
    laneHeldBefore: (handler, lane, seq, run) => laneHeldBefore.get(handler, lane, seq, run) !== undefined,
    laneBusy: (handler, lane) => laneBusy.get(handler, lane) !== undefined,
    nextHolder: (handler, lane, head) => (nextHolder.get(handler, lane, head) as number | null) ?? undefined,
    anyHeld: (handler) => anyHeld.get(handler) !== undefined,
    anyParked: (handler) => anyParked.get(handler) !== undefined,
    parkedLanes: (handler) => parkedLanes.all(handler) as string[],
    hasOpen: (handler, now) => hasOpen.get(handler, now) !== undefined,
    running: () => checkedDeliveries(running.all()),
    steps(handler, seq, run) {
      const rows = steps.all(handler, seq, run) as [string, string, number][];
      for (const [name, result, sum] of rows) checkSum("steps", sum, handler, seq, run, name, result);
      return rows.map(([name, result]) => [name, result]);
    },
    saveStep: (...values) => void saveStep.run(...values, checksum(...values)),
    removeSteps: (handler, seq, run) => void removeSteps.run(handler, seq, run),
  };
}
