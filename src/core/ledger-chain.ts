/** The chain of the audit ledger as every engine stores, reads and checks it. */
import { PulseQueueError } from "./errors.ts";
import {
  detailPairs,
  ledgerActions,
  ledgerGenesis,
  ledgerResults,
  ledgerText,
  type LedgerEntry,
  type LedgerHead,
  type LedgerReport,
  type NewLedgerEntry,
} from "./ledger.ts";
import type { System } from "./ports.ts";
import { iso } from "./views.ts";

/** An entry as it is stored. `detail`: the counts as JSON of pairs. */
export type LedgerRow = readonly [
  seq: number,
  time: number,
  by: string,
  action: string,
  subject: string,
  reason: string,
  result: string,
  detail: string,
  previous: string,
  hash: string,
];

/** The last entry of a chain: its position and hash. */
export interface LedgerSeal {
  readonly seq: number;
  readonly hash: string;
}

/** What stands for the last entry while there is none. */
export const emptySeal: LedgerSeal = { seq: 0, hash: ledgerGenesis };

const maxProblems = 100;

/** `entry` as it follows `seal`. */
export function chained(hash: System["hash"], seal: LedgerSeal, time: number, entry: NewLedgerEntry): LedgerRow {
  const full = complete(entry);
  const { by, action, subject, reason, result, detail } = full;
  const seq = seal.seq + 1;
  return [seq, time, by, action, subject, reason, result, JSON.stringify(detailPairs(detail)), seal.hash, hash(ledgerText(seal.hash, seq, time, full))];
}

/** An entry after its hash was checked. Throws `STORE_CORRUPT` with the position. */
export function readEntry(row: LedgerRow, hash: System["hash"]): LedgerEntry {
  const [sequence, time, by, action, subject, reason, result, detail] = row;
  const entry = parse(by, action, subject, reason, result, detail);
  if (entry === undefined || hashOf(row, hash) !== row[9])
    throw new PulseQueueError("STORE_CORRUPT", `The entry at position ${String(sequence)} of the audit ledger does not match its hash`);
  return { sequence, time: iso(time), ...entry, hash: row[9] };
}

export interface ChainCheck {
  /** Entries one after the other, by position. */
  next(row: LedgerRow): void;
  report(): LedgerReport;
}

/** Checks a chain up to its `seal`. `given`: a head that it must still hold. */
export function checkChain(hash: System["hash"], app: string, seal: LedgerSeal, given?: LedgerHead): ChainCheck {
  const problems: { readonly position: number; readonly message: string }[] = [];
  const report = (position: number, message: string): void => {
    if (problems.length < maxProblems) problems.push({ position, message });
  };
  let entries = 0;
  let before = emptySeal;
  return {
    next(row) {
      const [seq] = row;
      const own = row[9];
      entries += 1;
      if (hashOf(row, hash) !== own) report(seq, "the entry does not match its hash");
      if (seq !== before.seq + 1) report(before.seq + 1, `there is no entry from position ${String(before.seq + 1)} to ${String(seq - 1)}`);
      if (row[8] !== before.hash) report(seq, "the entry does not follow the one before it");
      if (seq === seal.seq && own !== seal.hash) report(seq, "the entry is not the one that the ledger's end was sealed with");
      if (seq === given?.sequence && own !== given.hash) report(seq, "the entry is not that of the given head: the ledger was rewritten at or before it");
      before = { seq, hash: own };
    },
    report() {
      if (before.seq < seal.seq) report(before.seq + 1, `the ledger ends at position ${String(before.seq)}, but was sealed at ${String(seal.seq)}`);
      if (before.seq > seal.seq) report(seal.seq + 1, `the ledger was sealed at position ${String(seal.seq)}, but has entries up to ${String(before.seq)}`);
      if (given !== undefined && given.sequence > before.seq)
        report(before.seq + 1, `the ledger ends at position ${String(before.seq)}, the given head is at ${String(given.sequence)}`);
      if (given !== undefined && given.app !== app) report(0, "the given head is that of another app");
      return { ok: problems.length === 0, entries, problems: problems.toSorted((left, right) => left.position - right.position) };
    },
  };
}

function hashOf([seq, time, by, action, subject, reason, result, detail, previous]: LedgerRow, hash: System["hash"]): string | undefined {
  const entry = parse(by, action, subject, reason, result, detail);
  return entry === undefined ? undefined : hash(ledgerText(previous, seq, time, entry));
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

/** The entry with everything that it may leave out, its texts as every store keeps them. */
export function complete({ by, action, subject, reason, result = "ok", detail = {} }: NewLedgerEntry): Required<NewLedgerEntry> {
  return { by: plain(by, 256), action, subject: plain(subject, 2_000), reason: plain(reason, 1_000), result, detail };
}

/** Text of a caller: cut, without control characters and halves of surrogate pairs. */
function plain(text: string, length: number): string {
  return text.slice(0, length).replaceAll(/[\p{Cc}\p{Cs}]/gu, " ");
}
