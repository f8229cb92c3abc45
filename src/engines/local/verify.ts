import type { Database } from "better-sqlite3";
import { isPulseQueueError } from "../../core/errors.ts";
import { genesis, parseAnchor, type Journal } from "./journal.ts";
import type { VerifyProblem, VerifyReport } from "./options.ts";
import type { Statements } from "./statements/index.ts";

/** Problems listed at most. */
const maxProblems = 100;

/**
 * Checks the whole file: SQLite's structure, each event's hash, the chain from one event to the next, that no position is
 * missing, that every delivery has its event and no handler is ahead of the journal. `progress` is told every 10,000 events.
 */
export function verifyFile(db: Database, statements: Statements, journal: Journal, progress: (events: number) => void = () => undefined): VerifyReport {
  const problems: VerifyProblem[] = [];
  const report = (position: number, message: string): void => {
    if (problems.length < maxProblems) problems.push({ position, message });
  };
  for (const row of db.pragma("integrity_check(20)", { simple: false }) as { readonly integrity_check: string }[]) {
    if (row.integrity_check !== "ok") report(0, `structure: ${row.integrity_check}`);
  }
  const anchor = statements.meta.get("anchor");
  let before = anchor === undefined ? { seq: 0, hash: genesis } : parseAnchor(String(anchor));
  let events = 0;
  for (const row of statements.journal.walk(0)) {
    const seq = row[0];
    events += 1;
    if (events % 10_000 === 0) progress(events);
    try {
      journal.read(row);
    } catch (thrown) {
      report(seq, isPulseQueueError(thrown) ? thrown.message : "the event cannot be read");
    }
    if (seq <= before.seq) continue; // kept by retention for an open delivery; its neighbours are gone
    if (seq !== before.seq + 1) report(before.seq + 1, `the journal has no event from position ${String(before.seq + 1)} to ${String(seq - 1)}`);
    if (row[13] !== before.hash) report(seq, `the event at position ${String(seq)} does not follow the one before it`);
    before = { seq, hash: row[14] };
  }
  const orphan = db.prepare("SELECT seq FROM deliveries WHERE seq NOT IN (SELECT seq FROM events) LIMIT 1").pluck().get();
  if (orphan !== undefined) report(Number(orphan), "a delivery has no event");
  for (const [, name, cursor] of statements.handlers.all()) {
    if (cursor > before.seq) report(cursor, `handler ${name} is done up to position ${String(cursor)}, but the journal ends at ${String(before.seq)}`);
  }
  return { ok: problems.length === 0, events, problems };
}
