import type { AnyTable, Row, RowKey } from "../../core/table.ts";
import { givenKey } from "../../core/table.ts";
import { PulseQueueError } from "../../core/errors.ts";
import { flowTrees } from "../../core/flow.ts";
import type { DeadLetterView, DeliveryFilter, DeliveryView, EventView, HandlerView, Inspect } from "../../core/queue.ts";
import type { System } from "../../core/ports.ts";
import { shownRow } from "../../core/shown-row.ts";
import type { Topology } from "../../core/topology.ts";
import { checkedLimit, type HandlerFacts } from "../../core/views.ts";
import { deadFilter, eventTypeId, workerNamed } from "./dead-filter.ts";
import type { Journal } from "./journal.ts";
import { findInReceipt } from "./receipts.ts";
import { stored, type DeliveryRow, type StoredState } from "./statements/deliveries.ts";
import type { Statements } from "./statements/index.ts";
import { doneView, eventView, pendingView, rowView } from "./views.ts";
import { backlog, countBefore, countHeld, countRunning, hasRow, isHeld, isRowRunning, isRunning, peek, takes } from "./window-facts.ts";
import type { Worker } from "./worker.ts";

export interface InspectOptions {
  readonly system: System;
  readonly topology: Topology;
  readonly statements: Statements;
  readonly journal: Journal;
  readonly workers: ReadonlyMap<string, Worker>;
  readonly isStarted: () => boolean;
}

/** Rows that are looked at for one answer. */
const maxRows = 1_000;

export function createInspect(options: InspectOptions): Omit<Inspect, "incident"> {
  const { system, topology, statements, journal, workers } = options;
  const now = (): number => system.clock.now();

  const workerOf = (name: string): Worker => workerNamed(workers, name);
  const facts = (worker: Worker): HandlerFacts => {
    const { id, handler } = worker.window;
    const paused = worker.paused ? (statements.handlers.all().find(([row]) => row === id)?.[3] ?? "") : undefined;
    return { name: handler.name, ordered: handler.ordered, paused, started: options.isStarted() };
  };
  const typeId = (name: string): number => eventTypeId(topology, journal, name);
  const eventAt = (seq: number): EventView => {
    const row = statements.journal.bySequence(seq);
    if (row === undefined) throw new PulseQueueError("STORE_CORRUPT", `The event at position ${String(seq)} is missing`);
    return eventView(journal, row);
  };
  const fromRow = (row: DeliveryRow): DeliveryView | undefined => {
    const worker = [...workers.values()].find((candidate) => candidate.window.id === row[1]);
    if (worker === undefined) return undefined; // of a handler that the app no longer has
    return rowView(row, eventAt(row[2]), facts(worker), now(), isRowRunning(worker.window, row[0]));
  };

  /** Every delivery of one event, with and without a row. */
  const deliveriesOf = (event: EventView): readonly DeliveryView[] => {
    const rows = statements.inspect.deliveries({ seq: event.sequence }, maxRows);
    const views = rows.map(fromRow).filter((view) => view !== undefined);
    for (const handler of topology.subscribers.get(event.type) ?? []) {
      const { window } = workerOf(handler.name);
      if (!takes(window, event.type, event.sequence) || rows.some(([, id, , run]) => id === window.id && run === 0)) continue;
      const handlerFacts = facts(workerOf(handler.name));
      const isPending = event.sequence > window.cursor;
      if (isPending)
        views.push(
          pendingView(event, handlerFacts, countBefore(window, event.sequence), {
            isRunning: isRunning(window, event.sequence),
            isHeld: isHeld(window, event.sequence),
          }),
        );
      else views.push(...doneViews(event, handlerFacts, window.id));
    }
    return views;
  };
  /** The delivery that came with the event, and its replays, as far as they are done. */
  const doneViews = (event: EventView, handlerFacts: HandlerFacts, handler: number): readonly DeliveryView[] => {
    // The receipt of a delivery lies near its position: a batch spans one window of the journal at most.
    const receipts = statements.handlers.receipts(handler, event.sequence, 64);
    const found = receipts.flatMap(([time, body]) => findInReceipt(body, event.sequence).map((entry) => ({ time, entry })));
    const known = found.some(({ entry }) => entry.run === 0) ? found : [undefined, ...found];
    return known.map((receipt) => doneView(event, handlerFacts, receipt));
  };

  const pendingOf = (filter: DeliveryFilter, limit: number): readonly DeliveryView[] => {
    const chosen = filter.handler === undefined ? [...workers.values()] : [workerOf(filter.handler)];
    const views: DeliveryView[] = [];
    for (const worker of chosen) {
      const handlerFacts = facts(worker);
      for (const [ahead, row] of peek(worker.window, limit).entries()) {
        const event = eventView(journal, row);
        if ((filter.eventType ?? event.type) !== event.type || (filter.key ?? event.key) !== event.key) continue;
        if ((filter.tenant ?? event.tenant) !== event.tenant) continue;
        if (hasRow(worker.window, event.sequence)) continue;
        views.push(
          pendingView(event, handlerFacts, ahead, { isRunning: isRunning(worker.window, event.sequence), isHeld: isHeld(worker.window, event.sequence) }),
        );
      }
    }
    return views;
  };

  const statesOf: Readonly<Partial<Record<DeliveryView["state"], readonly StoredState[]>>> = {
    scheduled: [stored.scheduled, stored.waiting],
    ready: [stored.ready, stored.scheduled, stored.retrying, stored.waiting],
    running: [stored.running, stored.ready, stored.scheduled, stored.retrying, stored.waiting, stored.parked],
    retrying: [stored.retrying],
    parked: [stored.parked],
    dead: [stored.dead],
  };

  const deliveries = (filter: DeliveryFilter = {}): readonly DeliveryView[] => {
    const limit = checkedLimit(filter.limit);
    const { handler, state, eventId, eventType, key, tenant } = filter;
    if (eventId !== undefined) {
      const row = statements.journal.byId(eventId);
      const event = row === undefined ? undefined : eventView(journal, row);
      const views = event === undefined || (tenant ?? event.tenant) !== event.tenant ? [] : deliveriesOf(event);
      return views.filter((view) => (handler ?? view.handler) === view.handler && (state ?? view.state) === view.state).slice(0, limit);
    }
    const states = state === undefined ? undefined : statesOf[state];
    if (state !== undefined && states === undefined)
      throw new PulseQueueError("OPERATION_INVALID", `Deliveries that are ${state} are found by their event: give eventId`);
    const rows = statements.inspect.deliveries(
      {
        ...(handler === undefined ? {} : { handler: workerOf(handler).window.id }),
        ...(states === undefined ? {} : { states }),
        ...(key === undefined ? {} : { key }),
        ...(tenant === undefined ? {} : { tenant }),
        ...(eventType === undefined ? {} : { type: typeId(eventType) }),
      },
      maxRows,
    );
    const views = rows.map(fromRow).filter((view) => view !== undefined);
    const pending = state === undefined || state === "ready" || state === "running" || state === "parked" ? pendingOf(filter, limit) : [];
    const all = [...views, ...pending].filter((view) => (state ?? view.state) === view.state);
    return all.sort((left, right) => left.sequence - right.sequence).slice(0, limit);
  };

  return {
    async events(filter = {}) {
      const limit = checkedLimit(filter.limit);
      const rows = statements.inspect.events({ ...filter, ...(filter.type === undefined ? {} : { typeId: typeId(filter.type) }) }, limit);
      return rows.map((row) => eventView(journal, row));
    },

    async deliveries(filter) {
      return deliveries(filter);
    },

    async deadLetters(filter = {}) {
      const rows = statements.inspect.dead(deadFilter(filter, workers, topology, journal), checkedLimit(filter.limit));
      return rows
        .map(fromRow)
        .filter((view) => view !== undefined)
        .map((view): DeadLetterView => ({ ...view, event: eventAt(view.sequence) }));
    },

    async trace(correlationId) {
      const row = statements.journal.byId(correlationId);
      const root = row === undefined ? correlationId : eventView(journal, row).correlationId;
      const events = statements.journal.ofFlow(root).map((event) => eventView(journal, event));
      return flowTrees(topology.app, events, async (event) => deliveriesOf(event));
    },

    async handlers() {
      return [...workers.values()].map((worker): HandlerView => {
        const { window } = worker;
        const counts = statements.inspect.countByState(window.id, now());
        const count = (...states: readonly StoredState[]): number => states.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0);
        const running = countRunning(window);
        const held = countHeld(window);
        const oldest = [statements.inspect.oldestReady(window.id, now()), peek(window, 1).at(0)?.[4]].filter((time) => time !== undefined);
        return {
          name: window.handler.name,
          events: window.handler.on.map((event) => event.name),
          paused: worker.paused,
          pauseReason: facts(worker).paused,
          counts: {
            scheduled: count(stored.scheduled, stored.waiting),
            ready: Math.max(0, count(stored.ready, stored.running) + backlog(window) - running - held),
            running,
            retrying: count(stored.retrying),
            parked: count(stored.parked) + held,
            dead: count(stored.dead),
          },
          oldestReady: oldest.length === 0 ? undefined : Math.max(0, now() - Math.min(...oldest)),
        };
      });
    },
    table<T extends AnyTable>(table: T) {
      if (topology.tables.get(table.name) !== table) throw new PulseQueueError("TABLE_UNKNOWN", `There is no table ${table.name}`);
      return {
        async get(key: RowKey<T>) {
          const row = statements.records.get(journal.tableId(table.name), givenKey(table, key));
          return row === undefined ? undefined : shownRow(table, row[2], system.vault);
        },

        async all() {
          return statements.records.all(journal.tableId(table.name)).map(([, , body]) => shownRow(table, body, system.vault) as Row<T>);
        },
      };
    },
  };
}
