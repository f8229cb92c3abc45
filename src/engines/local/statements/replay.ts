import type { Database } from "better-sqlite3";
import { deliverySum, stored, type StoredState } from "./deliveries.ts";
import type { MetaStatements } from "./meta.ts";

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

export function replayStatements(db: Database, meta: MetaStatements): ReplayStatements {
  const sum = deliverySum({ state: "?", attempts: "0", due: "0", redrives: "redrives + 1" });
  const redrive = db.prepare(
    `UPDATE deliveries SET state = ?, attempts = 0, due = 0, redrives = redrives + 1, sum = ${sum} WHERE id = ? AND state = ${String(stored.dead)}`,
  );
  const matching = "FROM events WHERE type IN (SELECT value FROM json_each(?)) AND time >= ? AND time < ? AND seq > ? AND seq <= ?";
  const events = db.prepare(`SELECT seq, key ${matching} ORDER BY seq LIMIT ?`).raw();
  const count = db.prepare(`SELECT count(*) ${matching}`).pluck();
  return {
    redrive: (id, state) => void redrive.run(state, state, id),
    nextRun() {
      const run = Number(meta.get("run") ?? 0) + 1;
      meta.set("run", run);
      return run;
    },
    events: (types, from, to, after, upTo, limit) => events.all(JSON.stringify(types), from, to, after, upTo, limit) as [number, string | null][],
    count: (types, from, to, upTo) => count.get(JSON.stringify(types), from, to, 0, upTo) as number,
  };
}
