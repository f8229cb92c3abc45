/** What can be said of a window from outside, for inspection and retention. Nothing here changes it. */
import { firstEvents } from "./intake.ts";
import type { EventRow } from "./statements/journal.ts";
import type { Window } from "./window.ts";

/** Whether the handler takes the event of this type at this position. */
export function takes({ options }: Window, type: string, seq: number): boolean {
  const id = options.journal.typeId(type);
  return options.subscriptions.some(([subscribed, since]) => subscribed === id && seq > since);
}

/** The first events of the handler past its cursor. */
export function peek({ options, cursor }: Window, limit: number): readonly EventRow[] {
  return firstEvents(options.events, options.subscriptions, cursor, limit);
}

/** The position up to which every event of the handler's types is done or has a row. */
export function doneUpTo(window: Window): number {
  const next = peek(window, 1).at(0);
  return next === undefined ? window.options.journal.head : next[0] - 1;
}

/** Deliveries from the journal past the cursor, whether claimed or not. */
export function backlog({ options, cursor }: Window): number {
  return options.subscriptions.reduce((sum, [type, since]) => sum + options.events.countOfType(type, Math.max(cursor, since)), 0);
}

/** About how many deliveries come before this position. */
export function countBefore({ pending }: Window, seq: number): number {
  return pending.filter((delivery) => delivery.seq < seq).length;
}

/** Whether a batch has taken the delivery from the journal at this position. */
export function isRunning({ open, pending }: Window, seq: number): boolean {
  return open.some((delivery) => delivery.seq === seq && !pending.includes(delivery));
}

/** Whether a batch has taken the delivery of this row. */
export function isRowRunning({ claimedRows, pending }: Window, rowId: number): boolean {
  return claimedRows.has(rowId) && !pending.some((delivery) => delivery.rowId === rowId);
}

/** How many deliveries batches have taken. */
export function countRunning({ open, pending, claimedRows }: Window): number {
  const waiting = new Set(pending);
  const waitingRows = pending.filter((delivery) => delivery.rowId !== undefined).length;
  return claimedRows.size - waitingRows + open.filter((delivery) => !waiting.has(delivery)).length;
}

/** Whether a delivery from the journal waits for one of its lane that runs or comes before it. */
export function isHeld(window: Window, seq: number): boolean {
  const { pending, handler } = window;
  const index = pending.findIndex((delivery) => delivery.seq === seq && delivery.rowId === undefined);
  const lane = pending[index]?.lane;
  if (lane === undefined) return false;
  return window.room(lane) <= 0 || (handler.ordered && pending.slice(0, index).some((earlier) => earlier.lane === lane));
}

/** How many deliveries from the journal wait for a lane that runs. */
export function countHeld(window: Window): number {
  return window.pending.filter(({ lane, rowId }) => lane !== undefined && rowId === undefined && window.room(lane) <= 0).length;
}
