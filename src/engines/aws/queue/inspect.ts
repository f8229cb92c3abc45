import { PulseQueueError } from "../../../core/errors.ts";
import { flowTrees } from "../../../core/flow.ts";
import type { HandlerDefinition } from "../../../core/handler.ts";
import type { System } from "../../../core/ports.ts";
import type { DeadLetterView, DeliveryFilter, DeliveryView, EventFilter, EventView, HandlerView, Inspect } from "../../../core/queue.ts";
import type { AnyTable } from "../../../core/table.ts";
import type { Topology } from "../../../core/topology.ts";
import { checkedLimit, deliveryView, type HandlerFacts } from "../../../core/views.ts";
import type { StoredEvent } from "../items/journal.ts";
import { sequenceAt } from "../sequence.ts";
import { deadLetters, type DeadLetter } from "./dead-letters.ts";
import type { DeliveryReader } from "./delivery-reader.ts";
import { pausedHandlers } from "./handler-states.ts";
import type { JournalReader } from "./journal-reader.ts";
import { checkEventType, handlerNamed } from "./names.ts";
import type { Queues } from "./queues.ts";
import { placesOf } from "./places.ts";
import { takeSnapshot, type HandlerSnapshot, type Snapshot } from "./snapshot.ts";
import type { Subscribing } from "./subscriptions.ts";
import type { SystemTable } from "./system-table.ts";
import type { TableReader } from "./table-reader.ts";
import { eventView, foreignLetter, recordFacts } from "./views.ts";

export interface InspectOptions {
  readonly system: System;
  readonly topology: Topology;
  readonly journal: JournalReader;
  readonly deliveries: DeliveryReader;
  readonly queues: Queues;
  readonly subscriptions: Subscribing;
  readonly systemTable: SystemTable;
  readonly tables: TableReader;
}

/** The newest events that a question for deliveries looks at. */
const mostEvents = 10_000;
/** The same for counts, which are asked for again and again. */
const mostCounted = 500;
/** Events that a search without a beginning looks at. */
const mostSearched = 10_000;
/** A position may be ahead of its event's time, as far as clocks are apart: bounds of time are widened by it, then checked exactly. */
const slack = 60 * 60_000;

export function createInspect(options: InspectOptions): Omit<Inspect, "incident"> {
  const { system, topology, journal, deliveries, systemTable } = options;
  const now = (): number => system.clock.now();
  const places = placesOf(topology);
  const shown = (stored: StoredEvent): EventView => eventView(stored, system.vault);
  const factsOf = (handler: HandlerDefinition, paused: ReadonlyMap<string, string>): HandlerFacts => ({
    name: handler.name,
    ordered: handler.ordered,
    paused: paused.get(handler.name),
    started: true,
  });

  /** Every delivery of one event, in whatever state. */
  const deliveriesOf = async (stored: StoredEvent, snapshot: Snapshot, paused: ReadonlyMap<string, string>): Promise<readonly DeliveryView[]> => {
    const { event, sequence, key } = stored;
    const views: DeliveryView[] = [];
    const subscriptions = await options.subscriptions();
    for (const handler of topology.handlers.values()) {
      const records = await deliveries.of(handler.name, key);
      const facts = factsOf(handler, paused);
      const view = { ...event, sequence };
      const isTaken = subscriptions.takes(handler.name, event.type, sequence) && handler.on.some(({ name }) => name === event.type);
      const runs = [...(isTaken && !records.some(({ record }) => record.run === 0) ? [0] : []), ...records.map(({ record }) => record.run)];
      for (const run of runs) {
        const record = records.find((one) => one.record.run === run)?.record;
        const known = record === undefined ? undefined : recordFacts(record, now());
        const isFinal = known !== undefined && (known.state === "done" || known.state === "discarded" || known.state === "dead");
        const unfinished = isFinal
          ? undefined
          : (await snapshot.of(handler)).deliveries.find((one) => one.event.sequence === sequence && (one.facts.run ?? 0) === run);
        views.push(deliveryView(view, facts, unfinished?.facts ?? known ?? { state: "ready" }));
      }
    }
    return views;
  };

  const search = async function* (filter: EventFilter): AsyncGenerator<StoredEvent> {
    const { id, correlationId, after, before, from, to } = filter;
    const ascending = after !== undefined;
    const positions = {
      after: Math.max(after ?? -1, from === undefined ? -1 : sequenceAt(from) - 1),
      before: Math.min(before ?? Number.MAX_SAFE_INTEGER, to === undefined ? Number.MAX_SAFE_INTEGER : sequenceAt(to + slack)),
      ascending,
    };
    if (id !== undefined) {
      const found = (await journal.byId(id)).filter(({ sequence }) => sequence > positions.after && sequence < positions.before);
      yield* ascending ? found : found.toReversed();
    } else if (correlationId !== undefined) yield* journal.flow(correlationId, positions);
    else {
      let looked = 0;
      for await (const stored of journal.walk(positions)) {
        yield stored;
        looked += 1;
        if (!ascending && from === undefined && looked === mostSearched) return;
      }
    }
  };

  const pending = async (filter: DeliveryFilter): Promise<readonly DeliveryView[]> => {
    const { handler, state, eventType, key, tenant, source } = filter;
    if (state === "done" || state === "discarded")
      throw new PulseQueueError("OPERATION_INVALID", `Deliveries that are ${state} are found by their event: give eventId`);
    const chosen = handler === undefined ? [...topology.handlers.values()] : [handlerNamed(topology, handler)];
    const snapshot = takeSnapshot(options, mostEvents);
    const paused = await pausedHandlers(systemTable);
    const views: DeliveryView[] = [];
    for (const one of chosen) {
      for (const { event, facts } of (await snapshot.of(one)).deliveries) {
        if ((state ?? facts.state) !== facts.state || (eventType ?? event.type) !== event.type) continue;
        if ((key ?? event.key) !== event.key || (tenant ?? event.tenant) !== event.tenant || (source ?? event.source) !== event.source) continue;
        views.push(deliveryView(event, factsOf(one, paused), facts));
      }
    }
    return views;
  };

  const letterView = async (
    { handler, found }: DeadLetter,
    paused: ReadonlyMap<string, string>,
    events: ReadonlyMap<string, StoredEvent>,
  ): Promise<DeadLetterView> => {
    const { record, event } = found;
    const view = deliveryView(event, factsOf(handler, paused), recordFacts(record, now()));
    if (record.event === undefined) return foreignLetter(view, record.raw ?? "");
    const stored = events.get(record.event.journalKey);
    if (stored === undefined) throw new PulseQueueError("STORE_CORRUPT", `The event of the dead letter ${view.id} is missing`);
    return { ...view, event: shown(stored) };
  };

  return {
    async events(filter = {}) {
      const limit = checkedLimit(filter.limit);
      checkEventType(topology, filter.type);
      const found: EventView[] = [];
      for await (const stored of search(filter)) {
        if (matches(stored, filter)) found.push(shown(stored));
        if (found.length === limit) break;
      }
      return found;
    },
    async deliveries(filter = {}) {
      const limit = checkedLimit(filter.limit);
      const { eventId, handler, state, tenant, source, eventType, key, after } = filter;
      checkEventType(topology, eventType);
      if (eventId === undefined) return places.page(await pending(filter), after, limit);
      const events = (await journal.byId(eventId)).filter(
        ({ event }) =>
          (tenant ?? event.tenant) === event.tenant &&
          (source ?? event.source) === event.source &&
          (eventType ?? event.type) === event.type &&
          (key ?? event.key) === event.key,
      );
      const snapshot = takeSnapshot(options, mostEvents);
      const paused = await pausedHandlers(systemTable);
      const views = (await Promise.all(events.map((stored) => deliveriesOf(stored, snapshot, paused)))).flat();
      const wanted = views.filter((view) => (handler ?? view.handler) === view.handler && (state ?? view.state) === view.state);
      return places.page(wanted, after, limit);
    },
    async deadLetters(filter = {}) {
      const limit = checkedLimit(filter.limit);
      const letters = await deadLetters({ topology, deliveries }, filter, filter.after === undefined ? limit : Number.MAX_SAFE_INTEGER);
      const paused = await pausedHandlers(systemTable);
      const events = await journal.byKeys(letters.flatMap(({ found }) => found.record.event?.journalKey ?? []));
      return places.page(await Promise.all(letters.map((letter) => letterView(letter, paused, events))), filter.after, limit);
    },
    async trace(id, choice = {}) {
      const snapshot = takeSnapshot(options, mostEvents);
      const paused = await pausedHandlers(systemTable);
      const known = new Map<EventView, StoredEvent>();
      const eventsOf = async (ids: ReadonlySet<string>): Promise<readonly EventView[]> => {
        const found = new Map<string, StoredEvent>();
        for (const one of ids) {
          for (const stored of await journal.byId(one)) found.set(stored.key, stored);
          for await (const stored of journal.flow(one, { ascending: true })) found.set(stored.key, stored);
        }
        return [...found.values()]
          .sort((left, right) => left.sequence - right.sequence)
          .map((stored) => {
            const view = shown(stored);
            known.set(view, stored);
            return view;
          });
      };
      const ofEvent = async (view: EventView): Promise<readonly DeliveryView[]> => {
        const stored = known.get(view);
        return stored === undefined ? [] : deliveriesOf(stored, snapshot, paused);
      };
      return flowTrees({ app: topology.app, eventsOf, deliveriesOf: ofEvent }, id, choice);
    },
    async handlers() {
      const snapshot = takeSnapshot(options, mostCounted);
      const paused = await pausedHandlers(systemTable);
      return Promise.all(
        [...topology.handlers.values()].map(async (handler) => handlerView(handler, await snapshot.of(handler), paused.get(handler.name), now())),
      );
    },
    table<T extends AnyTable>(table: T) {
      if (topology.tables.get(table.name) !== table) throw new PulseQueueError("TABLE_UNKNOWN", `There is no table ${table.name}`);
      return options.tables.of(table);
    },
  };
}

function matches({ event, sequence }: StoredEvent, { type, key, id, source, correlationId, tenant, from, to, after, before }: EventFilter): boolean {
  return (
    (type ?? event.type) === event.type &&
    (key ?? event.key) === event.key &&
    (id ?? event.id) === event.id &&
    (source ?? event.source) === event.source &&
    (correlationId ?? event.correlationId ?? event.id) === (event.correlationId ?? event.id) &&
    (tenant ?? event.tenant) === event.tenant &&
    event.time >= (from ?? event.time) &&
    (to === undefined || event.time < to) &&
    sequence > (after ?? -1) &&
    sequence < (before ?? Number.MAX_SAFE_INTEGER)
  );
}

function handlerView(handler: HandlerDefinition, { deliveries, counts, underWay }: HandlerSnapshot, paused: string | undefined, now: number): HandlerView {
  const count = (state: DeliveryView["state"]): number => deliveries.filter(({ facts }) => facts.state === state).length;
  const ready = deliveries.filter(({ facts }) => facts.state === "ready");
  const parked = count("parked");
  const claimed = deliveries.filter(({ facts }) => facts.state === "running").length;
  return {
    name: handler.name,
    events: handler.on.map((event) => event.name),
    paused: paused !== undefined,
    pauseReason: paused,
    counts: {
      scheduled: count("scheduled"),
      ready: Math.max(ready.length, counts.visible - parked),
      running: Math.max(claimed, underWay),
      retrying: count("retrying"),
      parked,
      dead: count("dead"),
    },
    oldestReady: ready.length === 0 ? undefined : Math.max(0, now - Math.min(...ready.map(({ since }) => since))),
  };
}
