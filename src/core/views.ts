/** How a delivery is shown to people: the same words on every engine. */
import type { DeliveryState, Failure } from "./delivery.ts";
import { PulseQueueError } from "./errors.ts";
import type { DeliveryView, EventView } from "./queue.ts";

export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** What is known of a handler when one of its deliveries is described. */
export interface HandlerFacts {
  readonly name: string;
  readonly ordered: boolean;
  /** Why it is paused; `undefined`: it is not. */
  readonly paused: string | undefined;
  readonly started: boolean;
}

export type EventFacts = Pick<EventView, "id" | "type" | "sequence" | "key">;

/** What an engine knows of a delivery. Times in milliseconds since 1970. */
export interface DeliveryFacts {
  readonly state: DeliveryState;
  /** 0: the delivery that came with the event; else the number of the replay. @default 0 */
  readonly run?: number;
  /** @default 0 */
  readonly attempts?: number;
  /** For `scheduled` and `retrying`. */
  readonly dueAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly milliseconds?: number | undefined;
  /** @default none */
  readonly wrote?: readonly string[];
  readonly failure?: Failure | undefined;
  /** @default 0 */
  readonly redrives?: number;
  /** The key that it waits for, for `parked`. @default the event's */
  readonly lane?: string | undefined;
}

export function deliveryView(event: EventFacts, handler: HandlerFacts, facts: DeliveryFacts): DeliveryView {
  const { state, run = 0, attempts = 0, dueAt, endedAt, milliseconds, wrote = [], failure, redrives = 0 } = facts;
  return {
    id: deliveryId(handler.name, event.sequence, run),
    handler: handler.name,
    eventId: event.id,
    eventType: event.type,
    sequence: event.sequence,
    key: event.key,
    state,
    reason: reasonOf(event, handler, facts),
    attempts,
    dueAt: dueAt === undefined ? undefined : iso(dueAt),
    endedAt: endedAt === undefined ? undefined : iso(endedAt),
    milliseconds,
    wrote,
    failure,
    redrives,
    replay: run > 0,
  };
}

/** The id of a delivery, the same in every state and never given to another one. `run`: 0, or the number of the replay. */
function deliveryId(handler: string, sequence: number, run: number): string {
  return `${handler}/${String(sequence)}/${String(run)}`;
}

/** The parts of a delivery's id; `undefined` for text that is none. */
export function parseDeliveryId(id: string): { readonly handler: string; readonly sequence: number; readonly run: number } | undefined {
  const [, handler, sequence, run] = /^([\w.-]+)\/(\d{1,16})\/(\d{1,16})$/.exec(id) ?? [];
  return handler === undefined ? undefined : { handler, sequence: Number(sequence), run: Number(run) };
}

function reasonOf(event: EventFacts, handler: HandlerFacts, { state, dueAt = 0, lane = event.key, failure, attempts = 0 }: DeliveryFacts): string {
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
      return "its effects are committed";
    case "discarded":
      return "an operator ended it without effects";
  }
}

const maxLimit = 1_000;

/** How many to answer with. Throws `OPERATION_INVALID`. */
export function checkedLimit(limit = 100): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > maxLimit)
    throw new PulseQueueError("OPERATION_INVALID", `limit must be a whole number from 1 to ${String(maxLimit)}`);
  return limit;
}
