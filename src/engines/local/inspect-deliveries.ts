/**
 * Lists deliveries in one order: by journal position, handler and run. Some have a row, the others lie between a handler's cursor and
 * the end of the journal; both are read page by page until as many match as were asked for, so that a filter finds what is far behind.
 */
import { PulseQueueError } from "../../core/errors.ts";
import type { DeadLetterQuery, DeadLetterView, DeliveryFilter, DeliveryView, EventView } from "../../core/queue.ts";
import type { System } from "../../core/ports.ts";
import type { Topology } from "../../core/topology.ts";
import { checkedLimit, type HandlerFacts } from "../../core/views.ts";
import { deadFilter, eventTypeId, placeOf, workerNamed } from "./dead-filter.ts";
import type { Journal } from "./journal.ts";
import { findInReceipt } from "./receipts.ts";
import { stored, type DeliveryRow, type StoredState } from "./statements/deliveries.ts";
import type { Statements } from "./statements/index.ts";
import type { DeliveryPlace, RowFilter } from "./statements/inspect.ts";
import type { EventRow } from "./statements/journal.ts";
import { doneView, eventView, pendingView, rowView } from "./views.ts";
import { countBefore, isHeld, isRowRunning, isRunning, takes } from "./window-facts.ts";
import type { Window } from "./window.ts";
import type { Worker } from "./worker.ts";

export interface InspectOptions {
  readonly system: System;
  readonly topology: Topology;
  readonly statements: Statements;
  readonly journal: Journal;
  readonly workers: ReadonlyMap<string, Worker>;
  readonly isStarted: () => boolean;
}

export interface DeliveryLists {
  readonly facts: (worker: Worker) => HandlerFacts;
  /** Every delivery of one event, with and without a row. */
  readonly deliveriesOf: (event: EventView) => readonly DeliveryView[];
  readonly deliveries: (filter: DeliveryFilter) => readonly DeliveryView[];
  readonly deadLetters: (filter: DeadLetterQuery) => readonly DeadLetterView[];
}

/** A delivery and its place in the order. */
interface Entry<View = DeliveryView> {
  readonly view: View;
  readonly place: DeliveryPlace;
}

const page = 1_000;

/** Which rows can be in a state: what a batch has claimed runs, whatever its row says. */
const statesOf: Readonly<Partial<Record<DeliveryView["state"], readonly StoredState[]>>> = {
  scheduled: [stored.scheduled, stored.waiting],
  ready: [stored.ready, stored.scheduled, stored.retrying, stored.waiting],
  running: [stored.running, stored.ready, stored.scheduled, stored.retrying, stored.waiting, stored.parked],
  retrying: [stored.retrying],
  parked: [stored.parked],
  dead: [stored.dead],
};

export function createDeliveryLists(options: InspectOptions): DeliveryLists {
  const { system, topology, statements, journal, workers } = options;
  const now = (): number => system.clock.now();
  const byId = new Map([...workers.values()].map((worker) => [worker.window.id, worker]));

  const facts = (worker: Worker): HandlerFacts => {
    const { id, handler } = worker.window;
    const paused = worker.paused ? (statements.handlers.all().find(([row]) => row === id)?.[3] ?? "") : undefined;
    return { name: handler.name, ordered: handler.ordered, paused, started: options.isStarted() };
  };
  const eventAt = (seq: number): EventView => {
    const row = statements.journal.bySequence(seq);
    if (row === undefined) throw new PulseQueueError("STORE_CORRUPT", `The event at position ${String(seq)} is missing`);
    return eventView(journal, row);
  };
  const pending = (event: EventView, window: Window, handlerFacts: HandlerFacts): DeliveryView => {
    const { sequence } = event;
    return pendingView(event, handlerFacts, countBefore(window, sequence), { isRunning: isRunning(window, sequence), isHeld: isHeld(window, sequence) });
  };

  /** The deliveries of these rows; none of a handler that the app no longer has. */
  function* entriesOf(rows: Iterable<DeliveryRow>): Generator<Entry & { readonly event: EventView }> {
    for (const row of rows) {
      const worker = byId.get(row[1]);
      if (worker === undefined) continue;
      const event = eventAt(row[2]);
      yield { view: rowView(row, event, facts(worker), now(), isRowRunning(worker.window, row[0])), place: placeOfRow(row), event };
    }
  }

  /** Deliveries without a row, past the handler's cursor. */
  function* pendingOf(worker: Worker, filter: DeliveryFilter, after: DeliveryPlace | undefined): Generator<Entry> {
    const { window } = worker;
    const handlerFacts = facts(worker);
    const { eventType, state, source, key, tenant } = filter;
    const narrowed = { handler: window.id, ...given({ source, key, tenant }) };
    // Only what is claimed can run or be parked without a row, and it is the first of all.
    const last = state === undefined || state === "ready" ? Number.POSITIVE_INFINITY : (window.open.at(-1)?.seq ?? 0);
    const types = window.options.subscriptions.filter(([type]) => eventType === undefined || type === eventTypeId(topology, journal, eventType));
    let from = Math.max(window.cursor, after === undefined ? 0 : after.seq - (window.id > after.handler ? 1 : 0));
    for (;;) {
      const rows = types
        .flatMap(([type, since]) => statements.inspect.pending({ ...narrowed, type, after: Math.max(from, since) }, page))
        .sort(bySequence)
        .slice(0, page);
      for (const row of rows) {
        if (row[0] > last) return;
        yield { view: pending(eventView(journal, row), window, handlerFacts), place: { seq: row[0], handler: window.id, run: 0 } };
      }
      if (rows.length < page) return;
      from = rows.at(-1)?.[0] ?? from;
    }
  }

  const deliveriesOf = (event: EventView): readonly Entry[] => {
    const rows = statements.inspect.deliveries({ seq: event.sequence }, page);
    const entries: Entry[] = [...entriesOf(rows)];
    for (const handler of topology.subscribers.get(event.type) ?? []) {
      const worker = workerNamed(workers, handler.name);
      const { window } = worker;
      if (!takes(window, event.type, event.sequence) || rows.some(([, id, , run]) => id === window.id && run === 0)) continue;
      const handlerFacts = facts(worker);
      const views = event.sequence > window.cursor ? [pending(event, window, handlerFacts)] : doneViews(event, handlerFacts, window.id);
      for (const [run, view] of views.entries()) entries.push({ view, place: { seq: event.sequence, handler: window.id, run } });
    }
    return entries;
  };
  /** The delivery that came with the event, and its replays, as far as they are done. */
  const doneViews = (event: EventView, handlerFacts: HandlerFacts, handler: number): readonly DeliveryView[] => {
    // The receipt of a delivery lies near its position: a batch spans one window of the journal at most.
    const receipts = statements.handlers.receipts(handler, event.sequence, 64);
    const found = receipts.flatMap(([time, body]) => findInReceipt(body, event.sequence).map((entry) => ({ time, entry })));
    const known = found.some(({ entry }) => entry.run === 0) ? found : [undefined, ...found];
    return known.map((receipt) => doneView(event, handlerFacts, receipt));
  };

  const ofEvents = (filter: DeliveryFilter & { readonly eventId: string }, after: DeliveryPlace | undefined): readonly Entry[] => {
    const { eventId: id, source, tenant, handler, state } = filter;
    const events = statements.inspect.events({ id, after: 0, ...given({ source, tenant }) }, page).map((row) => eventView(journal, row));
    return events
      .flatMap(deliveriesOf)
      .filter(({ view }) => (handler ?? view.handler) === view.handler && (state ?? view.state) === view.state)
      .filter(({ place }) => after === undefined || comparePlaces(place, after) > 0)
      .sort(byPlace);
  };

  return {
    facts,
    deliveriesOf: (event) => deliveriesOf(event).map(({ view }) => view),

    deliveries(filter) {
      const limit = checkedLimit(filter.limit);
      const { handler, state, eventId, eventType, source, key, tenant } = filter;
      const after = filter.after === undefined ? undefined : placeOf(filter.after, workers);
      if (eventId !== undefined)
        return ofEvents({ ...filter, eventId }, after)
          .slice(0, limit)
          .map(({ view }) => view);
      const states = state === undefined ? undefined : statesOf[state];
      if (state !== undefined && states === undefined)
        throw new PulseQueueError("OPERATION_INVALID", `Deliveries that are ${state} are found by their event: give eventId`);
      const narrowed: RowFilter = {
        ...given({ states, source, key, tenant }),
        ...(handler === undefined ? {} : { handler: workerNamed(workers, handler).window.id }),
        ...(eventType === undefined ? {} : { type: eventTypeId(topology, journal, eventType) }),
        ...(state === "ready" ? { dueBy: now() } : state === "scheduled" || state === "retrying" ? { dueAfter: now() } : {}),
      };
      const matches = ({ view }: Entry): boolean => (state ?? view.state) === view.state;
      const rows = paged(after, (from) => statements.inspect.deliveries({ ...narrowed, ...given({ after: from }) }, page));
      const found: Entry[] = take<Entry>(entriesOf(rows), limit, matches);
      if (state === undefined || state === "ready" || state === "running" || state === "parked") {
        for (const worker of handler === undefined ? workers.values() : [workerNamed(workers, handler)])
          found.push(...take(pendingOf(worker, filter, after), limit, matches));
      }
      return found
        .sort(byPlace)
        .slice(0, limit)
        .map(({ view }) => view);
    },

    deadLetters(filter) {
      const limit = checkedLimit(filter.limit);
      const { after, ...narrowed } = deadFilter(filter, workers, topology, journal);
      const rows = paged(after, (from) => statements.inspect.dead({ ...narrowed, ...given({ after: from }) }, page));
      return take(entriesOf(rows), limit, () => true).map(({ view, event }) => ({ ...view, event }));
    },
  };
}

function placeOfRow([, handler, seq, run]: DeliveryRow): DeliveryPlace {
  return { seq, handler, run };
}

function byPlace({ place: left }: Entry, { place: right }: Entry): number {
  return comparePlaces(left, right);
}

function comparePlaces(left: DeliveryPlace, right: DeliveryPlace): number {
  const differences = [left.seq - right.seq, left.handler - right.handler, left.run - right.run];
  return differences.find((difference) => difference !== 0) ?? 0;
}

function bySequence(left: EventRow, right: EventRow): number {
  return left[0] - right[0];
}

/** Rows after a place, one page at a time. */
function* paged(after: DeliveryPlace | undefined, read: (from: DeliveryPlace | undefined) => readonly DeliveryRow[]): Generator<DeliveryRow> {
  for (let from = after; ;) {
    const rows = read(from);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < page) return;
    from = placeOfRow(last);
  }
}

function take<Item>(items: Iterable<Item>, limit: number, matches: (item: Item) => boolean): Item[] {
  const taken: Item[] = [];
  for (const item of items) {
    if (!matches(item)) continue;
    taken.push(item);
    if (taken.length === limit) break;
  }
  return taken;
}

/** `fields` without those that are `undefined`. */
function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };
}
