/** What a commit does to the deliveries that it settles, inside its transaction. */
import type { Settlement, SettledStatus } from "../../core/ports.ts";
import { packReceipt, type ReceiptEntry } from "./receipts.ts";
import { stored, type StoredState } from "./statements/deliveries.ts";
import type { Statements } from "./statements/index.ts";
import type { LocalDelivery, Window } from "./window.ts";

/** What must happen in memory after the transaction: `done` if it committed, `undo` if it did not. */
export interface SettleContext {
  readonly undo: (() => void)[];
  readonly done: (() => void)[];
}

export function emptyContext(): SettleContext {
  return { undo: [], done: [] };
}

export function settleDeliveries(statements: Statements, now: number, settled: readonly Settlement<LocalDelivery>[], context: SettleContext): void {
  const [first] = settled;
  if (first === undefined) return;
  const { window } = first.delivery;
  const receipt: ReceiptEntry[] = [];
  let last = 0;
  for (const { delivery, status, wrote, milliseconds } of settled) {
    delivery.held = false;
    delivery.leaving = true;
    if (status.state === "done") {
      if (delivery.rowId !== undefined) statements.deliveries.remove(delivery.rowId);
      if (delivery.hasSteps) statements.deliveries.removeSteps(window.id, delivery.seq, delivery.run);
      receipt.push({ seq: delivery.seq, wrote, milliseconds, attempts: delivery.attempt, run: delivery.run, redrives: delivery.redrives, state: "done" });
      last = Math.max(last, delivery.seq);
    } else keepFailed(statements, delivery, status);
  }
  // Settled ones are not ours any more once this commits.
  context.undo.push(() => {
    for (const { delivery } of settled) {
      delivery.held = true;
      delivery.leaving = false;
    }
  });
  context.done.push(() => {
    for (const { delivery } of settled) window.unclaim(delivery);
  });
  if (receipt.length > 0) statements.handlers.saveReceipt(window.id, last, now, packReceipt(receipt));
  moveCursor(statements, window, context);
}

const states: Readonly<Record<Exclude<SettledStatus["state"], "done">, StoredState>> = {
  retrying: stored.retrying,
  scheduled: stored.waiting,
  dead: stored.dead,
};

function keepFailed(statements: Statements, delivery: LocalDelivery, status: Exclude<SettledStatus, { state: "done" }>): void {
  const state = states[status.state];
  const due = status.state === "dead" ? 0 : status.dueAt;
  const failure = JSON.stringify(status.failure);
  const { window, rowId, seq, run, lane = null } = delivery;
  if (rowId === undefined) statements.deliveries.insert(window.id, seq, run, state, status.attempts, due, lane, failure);
  else statements.deliveries.update(rowId, state, status.attempts, due, failure);
  if (status.state !== "dead") window.noteDue(due);
  if (lane !== null) window.noteHeld();
}

/** Gives what the cursor passes over a row, then moves the cursor. */
export function moveCursor(statements: Statements, window: Window, context: SettleContext): void {
  const { cursor, stranded } = window.advance();
  for (const delivery of stranded) {
    const rowId = statements.deliveries.insert(window.id, delivery.seq, delivery.run, stored.ready, delivery.attempt - 1, 0, delivery.lane ?? null, null);
    delivery.leaving = true;
    delivery.rowId = rowId;
    if (delivery.lane !== undefined) window.noteHeld();
    context.undo.push(() => {
      delivery.leaving = false;
      delivery.rowId = undefined;
    });
    context.done.push(() => {
      window.claimRow(delivery, rowId);
      delivery.leaving = false;
    });
  }
  statements.handlers.setCursor(window.id, cursor);
  context.undo.push(() => {
    window.revert();
  });
  // The window forgets last what has left, after every delivery of the commit knows where it stands.
  context.done.unshift(() => {
    window.confirm();
  });
}
