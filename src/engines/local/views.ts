/** From rows to what people see. */
import type { Failure } from "../../core/delivery.ts";
import type { DeliveryView, EventView } from "../../core/queue.ts";
import { deliveryView, iso, type EventFacts, type HandlerFacts } from "../../core/views.ts";
import type { Journal } from "./journal.ts";
import type { ReceiptEntry } from "./receipts.ts";
import { stateNames, stored, type DeliveryRow } from "./statements/deliveries.ts";
import type { EventRow } from "./statements/journal.ts";

export function eventView(journal: Journal, row: EventRow): EventView {
  const { id, type, version, source, time, key, correlationId, causationId, tenant, data } = journal.read(row);
  const origin = { correlationId: correlationId ?? id, causationId, tenant };
  return { id, type, version, source, sequence: row[0], time: iso(time), key, ...origin, data: journal.shown(type, data) };
}

/** A delivery that has a row. `isRunning`: it is claimed by a batch. */
export function rowView(row: DeliveryRow, event: EventFacts, handler: HandlerFacts, now: number, isRunning: boolean): DeliveryView {
  const [, , , run, state, attempts, due, lane, failureText, redrives] = row;
  const failure = failureText === null ? undefined : (JSON.parse(failureText) as Failure);
  const waits = state === stored.scheduled || state === stored.retrying || state === stored.waiting;
  const name = isRunning && state !== stored.dead ? "running" : waits && due <= now ? "ready" : stateNames[state];
  return deliveryView(event, handler, {
    state: name,
    run,
    attempts: name === "running" && state !== stored.running ? attempts + 1 : attempts,
    dueAt: name === "scheduled" || name === "retrying" ? due : undefined,
    endedAt: state === stored.dead ? failure?.at : undefined,
    failure,
    redrives,
    lane: lane ?? undefined,
  });
}

/** A delivery past the handler's cursor: it has no row. */
export function pendingView(
  event: EventFacts,
  handler: HandlerFacts,
  ahead: number,
  { isRunning, isHeld }: { readonly isRunning: boolean; readonly isHeld: boolean },
): DeliveryView {
  const view = deliveryView(event, handler, { state: isRunning ? "running" : isHeld ? "parked" : "ready", attempts: isRunning ? 1 : 0 });
  return ahead > 0 && view.state === "ready" ? { ...view, reason: `${view.reason}; about ${String(ahead)} before it` } : view;
}

/** A delivery that is done; what is known of its end comes from a receipt, which retention may have removed. */
export function doneView(event: EventFacts, handler: HandlerFacts, receipt: { readonly time: number; readonly entry: ReceiptEntry } | undefined): DeliveryView {
  const { run = 0, attempts = 1, milliseconds, wrote = [], redrives = 0, state = "done" } = receipt?.entry ?? {};
  return deliveryView(event, handler, { state, run, attempts, redrives, endedAt: receipt?.time, milliseconds, wrote });
}
