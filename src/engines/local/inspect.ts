import type { AnyTable, Row, RowKey } from "../../core/table.ts";
import { givenKey } from "../../core/table.ts";
import { PulseQueueError } from "../../core/errors.ts";
import { flowTrees } from "../../core/flow.ts";
import type { EventView, HandlerView, Inspect } from "../../core/queue.ts";
import { shownRow } from "../../core/shown-row.ts";
import { checkedLimit } from "../../core/views.ts";
import { eventTypeId } from "./dead-filter.ts";
import { createDeliveryLists, type InspectOptions } from "./inspect-deliveries.ts";
import { allRows, rowsAfter } from "./rows.ts";
import { stored, type StoredState } from "./statements/deliveries.ts";
import { eventView } from "./views.ts";
import { backlog, countHeld, countRunning, peek } from "./window-facts.ts";

export function createInspect(options: InspectOptions): Omit<Inspect, "incident"> {
  const { system, topology, statements, journal, workers } = options;
  const now = (): number => system.clock.now();

  const { facts, deliveriesOf, deliveries, deadLetters } = createDeliveryLists(options);

  /** The events of all flows with one of these correlation ids, in order. */
  const flowsOf = (correlationIds: ReadonlySet<string>): readonly EventView[] => {
    const rows = new Map([...correlationIds].flatMap((id) => statements.journal.ofFlow(id).map((row) => [row[0], row] as const)));
    return [...rows.values()].sort(([left], [right]) => left - right).map((row) => eventView(journal, row));
  };

  return {
    async events(filter = {}) {
      const limit = checkedLimit(filter.limit);
      const rows = statements.inspect.events(
        { ...filter, ...(filter.type === undefined ? {} : { typeId: eventTypeId(topology, journal, filter.type) }) },
        limit,
      );
      return rows.map((row) => eventView(journal, row));
    },

    deliveries: async (filter = {}) => deliveries(filter),
    deadLetters: async (filter = {}) => deadLetters(filter),

    trace: (id, choice = {}) =>
      flowTrees({ app: topology.app, eventsOf: async (ids) => flowsOf(ids), deliveriesOf: async (event) => deliveriesOf(event) }, id, choice),

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

        async rows({ after, limit } = {}) {
          const { rows, next } = rowsAfter(statements.records, journal.tableId(table.name), after, checkedLimit(limit));
          return { rows: rows.map(([, , body]) => shownRow(table, body, system.vault) as Row<T>), next };
        },

        async all() {
          return [...allRows(statements.records, journal.tableId(table.name))].map(([, , body]) => shownRow(table, body, system.vault) as Row<T>);
        },
      };
    },
  };
}
