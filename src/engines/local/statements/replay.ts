import type { Database } from "better-sqlite3";
import { stored, type StoredState } from "./deliveries.ts";

/** Statements of redrive and replay. */
export interface ReplayStatements {
  /** Starts a new series of attempts for a dead letter. Its failure stays until the series ends. */
  redrive(id: number, state: StoredState): void;
  /** A run number that no delivery has. */
  nextRun(): number;
  /** Events of the types accepted in [from, to), up to a position and after another, in journal order. */
  events(
    types: readonly number[],
    from: number,
    to: number,
    after: number,
    upTo: number,
    limit: number,
  ): readonly (readonly [seq: number, key: string | null])[];
  count(types: readonly number[], from: number, to: number, upTo: number): number;
}

export function replayStatements(db: Database): ReplayStatements {
  const redrive = db.prepare(`UPDATE deliveries SET state = ?, attempts = 0, due = 0, redrives = redrives + 1 WHERE id = ? AND state = ${String(stored.dead)}`);
  const nextRun = db.prepare("INSERT INTO meta (key, value) VALUES ('run', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1 RETURNING value").pluck();
  const matching = "FROM events WHERE type IN (SELECT value FROM json_each(?)) AND time >= ? AND time < ? AND seq > ? AND seq <= ?";
  const events = db.prepare(`SELECT seq, key ${matching} ORDER BY seq LIMIT ?`).raw();
  const count = db.prepare(`SELECT count(*) ${matching}`).pluck();
  return {
    redrive: (id, state) => void redrive.run(state, id),
    nextRun: () => nextRun.get() as number,
    events: (types, from, to, after, upTo, limit) => events.all(JSON.stringify(types), from, to, after, upTo, limit) as [number, string | null][],
    count: (types, from, to, upTo) => count.get(JSON.stringify(types), from, to, 0, upTo) as number,
  };
}
