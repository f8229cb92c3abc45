/** From rows to what people see. */
import type { Failure } from "../../core/delivery.ts";
import type { DeliveryView, EventView } from "../../core/queue.ts";
import type { Journal } from "./journal.ts";
import type { ReceiptEntry } from "./receipts.ts";
import { stateNames, stored, type DeliveryRow } from "./statements/deliveries.ts";
import type { EventRow } from "./statements/journal.ts";

export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function eventView(journal: Journal, row: EventRow): EventView {
  const { id, type, version, source, time, key, correlationId, causationId, tenant, data } = journal.read(row);
  const origin = { correlationId: correlationId ?? id, causationId, tenant };
  return { id, type, version, source, sequence: row[0], time: iso(time), key, ...origin, data: journal.shown(type, data) };
}

/** What is known of a handler when one of its deliveries is described. */
export interface HandlerFacts {
  readonly name: string;
  readonly ordered: boolean;
  readonly paused: string | undefined;
  readonly started: boolean;
}

type EventFacts = Pick<EventView, "id" | "type" | "sequence" | "key">;

const untouched = { attempts: 0, dueAt: undefined, endedAt: undefined, milliseconds: undefined, wrote: [], failure: undefined, redrives: 0, replay: false };

function common(handler: HandlerFacts, event: EventFacts): Pick<DeliveryView, "handler" | "eventId" | "eventType" | "sequence" | "key"> {
  return { handler: handler.name, eventId: event.id, eventType: event.type, sequence: event.sequence, key: event.key };
}

/** The id of a delivery, the same in every state and never given to another one. `run`: 0, or the number of the replay. */
function deliveryId(handler: string, sequence: number, run: number): string {
  return `${handler}/${String(sequence)}/${String(run)}`;
}

/** The parts of a delivery's id; `undefined` for text that is none. */
export function parseDeliveryId(id: string): { readonly handler: string; readonly sequence: number; readonly run: number } | undefined {
  const [, handler, sequence, run] = /^([\w.-]+)\/(\d{1,15})\/(\d{1,15})$/.exec(id) ?? [];
  return handler === undefined ? undefined : { handler, sequence: Number(sequence), run: Number(run) };
}

/** A delivery that has a row. `isRunning`: it is claimed by a batch. */
export function rowView(row: DeliveryRow, event: EventFacts, handler: HandlerFacts, now: number, isRunning: boolean): DeliveryView {
  const [, , , run, state, attempts, due, lane, failureText, redrives] = row;
  const failure = failureText === null ? undefined : (JSON.parse(failureText) as Failure);
  const waits = state === stored.scheduled || state === stored.retrying || state === stored.waiting;
  const name = isRunning && state !== stored.dead ? "running" : waits && due <= now ? "ready" : stateNames[state];
  return {
    ...untouched,
    ...common(handler, event),
    id: deliveryId(handler.name, event.sequence, run),
    state: name,
    reason: reasonOf(name, { handler, dueAt: due, lane, failure, attempts }),
    attempts: name === "running" && state !== stored.running ? attempts + 1 : attempts,
    dueAt: name === "scheduled" || name === "retrying" ? iso(due) : undefined,
    endedAt: state === stored.dead && failure !== undefined ? iso(failure.at) : undefined,
    failure,
    redrives,
    replay: run > 0,
  };
}

/** A delivery past the handler's cursor: it has no row. */
export function pendingView(
  event: EventFacts,
  handler: HandlerFacts,
  ahead: number,
  { isRunning, isHeld }: { readonly isRunning: boolean; readonly isHeld: boolean },
): DeliveryView {
  const state = isRunning ? "running" : isHeld ? "parked" : "ready";
  const reason = reasonOf(state, { handler, lane: event.key ?? null });
  return {
    ...untouched,
    ...common(handler, event),
    id: deliveryId(handler.name, event.sequence, 0),
    state,
    reason: ahead > 0 && state === "ready" ? `${reason}; about ${String(ahead)} before it` : reason,
    attempts: isRunning ? 1 : 0,
  };
}

/** A delivery that is done; what is known of its end comes from a receipt, which retention may have removed. */
export function doneView(event: EventFacts, handler: HandlerFacts, receipt: { readonly time: number; readonly entry: ReceiptEntry } | undefined): DeliveryView {
  const { run = 0, attempts = 1, milliseconds, wrote = [], redrives = 0, state = "done" } = receipt?.entry ?? {};
  return {
    ...untouched,
    ...common(handler, event),
    id: deliveryId(handler.name, event.sequence, run),
    state,
    reason: state === "done" ? "its effects are committed" : "an operator ended it without effects",
    attempts,
    redrives,
    endedAt: receipt === undefined ? undefined : iso(receipt.time),
    milliseconds,
    wrote,
    replay: run > 0,
  };
}

interface ReasonFacts {
  readonly handler: HandlerFacts;
  readonly dueAt?: number;
  readonly lane?: string | null;
  readonly failure?: Failure | undefined;
  readonly attempts?: number;
}

function reasonOf(state: DeliveryView["state"], { handler, dueAt = 0, lane, failure, attempts = 0 }: ReasonFacts): string {
  const cause = failure === undefined ? "" : ` (${failure.code}: ${failure.message})`;
  switch (state) {
    case "scheduled":
      return failure === undefined ? `waits for its time, ${iso(dueAt)}` : `looked at again at ${iso(dueAt)}${cause}`;
    case "ready":
      if (handler.paused !== undefined) return `handler ${handler.name} is paused: ${handler.paused}`;
      return handler.started ? `waits for a free place in ${handler.name}` : "the queue is not started";
    case "running":
      return "its handler runs";
    case "retrying":
      return `attempt ${String(attempts)} failed${cause}; the next one starts at ${iso(dueAt)}`;
    case "parked":
      return handler.ordered ? `an earlier event of the key ${String(lane)} is not finished` : `as many of the key ${String(lane)} run as may`;
    case "dead":
      return `dead after ${String(attempts)} attempt(s)${cause}`;
    case "done":
    case "discarded":
      return "";
  }
}
