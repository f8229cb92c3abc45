/** Figures of a run, counted from the history and the file. */
import { countEffects } from "./checker/effects.ts";
import type { Entry, FileState } from "./evidence.ts";
import { codeOf } from "./protocol.ts";

export interface Tally {
  readonly requests: number;
  /** Requests that were answered, refusals not counted. */
  readonly acknowledged: number;
  /** Requests that a kill left without an answer. */
  readonly unknown: number;
  /** Requests that were known already: duplicates, repeated answers, and identities or keys used again for something else. */
  readonly duplicates: number;
  readonly events: number;
  readonly effects: number;
  readonly deadLetters: number;
  readonly redrives: number;
}

const reused: readonly string[] = ["IDENTITY_REUSED", "REQUEST_MISMATCH"];

export function countUp(history: readonly Entry[], file: FileState): Tally {
  let requests = 0;
  let acknowledged = 0;
  let unknown = 0;
  let duplicates = 0;
  for (const entry of history) {
    if (entry.type === "call") requests += 1;
    if (entry.type === "unknown") unknown += 1;
    if (entry.type === "fail" && reused.includes(entry.code)) duplicates += 1;
    if (entry.type !== "ok") continue;
    const code = codeOf(entry.answer);
    if (code === undefined) acknowledged += 1;
    else if (reused.includes(code)) duplicates += 1;
    if ("receipts" in entry.answer) duplicates += entry.answer.receipts.filter(({ duplicate }) => duplicate).length;
    if ("replayed" in entry.answer && entry.answer.replayed) duplicates += 1;
  }
  const redrives = file.operations.reduce((sum, { action, count }) => sum + (action === "redrive" ? count : 0), 0);
  const deadLetters = file.deliveries.filter(({ state }) => state === "dead").length;
  return { requests, acknowledged, unknown, duplicates, events: file.events.length, effects: countEffects(file.tables), deadLetters, redrives };
}
