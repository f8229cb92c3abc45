import type { Database } from "better-sqlite3";
import { checksum, checkSum } from "../checksum.ts";

/** Positions without a gap whose events one principal published. */
export interface OriginRun {
  readonly first: number;
  readonly last: number;
}

/** Statements on `origins`. What is read is checked: it throws `STORE_CORRUPT`. */
export interface OriginStatements {
  insert(run: OriginRun, principal: string): void;
  /** Runs of a principal that begin after a position, in order. */
  of(principal: string, after: number, limit: number): readonly OriginRun[];
}

export function originStatements(db: Database): OriginStatements {
  const insert = db.prepare("INSERT INTO origins (seq, last, principal, sum) VALUES (?, ?, ?, ?)");
  const of = db.prepare("SELECT seq, last, sum FROM origins WHERE principal = ? AND seq > ? ORDER BY seq LIMIT ?").raw();
  return {
    insert: ({ first, last }, principal) => void insert.run(first, last, principal, checksum(first, last, principal)),
    of: (principal, after, limit) =>
      (of.all(principal, after, limit) as [number, number, number][]).map(([first, last, sum]) => {
        checkSum("origins", sum, first, last, principal);
        return { first, last };
      }),
  };
}
