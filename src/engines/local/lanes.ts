/** Writes that keep lanes in order: parking what a lane holds back, letting the next one go, and claims that survive a crash. */
import type { System } from "../../core/ports.ts";
import type { Committer } from "./committer.ts";
import { emptyContext, moveCursor } from "./settle.ts";
import { stored } from "./statements/deliveries.ts";
import type { Statements } from "./statements/index.ts";
import type { LocalDelivery, Window } from "./window.ts";

export interface LaneOptions {
  readonly statements: Statements;
  readonly committer: Committer;
  readonly window: Window;
  readonly system: System;
}

/** Whether deliveries are being parked: each gets a row, and the window is free for other lanes. */
export function park(options: LaneOptions, blocked: readonly LocalDelivery[], wake: () => void): boolean {
  if (blocked.length === 0) return false;
  const { statements, committer, window } = options;
  let context = emptyContext();
  const written = committer.submit({
    kind: "park",
    bytes: 0,
    apply() {
      context = emptyContext();
      for (const delivery of blocked) {
        const { lane = null, seq, run, attempt, rowId } = delivery;
        // The lane may have become free since: then the first one is ready, and holds the lane for the others.
        const held = lane !== null && (window.room(lane) <= 0 || (window.handler.ordered && statements.deliveries.laneHeldBefore(window.id, lane, seq, run)));
        const state = held ? stored.parked : stored.ready;
        if (rowId !== undefined) {
          statements.deliveries.setState(rowId, state);
          continue;
        }
        statements.deliveries.insert(window.id, seq, run, state, attempt - 1, 0, lane, null);
        delivery.leaving = true;
        context.undo.push(() => {
          delivery.leaving = false;
        });
      }
      // Nobody may be left to let them go: what held the lane can have ended, or be parked itself.
      releaseLanes(statements, window, lanesOf(blocked));
      moveCursor(statements, window, context);
    },
    confirm() {
      for (const end of context.done) end();
      for (const delivery of blocked) window.unclaim(delivery);
      window.noteRows();
      wake();
    },
    revert() {
      for (const undo of context.undo) undo();
      window.finish([], blocked);
    },
  });
  written.catch(() => undefined); // the deliveries are back in the window; the worker that needs the store meets the error itself
  return true;
}

function lanesOf(deliveries: readonly LocalDelivery[]): readonly string[] {
  return [...new Set(deliveries.map(({ lane }) => lane).filter((lane) => lane !== undefined))];
}

/** Lets the next parked delivery of each lane go. */
export function release(options: LaneOptions, lanes: readonly string[], wake: () => void): void {
  const { statements, committer, window } = options;
  if (lanes.length === 0) return;
  let left = true;
  const written = committer.submit({
    kind: "park",
    bytes: 0,
    apply() {
      releaseLanes(statements, window, lanes);
      left = statements.deliveries.anyParked(window.id);
    },
    confirm() {
      window.mayPark = left;
      window.noteDue(0);
      wake();
    },
  });
  written.catch(() => undefined); // recovery releases every lane when the file is opened again
}

/** Inside a transaction: the first parked delivery of each lane that nothing holds becomes ready. */
export function releaseLanes(statements: Statements, window: Window, lanes: readonly string[]): void {
  for (const lane of lanes) {
    const room = window.room(lane);
    if (room <= 0 || (window.handler.ordered && statements.deliveries.laneBusy(window.id, lane))) continue;
    for (const [id] of statements.deliveries.parked(window.id, lane, room)) statements.deliveries.setState(id, stored.ready);
  }
}

/** Writes that an attempt begins, before it begins. */
export async function claimDurably(options: LaneOptions, batch: readonly LocalDelivery[]): Promise<void> {
  const { statements, committer, window } = options;
  let context = emptyContext();
  await committer.submit({
    kind: "claim",
    bytes: 0,
    apply() {
      context = emptyContext();
      for (const delivery of batch) {
        const { rowId, seq, run, attempt, lane = null } = delivery;
        if (rowId !== undefined) {
          statements.deliveries.update(rowId, stored.running, attempt, 0, null);
          continue;
        }
        const id = statements.deliveries.insert(window.id, seq, run, stored.running, attempt, 0, lane, null);
        delivery.leaving = true;
        context.undo.push(() => {
          delivery.leaving = false;
        });
        context.done.push(() => {
          delivery.leaving = false;
          window.claimRow(delivery, id);
        });
      }
      moveCursor(statements, window, context);
    },
    confirm() {
      for (const end of context.done) end();
      window.noteHeld();
    },
    revert() {
      for (const undo of context.undo) undo();
    },
  });
}

/** Undoes durable claims of deliveries that did not run to their end. */
export async function returnClaims({ statements, committer, window }: LaneOptions, claimed: readonly LocalDelivery[]): Promise<void> {
  const rows = claimed.filter((delivery) => delivery.held && delivery.rowId !== undefined);
  if (rows.length === 0) return;
  await committer.submit({
    kind: "claim",
    bytes: 0,
    apply() {
      for (const { rowId, attempt } of rows) {
        if (rowId === undefined || statements.deliveries.byId(rowId)?.[4] !== stored.running) continue;
        statements.deliveries.update(rowId, stored.ready, attempt - 1, 0, null);
        window.noteDue(0);
      }
    },
  });
}
