import type { AnyTable, Row, RowKey } from "../../core/table.ts";
import { givenKey } from "../../core/table.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { EventView, HandlerView, Inspect, TraceNode } from "../../core/queue.ts";
import { emitterSource } from "../../core/scope.ts";
import { eventTypeId } from "./dead-filter.ts";
import { checkedLimit, createDeliveryLists, type InspectOptions } from "./inspect-deliveries.ts";
import { allRows, readRow, rowsAfter } from "./rows.ts";
import { stored, type StoredState } from "./statements/deliveries.ts";
import { eventView } from "./views.ts";
import { backlog, countHeld, countRunning, peek } from "./window-facts.ts";

export function createInspect(options: InspectOptions): Omit<Inspect, "incident"> {
  const { system, topology, statements, journal, workers } = options;
  const now = (): number => system.clock.now();

  const { facts, deliveriesOf, deliveries, deadLetters } = createDeliveryLists(options);

  const tree = (root: EventView, caused: ReadonlyMap<string | undefined, readonly EventView[]>): TraceNode => {
    const emitted = (caused.get(root.id) ?? []).filter((event) => isCausedBy(event, root)).map((event) => tree(event, caused));
    const views = deliveriesOf(root);
    const emitters = new Map(views.map((view) => [view, emitted.filter((node) => node.event.source === emitterSource(topology.app, view.handler))]));
    return { event: root, deliveries: views.map((view) => ({ ...view, emitted: emitters.get(view) ?? [] })) };
  };
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

    async trace(id, { source, tenant } = {}) {
      const isOfTenant = (event: EventView): boolean => tenant === undefined || event.tenant === tenant;
      const isNamed = (event: EventView): boolean =>
        (event.id === id || event.correlationId === id) && isOfTenant(event) && (source === undefined || event.source === source);
      const named = flowsOf(new Set([id])).filter(isNamed);
      const flow = flowsOf(new Set(named.map((event) => event.correlationId))).filter(isOfTenant);
      const caused = groupBy(flow, (event) => event.causationId);
      const causes = groupBy(flow, (event) => event.id);
      const roots = flow.filter((event) => !(causes.get(event.causationId ?? "") ?? []).some((cause) => isCausedBy(event, cause)));
      const trees = roots.map((event) => tree(event, caused));
      return source === undefined ? trees : trees.filter((node) => holds(node, isNamed));
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
          return row === undefined ? undefined : readRow(table, row[2], system.vault);
        },

        async rows({ after, limit } = {}) {
          const { rows, next } = rowsAfter(statements.records, journal.tableId(table.name), after, checkedLimit(limit));
          return { rows: rows.map(([, , body]) => readRow(table, body, system.vault) as Row<T>), next };
        },

        async all() {
          return [...allRows(statements.records, journal.tableId(table.name))].map(([, , body]) => readRow(table, body, system.vault) as Row<T>);
        },
      };
    },
  };
}

function groupBy<Key>(events: readonly EventView[], keyOf: (event: EventView) => Key): ReadonlyMap<Key, readonly EventView[]> {
  const groups = new Map<Key, EventView[]>();
  for (const event of events) {
    const key = keyOf(event);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  return groups;
}

/** Whether the handling of `cause` emitted `event`, as far as an event tells: it holds the id of its cause, not the source. */
function isCausedBy(event: EventView, cause: EventView): boolean {
  return event.causationId === cause.id && event.correlationId === cause.correlationId && event.tenant === cause.tenant && event.sequence > cause.sequence;
}

function holds(node: TraceNode, isNamed: (event: EventView) => boolean): boolean {
  return isNamed(node.event) || node.deliveries.some(({ emitted }) => emitted.some((next) => holds(next, isNamed)));
}
