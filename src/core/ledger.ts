/**
 * The audit ledger: who did what, to what, when, why, and how it ended. Append-only and chained: each entry's hash covers its
 * content and the hash before it, so that a changed, removed, exchanged or inserted entry is found with its position. An act of
 * an operator and its entry are one commit. A head that was exported and signed proves later that nothing up to it was rewritten.
 */

/** What is recorded. */
export const ledgerActions = [
  "authentication-failed",
  "signature-failed",
  "permission-denied",
  "key-create",
  "key-rotate",
  "key-revoke",
  "reveal",
  "pause",
  "resume",
  "redrive",
  "discard",
  "replay",
  "backup",
  "configuration",
  "erase",
  "contain",
] as const;
export type LedgerAction = (typeof ledgerActions)[number];

/** `denied`: refused before anything happened. `failed`: allowed and tried, without success. */
export const ledgerResults = ["ok", "denied", "failed"] as const;
export type LedgerResult = (typeof ledgerResults)[number];

/** What is to be recorded. The engine adds position, time and hash. */
export interface NewLedgerEntry {
  /** Who: a principal's id, an operator's name, or the address where nobody was authenticated. 1 to 256 characters. */
  readonly by: string;
  readonly action: LedgerAction;
  /** To what, e.g. a handler's name or a filter as JSON; never data of an event. At most 2,000 characters. */
  readonly subject: string;
  /** Why. At most 1,000 characters; an operator's act has one, a refusal has the error's code. */
  readonly reason: string;
  /** @default "ok" */
  readonly result?: LedgerResult;
  /** How much, by name, e.g. `{ count: 3 }`. Whole numbers. @default {} */
  readonly detail?: Readonly<Record<string, number>>;
}

export interface LedgerEntry extends Required<NewLedgerEntry> {
  /** Position, from 1 without a gap. */
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** SHA-256 over the content and the hash before it, base64. */
  readonly hash: string;
}

export interface LedgerFilter {
  readonly by?: string;
  readonly action?: LedgerAction;
  readonly subject?: string;
  readonly result?: LedgerResult;
  /** At or after, before: milliseconds since 1970. */
  readonly from?: number;
  readonly to?: number;
  /** Only entries after this position, oldest first; without it the newest come first. */
  readonly after?: number;
  /** Only entries before this position, for the next page of the newest first. */
  readonly before?: number;
  /** @default 100, at most 1,000 */
  readonly limit?: number;
}

/** The last entry of a ledger at one moment: whoever keeps it can tell later whether the ledger still holds it. */
export interface LedgerHead {
  readonly app: string;
  /** 0: nothing was recorded yet. */
  readonly sequence: number;
  readonly hash: string;
}

export interface LedgerReport {
  readonly ok: boolean;
  readonly entries: number;
  /** Position and what is wrong there, by position. */
  readonly problems: readonly { readonly position: number; readonly message: string }[];
}

export interface Ledger {
  /**
   * Records what is no act on the queue itself (those record themselves). Resolves after it is durable.
   *
   * Refusals (`result: "denied"`) are bounded, so that nobody fills the disk by being refused: of those with the same `by`,
   * `action` and `subject` the first in a minute is written at once and the others of that minute as one entry with their
   * number in `detail.count`; beyond 20 different ones a minute they are counted together under `by: "several"`. Counted ones
   * that wait are written when the minute is over and when the queue closes; a crash loses at most that minute's count.
   */
  append(entry: NewLedgerEntry): Promise<void>;
  entries(filter?: LedgerFilter): Promise<readonly LedgerEntry[]>;
  /** Checks the chain from its first entry to its sealed head; with `head`, also that the ledger still holds it. */
  verify(head?: LedgerHead): Promise<LedgerReport>;
  head(): Promise<LedgerHead>;
}

/** The hash before the first entry. */
export const ledgerGenesis = "";

/**
 * The text that an entry's hash is taken of. JSON in a fixed order: two different entries never give the same text. `time` is
 * milliseconds since 1970; the counts of `detail` are sorted by name.
 */
export function ledgerText(previous: string, sequence: number, time: number, entry: Required<NewLedgerEntry>): string {
  const { by, action, subject, reason, result } = entry;
  return JSON.stringify([previous, sequence, time, by, action, subject, reason, result, detailPairs(entry.detail)]);
}

/** Counts by name as pairs in the order of their names. */
export function detailPairs(detail: Readonly<Record<string, number>>): readonly (readonly [name: string, count: number])[] {
  return Object.entries(detail).sort(([left], [right]) => (left < right ? -1 : 1));
}

/** The text that a signature of a head covers. */
export function headText({ app, sequence, hash }: LedgerHead): string {
  return JSON.stringify(["pulsequeue ledger head 1", app, sequence, hash]);
}
