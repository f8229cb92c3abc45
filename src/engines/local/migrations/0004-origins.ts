/** Frozen: a released migration is never edited. */
import type { Database } from "better-sqlite3";
import { checksum, checkSum } from "../checksum.ts";

/**
 * Who published an event is asked for by principal alone, and events that come together are mostly one principal's: one tree in that
 * order, with a row for each run of positions.
 */
export function origins(db: Database): void {
  const before = db.prepare("SELECT seq, principal, sum FROM origins ORDER BY principal, seq").raw().all() as [number, string, number][];
  const runs: [seq: number, last: number, principal: string][] = [];
  for (const [seq, principal, sum] of before) {
    checkSum("origins", sum, seq, principal);
    const run = runs.at(-1);
    if (run?.[2] === principal && run[1] === seq - 1) run[1] = seq;
    else runs.push([seq, seq, principal]);
  }
  db.exec(`
    DROP INDEX origins_by_principal;
    DROP TABLE origins;
    CREATE TABLE origins (seq INTEGER NOT NULL, last INTEGER NOT NULL, principal TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (principal, seq)) STRICT, WITHOUT ROWID;
  `);
  const insert = db.prepare("INSERT INTO origins (seq, last, principal, sum) VALUES (?, ?, ?, ?)");
  for (const run of runs) insert.run(...run, checksum(...run));
}
