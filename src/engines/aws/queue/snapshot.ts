/**
 * What is not finished at one moment. A delivery that has no record is in its queue, and SQS tells only how many of a queue's
 * messages are under way, not which: the oldest that may run are taken to be those. So of one that runs alone it is exact.
 */
import type { HandlerDefinition } from "../../../core/handler.ts";
import type { System } from "../../../core/ports.ts";
import type { DeliveryFacts, EventFacts } from "../../../core/views.ts";
import { deliveryPartition } from "../items/deliveries.ts";
import { sourceOf, type StoredEvent } from "../items/journal.ts";
import { sequenceAt, timeOfSequence } from "../sequence.ts";
import type { DeliveryReader, FoundRecord } from "./delivery-reader.ts";
import type { JournalReader } from "./journal-reader.ts";
import type { QueueCounts, Queues } from "./queues.ts";
import type { Subscribing } from "./subscriptions.ts";
import { recordFacts } from "./views.ts";

export interface Unfinished {
  readonly event: EventFacts & { readonly tenant?: string | undefined; readonly source?: string | undefined };
  readonly facts: DeliveryFacts;
  /** Since when it may start, milliseconds since 1970. */
  readonly since: number;
}

export interface HandlerSnapshot {
  /** By position. */
  readonly deliveries: readonly Unfinished[];
  readonly counts: QueueCounts;
  /** Messages under way that no record accounts for. */
  readonly underWay: number;
}

export interface Snapshot {
  of(handler: HandlerDefinition): Promise<HandlerSnapshot>;
  /** How many events it looks at. */
  events(): Promise<number>;
}

export interface SnapshotOptions {
  readonly system: System;
  readonly journal: JournalReader;
  readonly deliveries: DeliveryReader;
  readonly queues: Queues;
  readonly subscriptions: Subscribing;
}

/** How far back events are looked at that may have no record yet, milliseconds. */
export const lookBack = 24 * 60 * 60_000;

/** `mostEvents`: the newest so many are looked at. */
export function takeSnapshot({ system, journal, deliveries, queues, subscriptions }: SnapshotOptions, mostEvents: number): Snapshot {
  const now = system.clock.now();
  let walked: Promise<readonly StoredEvent[]> | undefined;
  const walk = async (): Promise<readonly StoredEvent[]> => {
    const found: StoredEvent[] = [];
    for await (const stored of journal.walk({ after: sequenceAt(now - lookBack), ascending: false })) {
      found.push(stored);
      if (found.length === mostEvents) break;
    }
    return found;
  };
  const events = (): Promise<readonly StoredEvent[]> => {
    walked ??= walk();
    return walked;
  };
  const withoutRecord = async (handler: HandlerDefinition): Promise<readonly StoredEvent[]> => {
    const subscribed = await subscriptions();
    const taken = (await events()).filter(({ event, sequence }) => subscribed.takes(handler.name, event.type, sequence));
    const known = await deliveries.firstRuns(taken.map(({ key }) => ({ handler: handler.name, journalKey: key })));
    return taken.filter(({ key }) => !known.has(deliveryPartition(handler.name, key)));
  };

  const look = async (handler: HandlerDefinition): Promise<HandlerSnapshot> => {
    const counts = await queues.counts(handler.name);
    const found: Unfinished[] = (await withoutRecord(handler)).map((stored) => ofEvent(stored, now));
    for await (const one of deliveries.open(handler.name, undefined)) found.push(ofRecord(one, now));
    found.sort((left, right) => left.event.sequence - right.event.sequence);
    // A message that waits for another attempt is hidden until then, which SQS counts as under way.
    const hidden = found.filter(({ facts }) => facts.state === "running" || (facts.attempts !== undefined && facts.dueAt !== undefined)).length;
    const underWay = Math.max(0, counts.inFlight - hidden);
    return { deliveries: handler.ordered ? assigned(parked(found), underWay) : assigned(found, underWay), counts, underWay };
  };
  const looked = new Map<string, Promise<HandlerSnapshot>>();
  return {
    events: async () => (await events()).length,
    of(handler) {
      const known = looked.get(handler.name) ?? look(handler);
      looked.set(handler.name, known);
      return known;
    },
  };
}

function ofEvent({ event, sequence, dueAt }: StoredEvent, now: number): Unfinished {
  const { id, type, key, tenant, source } = event;
  const isDue = dueAt === undefined || dueAt <= now;
  const facts: DeliveryFacts = isDue ? { state: "ready" } : { state: "scheduled", dueAt };
  return { event: { id, type, key, tenant, source, sequence }, facts, since: dueAt ?? event.time };
}

function ofRecord({ record, event }: FoundRecord, now: number): Unfinished {
  return {
    event: { ...event, source: sourceOf(record.event?.journalKey) },
    facts: recordFacts(record, now),
    since: record.dueAt ?? timeOfSequence(record.version),
  };
}

/** What waits behind an earlier one of its key, in an ordered handler. */
function parked(deliveries: readonly Unfinished[]): readonly Unfinished[] {
  const held = new Set<string>();
  return deliveries.map((delivery) => {
    const { key } = delivery.event;
    const { state } = delivery.facts;
    const isLater = state === "scheduled" && delivery.facts.attempts === undefined;
    if (key === undefined || state === "dead" || isLater) return delivery;
    const isHeld = held.has(key);
    held.add(key);
    return isHeld && state === "ready" ? { ...delivery, facts: { ...delivery.facts, state: "parked" } } : delivery;
  });
}

/** The first that may run are taken to be those that run. */
function assigned(deliveries: readonly Unfinished[], underWay: number): readonly Unfinished[] {
  let left = underWay;
  return deliveries.map((delivery) => {
    if (delivery.facts.state !== "ready" || left === 0) return delivery;
    left -= 1;
    return { ...delivery, facts: { ...delivery.facts, state: "running", attempts: (delivery.facts.attempts ?? 0) + 1, dueAt: undefined } };
  });
}
