import type Database from "better-sqlite3";
import { isPulseQueueError } from "../../core/errors.ts";
import { checksum, summed, type StoredValue } from "./checksum.ts";
import { storeError } from "./failure.ts";
import { genesis, parseLink, type Journal } from "./journal.ts";
import { checkLedger } from "./ledger.ts";
import type { VerifyProblem, VerifyReport } from "./options.ts";
import type { Statements } from "./statements/index.ts";
import { sha256 } from "../../machine/hash.ts";

/** Problems listed at most. */
const maxProblems = 100;

type Report = (position: number, message: string) => void;

/**
 * Checks the whole file: SQLite's structure, each event's hash, the chain from one event to the next, that no position is
 * missing and that the chain goes through the event at which the file was closed last, the checksum of every other row, that
 * index entries and rows agree, that every delivery has its event and no handler is ahead of the journal. `progress` is told
 * every 10,000 events.
 */
export function verifyFile(
  db: Database.Database,
  statements: Statements,
  journal: Journal,
  progress: (events: number) => void = () => undefined,
): VerifyReport {
  const problems: VerifyProblem[] = [];
  let events = 0;
  const report: Report = (position, message) => {
    if (problems.length < maxProblems) problems.push({ position, message });
  };
  /** Damage may keep a check from reading on; the others still say what they find. */
  const check = (what: string, run: () => void): void => {
    try {
      run();
    } catch (thrown) {
      report(0, `${what}: ${storeError(thrown).message}`);
    }
  };
  check("structure", () => {
    for (const row of db.pragma("integrity_check(20)", { simple: false }) as { readonly integrity_check: string }[])
      if (row.integrity_check !== "ok") report(0, `structure: ${row.integrity_check}`);
  });
  check("the journal", () => {
    checkChain(statements, journal, report, () => {
      events += 1;
      if (events % 10_000 === 0) progress(events);
    });
  });
  for (const [table, columns] of Object.entries(summed)) {
    check(`table ${table}`, () => {
      checkSums(db, table, columns, report);
    });
  }
  check("the audit ledger", () => {
    const { problems: found } = checkLedger(statements, sha256, String(statements.meta.get("app") ?? ""));
    for (const { position, message } of found) report(0, `the audit ledger, position ${String(position)}: ${message}`);
  });
  check("indexes", () => {
    checkIndexEntries(db, report);
  });
  check("deliveries", () => {
    const orphan = db.prepare("SELECT seq FROM deliveries WHERE seq NOT IN (SELECT seq FROM events) LIMIT 1").pluck().get();
    if (orphan !== undefined) report(Number(orphan), "a delivery has no event");
    const stranger = db.prepare("SELECT seq FROM deliveries WHERE state NOT BETWEEN 1 AND 7 OR handler NOT IN (SELECT id FROM handlers) LIMIT 1").pluck().get();
    if (stranger !== undefined) report(Number(stranger), "a delivery has an unknown state or handler");
  });
  return { ok: problems.length === 0, events, problems };
}

function checkChain(statements: Statements, journal: Journal, report: Report, onEvent: () => void): void {
  const anchor = statements.meta.get("anchor");
  const sealed = statements.meta.get("seal");
  const seal = sealed === undefined ? undefined : parseLink(String(sealed));
  let before = anchor === undefined ? { seq: 0, hash: genesis } : parseLink(String(anchor));
  for (const row of statements.journal.walk(0)) {
    const seq = row[0];
    onEvent();
    try {
      journal.read(row);
    } catch (thrown) {
      report(seq, isPulseQueueError(thrown) ? thrown.message : "the event cannot be read");
    }
    if (seq === seal?.seq && row[15] !== seal.hash) report(seq, `the event at position ${String(seq)} is not the one at which the file was closed`);
    if (seq <= before.seq) continue; // kept by retention for an open delivery; its neighbours are gone
    if (seq !== before.seq + 1) report(before.seq + 1, `the journal has no event from position ${String(before.seq + 1)} to ${String(seq - 1)}`);
    if (row[14] !== before.hash) report(seq, `the event at position ${String(seq)} does not follow the one before it`);
    before = { seq, hash: row[15] };
  }
  if (seal !== undefined && seal.seq > before.seq)
    report(before.seq + 1, `the journal ends at position ${String(before.seq)}, but the file was closed at ${String(seal.seq)}`);
  for (const [, name, cursor] of statements.handlers.all()) {
    if (cursor > before.seq) report(cursor, `handler ${name} is done up to position ${String(cursor)}, but the journal ends at ${String(before.seq)}`);
  }
}

function checkSums(db: Database.Database, table: string, columns: readonly string[], report: Report): void {
  const rows = db
    .prepare(`SELECT ${columns.join(", ")}, sum FROM ${table}`)
    .raw()
    .iterate() as IterableIterator<readonly [...StoredValue[], sum: number]>;
  const position = columns.indexOf("seq");
  for (const row of rows) {
    if (checksum(...row.slice(0, -1)) !== row.at(-1)) report(Number(row[position] ?? 0), `a row of ${table} does not match its checksum`);
  }
}

/** The entries of a table with indexes are those that its rows name, no more and no fewer. */
function checkIndexEntries(db: Database.Database, report: Report): void {
  const named = "SELECT r.tbl, j.value ->> 0 AS name, j.value ->> 1 AS fields, r.key FROM records r, json_each(r.indexes) j WHERE r.indexes IS NOT NULL";
  const entries = "SELECT tbl, name, fields, key FROM record_index";
  const count = (sql: string): number => Number(db.prepare(`SELECT count(*) FROM (${sql})`).pluck().get());
  const missing = count(`${named} EXCEPT ${entries}`);
  const surplus = count(`${entries} EXCEPT ${named}`);
  if (missing + surplus > 0) report(0, `index entries and rows do not agree: ${String(missing)} missing, ${String(surplus)} too many`);
}
