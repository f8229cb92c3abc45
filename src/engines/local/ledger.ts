/** The audit ledger on SQLite. Its head is sealed in `meta` with every entry, so that entries that were cut off are missed. */
import { PulseQueueError } from "../../core/errors.ts";
import {
  detailPairs,
  ledgerActions,
  ledgerGenesis,
  ledgerResults,
  ledgerText,
  type Ledger,
  type LedgerEntry,
  type LedgerHead,
  type LedgerReport,
  type NewLedgerEntry,
} from "../../core/ledger.ts";
import type { System } from "../../core/ports.ts";
import type { Committer } from "./committer.ts";
import { checkedLimit } from "./inspect-deliveries.ts";
import { parseLink } from "./journal.ts";
import { createRefusals } from "./refusals.ts";
import type { Statements } from "./statements/index.ts";
import type { LedgerRow } from "./statements/ledger.ts";
import { iso } from "./views.ts";

export interface LocalLedger extends Ledger {
  /** Records inside the transaction of the caller. Call it before the caller's own writes: what it throws then refuses them all. */
  record(entry: NewLedgerEntry): void;
  /** Writes the refusals that are counted and not yet recorded. */
  flush(): Promise<void>;
}

export interface LedgerOptions {
  readonly app: string;
  readonly system: System;
  readonly statements: Statements;
  readonly committer: Committer;
}

const maxProblems = 100;

export function createLedger({ app, system, statements, committer }: LedgerOptions): LocalLedger {
  const record = (entry: NewLedgerEntry): void => {
    // Chained to the seal, not to the last row: where rows were cut off, the gap stays.
    const { seq, hash: previous } = sealOf(statements);
    const [sequence, time] = [seq + 1, system.clock.now()];
    const full = complete(entry);
    const hash = system.hash(ledgerText(previous, sequence, time, full));
    const { by, action, subject, reason, result, detail } = full;
    statements.ledger.insert([sequence, time, by, action, subject, reason, result, JSON.stringify(detailPairs(detail)), previous, hash]);
    statements.meta.set("ledger", `${String(sequence)} ${hash}`);
  };
  const write = (entries: readonly NewLedgerEntry[]): Promise<void> =>
    committer.submit({
      kind: "operate",
      bytes: 0,
      apply() {
        for (const entry of entries) record(entry);
      },
    });
  const refusals = createRefusals(system.clock, write);
  const head = (): LedgerHead => {
    const { seq: sequence, hash } = sealOf(statements);
    return { app, sequence, hash };
  };

  return {
    record,
    append: (entry) => (entry.result === "denied" ? refusals.append(complete(entry)) : write([entry])),
    flush: () => refusals.flush(),
    async entries({ by, action, subject, result, from, to, after, before, limit } = {}) {
      const rows = statements.ledger.find({ by, action, subject, result, from, to, after, before }, checkedLimit(limit));
      return rows.map((row) => readEntry(row, system.hash));
    },
    head: async () => head(),
    verify: async (given) => checkLedger(statements, system.hash, app, given),
  };
}

/** The chain of the ledger in `statements`, whoever has the file open. `given`: a head that it must still hold. */
export function checkLedger(statements: Statements, hash: System["hash"], app: string, given?: LedgerHead): LedgerReport {
  const problems: { readonly position: number; readonly message: string }[] = [];
  const report = (position: number, message: string): void => {
    if (problems.length < maxProblems) problems.push({ position, message });
  };
  const seal = sealOf(statements);
  let entries = 0;
  let before = { seq: 0, hash: ledgerGenesis };
  for (const row of statements.ledger.walk()) {
    const [seq] = row;
    const own = row[9];
    entries += 1;
    if (hashOf(row, hash) !== own) report(seq, "the entry does not match its hash");
    if (seq !== before.seq + 1) report(before.seq + 1, `there is no entry from position ${String(before.seq + 1)} to ${String(seq - 1)}`);
    if (row[8] !== before.hash) report(seq, "the entry does not follow the one before it");
    if (seq === seal.seq && own !== seal.hash) report(seq, "the entry is not the one that the ledger's end was sealed with");
    if (seq === given?.sequence && own !== given.hash) report(seq, "the entry is not that of the given head: the ledger was rewritten at or before it");
    before = { seq, hash: own };
  }
  if (before.seq < seal.seq) report(before.seq + 1, `the ledger ends at position ${String(before.seq)}, but was sealed at ${String(seal.seq)}`);
  if (before.seq > seal.seq) report(seal.seq + 1, `the ledger was sealed at position ${String(seal.seq)}, but has entries up to ${String(before.seq)}`);
  if (given !== undefined && given.sequence > before.seq)
    report(before.seq + 1, `the ledger ends at position ${String(before.seq)}, the given head is at ${String(given.sequence)}`);
  if (given !== undefined && given.app !== app) report(0, "the given head is that of another app");
  return { ok: problems.length === 0, entries, problems: problems.toSorted((left, right) => left.position - right.position) };
}

function sealOf({ meta }: Statements): { readonly seq: number; readonly hash: string } {
  const seal = meta.get("ledger");
  return seal === undefined ? { seq: 0, hash: ledgerGenesis } : parseLink(String(seal));
}

function hashOf([seq, time, by, action, subject, reason, result, detail, previous]: LedgerRow, hash: System["hash"]): string | undefined {
  const entry = parse(by, action, subject, reason, result, detail);
  return entry === undefined ? undefined : hash(ledgerText(previous, seq, time, entry));
}

/** An entry after its hash was checked. Throws `STORE_CORRUPT` with the position. */
function readEntry(row: LedgerRow, hash: System["hash"]): LedgerEntry {
  const [sequence, time, by, action, subject, reason, result, detail] = row;
  const entry = parse(by, action, subject, reason, result, detail);
  if (entry === undefined || hashOf(row, hash) !== row[9])
    throw new PulseQueueError("STORE_CORRUPT", `The entry at position ${String(sequence)} of the audit ledger does not match its hash`);
  return { sequence, time: iso(time), ...entry, hash: row[9] };
}

/** The stored texts as an entry; `undefined` where they are none. */
function parse(by: string, action: string, subject: string, reason: string, result: string, detail: string): Required<NewLedgerEntry> | undefined {
  const known = ledgerActions.find((name) => name === action);
  const ended = ledgerResults.find((name) => name === result);
  if (known === undefined || ended === undefined) return undefined;
  try {
    const counts = JSON.parse(detail) as [string, number][];
    return { by, action: known, subject, reason, result: ended, detail: Object.fromEntries(counts) };
  } catch {
    return undefined;
  }
}

function complete({ by, action, subject, reason, result = "ok", detail = {} }: NewLedgerEntry): Required<NewLedgerEntry> {
  return { by: plain(by, 256), action, subject: plain(subject, 2_000), reason: plain(reason, 1_000), result, detail };
}

/** Text of a caller as every store keeps it: cut, without control characters and halves of surrogate pairs. */
function plain(text: string, length: number): string {
  return text.slice(0, length).replaceAll(/[\p{Cc}\p{Cs}]/gu, " ");
}
