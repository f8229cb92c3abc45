/** Flows as trees: each event under the delivery that emitted it. */
import type { DeliveryView, EventChoice, EventView, TraceNode } from "./queue.ts";
import { emitterSource } from "./scope.ts";

export interface FlowSource {
  readonly app: string;
  /** The events that have one of these correlation ids, or ids, in the order of the journal. */
  readonly eventsOf: (ids: ReadonlySet<string>) => Promise<readonly EventView[]>;
  /** Every delivery of an event, in whatever state. */
  readonly deliveriesOf: (event: EventView) => Promise<readonly DeliveryView[]>;
}

/** The trees of every flow that `id` is the correlation id of, or the id of an event of, as far as `choice` takes them. */
export async function flowTrees(flows: FlowSource, id: string, { source, tenant }: EventChoice): Promise<readonly TraceNode[]> {
  const isOfTenant = (event: EventView): boolean => tenant === undefined || event.tenant === tenant;
  const isNamed = (event: EventView): boolean =>
    (event.id === id || event.correlationId === id) && isOfTenant(event) && (source === undefined || event.source === source);
  const named = (await flows.eventsOf(new Set([id]))).filter(isNamed);
  const flow = (await flows.eventsOf(new Set(named.map((event) => event.correlationId)))).filter(isOfTenant);
  const caused = groupBy(flow, (event) => event.causationId);
  const causes = groupBy(flow, (event) => event.id);
  const tree = async (root: EventView): Promise<TraceNode> => {
    const emitted = await Promise.all((caused.get(root.id) ?? []).filter((event) => isCausedBy(event, root)).map(tree));
    const views = await flows.deliveriesOf(root);
    return {
      event: root,
      deliveries: views.map((view) => ({ ...view, emitted: emitted.filter((node) => node.event.source === emitterSource(flows.app, view.handler)) })),
    };
  };
  const roots = flow.filter((event) => !(causes.get(event.causationId ?? "") ?? []).some((cause) => isCausedBy(event, cause)));
  const trees = await Promise.all(roots.map(tree));
  return source === undefined ? trees : trees.filter((node) => holds(node, isNamed));
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

function holds(node: TraceNode, isWanted: (event: EventView) => boolean): boolean {
  return isWanted(node.event) || node.deliveries.some((delivery) => delivery.emitted.some((inner) => holds(inner, isWanted)));
}
