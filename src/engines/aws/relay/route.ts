/** Decides what is to be sent for an event, where and when. */
import { emitterSource } from "../../../core/scope.ts";
import type { HandlerDefinition } from "../../../core/handler.ts";
import type { ErrorCode } from "../../../core/errors.ts";
import type { Runtime } from "../entries/context.ts";
import type { DeliveryRecord } from "../items/deliveries.ts";
import { urlHash, type StoredEvent } from "../items/journal.ts";
import { encodeMessage, groupOf, type Sending } from "../message.ts";
import type { Parcel, QueueParcel } from "./parcels.ts";

export type Routing = Pick<Runtime, "system" | "topology" | "deployment" | "resources">;

/** Longest delay of a message, milliseconds. */
const longestDelay = 15 * 60_000;
/** A schedule fires within a minute of its time: it fires so much earlier, and the delay queue waits for the rest. Milliseconds. */
const scheduleLead = 5 * 60_000;

/** Why an event is not carried; `undefined`: it is. */
export function refusalOf({ topology }: Routing, { event }: StoredEvent): { readonly code: ErrorCode; readonly message: string } | undefined {
  if (!topology.events.has(event.type))
    return { code: "DEPLOYMENT_MISMATCH", message: `App ${topology.app}, as it is deployed here, does not know the event ${event.type}` };
  const own = emitterSource(topology.app, "");
  if (!event.source.startsWith(own)) return undefined;
  const emitter = event.source.slice(own.length);
  if (topology.emitters.get(event.type)?.includes(emitter) === true) return undefined;
  return { code: "ACCESS_UNDECLARED", message: `${emitter} does not declare that it emits ${event.type}` };
}

function subscribers({ topology }: Routing, { event }: StoredEvent, ordered: boolean): readonly HandlerDefinition[] {
  return (topology.subscribers.get(event.type) ?? []).filter((handler) => handler.ordered === ordered);
}

/** An event that was appended: to be delivered, or kept for its time. What its key's head delivers in order is left to that. */
export function routeAppended(routing: Routing, stored: StoredEvent): readonly Parcel[] {
  if (stored.dueAt !== undefined && stored.dueAt > routing.system.clock.now()) return [delayed(routing, stored, stored.dueAt)];
  return [...toBus(routing, stored), ...(stored.event.key === undefined || stored.dueAt !== undefined ? routeOrdered(routing, stored) : [])];
}

/** An event that has become due. */
export function routeDue(routing: Routing, stored: StoredEvent): readonly Parcel[] {
  return [...toBus(routing, stored), ...routeOrdered(routing, stored)];
}

/** The messages of an event for those who take it in order. */
export function routeOrdered(routing: Routing, stored: StoredEvent): readonly QueueParcel[] {
  return subscribers(routing, stored, true).map((handler) => toHandler(routing, handler.name, stored, undefined, ""));
}

/** A delivery that an operator sent once more. */
export function routeSent(routing: Routing, record: DeliveryRecord, stored: StoredEvent): QueueParcel {
  return toHandler(routing, record.handler, stored, { run: record.run, recorded: true }, `#${String(record.run)}#${String(record.send)}`);
}

/** A message that could not be read, once more as it was. */
export function routeRaw(routing: Routing, record: DeliveryRecord, raw: string): QueueParcel {
  const { hash } = routing.system;
  const names = routing.deployment.handlers.get(record.handler);
  const fifo = names?.ordered === true ? { group: urlHash(hash, raw), id: urlHash(hash, `${raw}#${String(record.send)}`) } : undefined;
  return { to: "queue", queueUrl: routing.resources.queueUrl(names?.queue ?? record.handler), body: raw, fifo };
}

function toBus(routing: Routing, stored: StoredEvent): readonly Parcel[] {
  return subscribers(routing, stored, false).length > 0 ? [{ to: "bus", stored }] : [];
}

function toHandler(routing: Routing, handler: string, stored: StoredEvent, sending: Sending | undefined, series: string): QueueParcel {
  const { deployment, resources, system } = routing;
  const names = deployment.handlers.get(handler);
  const fifo = names?.ordered === true ? { group: urlHash(system.hash, groupOf(stored)), id: urlHash(system.hash, `${stored.key}${series}`) } : undefined;
  return { to: "queue", queueUrl: resources.queueUrl(names?.queue ?? handler), body: encodeMessage(stored, sending), fifo };
}

/** What the delay queue holds of an event. */
export interface DelayMessage {
  /** Its `p` in the journal. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

export function delayed({ system, deployment, resources }: Routing, { key }: Pick<StoredEvent, "key">, dueAt: number): Parcel {
  const wait = dueAt - system.clock.now();
  const message: DelayMessage = { key, dueAt };
  const body = JSON.stringify(message);
  if (wait <= longestDelay) return { to: "queue", queueUrl: resources.queueUrl(deployment.delayQueue), body, delay: Math.max(0, Math.ceil(wait / 1_000)) };
  return { to: "schedule", name: `delay-${urlHash(system.hash, body)}`, body, at: dueAt - scheduleLead };
}
