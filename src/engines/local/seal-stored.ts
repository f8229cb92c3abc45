/**
 * Seals what was stored in the clear: before there was a key, or before it was declared to be personal data. It happens when a file is
 * opened, in one transaction. The journal's chain covers what is stored, so events have new hashes from the first one on that
 * changes; the ledger tells of it. Then the file is written anew, since pages that were freed still hold what was in them.
 */
import type { Database } from "better-sqlite3";
import { toMessage } from "../../core/dispatch.ts";
import type { EventRecord } from "../../core/envelope.ts";
import type { AnyEvent } from "../../core/event.ts";
import { checkIdentifier } from "../../core/names.ts";
import { answerPlace, eventPlace, rowPlace, stepPlace } from "../../core/sealed-store.ts";
import { shownRow } from "../../core/shown-row.ts";
import type { AnyTable } from "../../core/table.ts";
import type { Topology } from "../../core/topology.ts";
import { openJson, sealField, sealJson, sealWhole } from "../../core/vault.ts";
import { emptyLog } from "./checkpoint.ts";
import { contentHash, type Journal } from "./journal.ts";
import type { LocalLedger } from "./ledger.ts";
import { allRows } from "./rows.ts";
import type { Statements } from "./statements/index.ts";
import type { AnswerRow, StepRow } from "./statements/sealing.ts";
import type { LocalVault } from "./vault.ts";

export interface SealStoredOptions {
  readonly db: Database;
  readonly statements: Statements;
  /** As it is before; open it again afterwards. */
  readonly journal: Journal;
  readonly topology: Topology;
  readonly vault: LocalVault;
  readonly ledger: LocalLedger;
}

/** How much was sealed. */
interface Sealed {
  readonly events: number;
  readonly rows: number;
  /** Results of steps, and answers of requests. */
  readonly others: number;
}

const page = 500;
/** Before what `meta` keeps of the declarations while the file must still be written anew. */
const unclean = "unclean ";

/** Does nothing where everything that is declared was sealed already. Throws `STORE_CORRUPT`, what the disk throws. */
export function sealStored(options: SealStoredOptions): void {
  const { db, statements, vault, ledger } = options;
  const declared = declarations(options.topology);
  const known = statements.meta.get("sealed");
  if (known === declared) return;
  if (known !== unclean + declared)
    db.transaction(() => {
      const sealed: Sealed = { events: sealEvents(options), rows: sealRows(options), others: sealSteps(options) + sealAnswers(options) };
      const isClean = Object.values(sealed).every((count) => count === 0);
      statements.meta.set("sealed", isClean ? declared : unclean + declared);
      if (isClean) return;
      ledger.record({ by: "local", action: "configuration", subject: "personal data", reason: "encrypted what was stored before", detail: { ...sealed } });
      vault.keyring.flush(); // keys are durable before what was sealed with them is
    }).immediate();
  if (statements.meta.get("sealed") === declared) return;
  writeAnew(db);
  statements.meta.set("sealed", declared);
}

/** What is declared to be personal data, as text. */
function declarations({ events, tables }: Topology): string {
  const paths = (all: Iterable<AnyEvent | AnyTable>): unknown => [...all].filter(({ pii }) => pii.length > 0).map(({ name, pii }) => [name, pii]);
  return JSON.stringify([paths(events.values()), paths(tables.values())]);
}

function sealEvents({ statements, journal, topology, vault }: SealStoredOptions): number {
  let count = 0;
  let last = "";
  for (let after = 0; ;) {
    const rows = statements.journal.page(after, page);
    for (const row of rows) {
      const event = journal.read(row);
      const definition = topology.events.get(event.type);
      const data = definition === undefined ? event.data : sealEvent(vault, definition, event);
      if (data !== event.data) count += 1;
      last = count === 0 ? row[15] : rehash(statements, row, event, data, last);
    }
    after = rows.at(-1)?.[0] ?? after;
    if (rows.length < page) break;
  }
  if (count > 0 && statements.meta.get("seal") !== undefined) statements.meta.set("seal", `${String(journal.head)} ${last}`);
  return count;
}

/** Writes the event with new data after the event with the hash `previous`; answers its own hash. */
function rehash({ sealing }: Statements, row: Parameters<Journal["read"]>[0], { type, source }: EventRecord, data: string, previous: string): string {
  const [seq, , , id, time, key, tenant, version, correlation, causation, hops, traceparent, due, , before] = row;
  const chained = previous === "" ? before : previous;
  const hash = contentHash(chained, seq, type, source, id, time, key, tenant, version, correlation, causation, hops, traceparent, due, data);
  sealing.event(seq, data, chained, hash);
  return hash;
}

function sealEvent(vault: LocalVault, definition: AnyEvent, event: EventRecord): string {
  if (definition.pii.length === 0) return event.data;
  const place = eventPlace(event.type);
  const subject = definition.subject as ((data: unknown) => string) | undefined;
  const about = subjectOf(
    subject,
    () => toMessage(event, definition, vault).data,
    () => openJson(vault, event.data, place, "mark"),
  );
  return sealJson(vault, event.data, definition.pii, place, about);
}

function sealRows({ statements: { records }, journal, topology, vault }: SealStoredOptions): number {
  let count = 0;
  for (const table of topology.tables.values()) {
    if (table.pii.length === 0) continue;
    const id = journal.tableId(table.name);
    const subject = table.subject as ((row: unknown) => string) | undefined;
    for (const [key, version, body] of allRows(records, id)) {
      const about = subjectOf(subject, () => shownRow(table, body, vault));
      const sealed = sealJson(vault, body, table.pii, rowPlace(table.name), about);
      if (sealed === body) continue;
      count += 1;
      records.put(id, key, version, records.indexes(id, key) ?? null, sealed);
    }
  }
  return count;
}

/** The first subject that one of the readings gives. What has none, e.g. since its schema has changed, is sealed under the app's key. */
function subjectOf(subject: ((value: unknown) => string) | undefined, ...readings: readonly (() => unknown)[]): string | undefined {
  if (subject === undefined) return undefined;
  for (const read of readings) {
    try {
      return checkIdentifier("subject", subject(read()));
    } catch {
      continue;
    }
  }
  return undefined;
}

/** After the events, since a step is sealed beside its event. */
function sealSteps({ statements: { sealing, journal: events }, journal, vault }: SealStoredOptions): number {
  return sealPages(
    (after: StepRow | undefined) => sealing.steps(after, page),
    (row) => {
      const [handler, seq, run, name, result] = row;
      const event = events.bySequence(seq);
      if (event === undefined || isSealed(result)) return false;
      const { id, source, tenant, data } = journal.read(event);
      sealing.step([handler, seq, run, name, sealWhole(vault, result, stepPlace({ id, source, tenant }, name), { beside: data })]);
      return true;
    },
  );
}

function sealAnswers({ statements: { sealing }, vault }: SealStoredOptions): number {
  return sealPages(
    (after: AnswerRow | undefined) => sealing.answers(after, page),
    ([request, fingerprint, answer, time]) => {
      if (isSealed(answer)) return false;
      sealing.answer([request, fingerprint, sealWhole(vault, answer, answerPlace(request), { subject: undefined }), time]);
      return true;
    },
  );
}

function sealPages<Row>(read: (after: Row | undefined) => readonly Row[], seal: (row: Row) => boolean): number {
  let count = 0;
  for (let after: Row | undefined; ;) {
    const rows = read(after);
    count += rows.filter(seal).length;
    after = rows.at(-1);
    if (rows.length < page) return count;
  }
}

function isSealed(text: string): boolean {
  return text === "" || text.startsWith(`{"${sealField}":`);
}

/** Nothing of what was there before stays in the file or in its log. */
function writeAnew(db: Database): void {
  db.pragma("temp_store = FILE"); // a copy of the whole file has no place in memory
  db.exec("VACUUM");
  db.pragma("temp_store = MEMORY");
  emptyLog(db);
}
