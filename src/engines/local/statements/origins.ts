import type { Database } from "better-sqlite3";
import { checksum, checkSum } from "../checksum.ts";

/** Statements on `origins`. What is read is checked: it throws `STORE_CORRUPT`. */
export interface OriginStatements {
  insert(seq: number, principal: string): void;
  /** Positions of the events that a principal published after one. */
  of(principal: string, after: number, limit: number): readonly number[];
}

export function originStatements(db: Database): OriginStatements {
  const insert = db.prepare("INSERT INTO origins (seq, principal, sum) VALUES (?, ?, ?)");
  const of = db.prepare("SELECT seq, sum FROM origins WHERE principal = ? AND seq > ? ORDER BY seq LIMIT ?").raw();
  return {
    insert: (seq, principal) => void insert.run(seq, principal, checksum(seq, principal)),
    of: (principal, after, limit) =>
      (of.all(principal, after, limit) as [number, number][]).map(([seq, sum]) => {
        checkSum("origins", sum, seq, principal);
        return seq;
      }),
  };
}
