import type { DeliveryView, EventView, TraceNode } from "./queue.ts";
import { emitterSource } from "./scope.ts";

/** The trees of a flow: its events under the deliveries that emitted them. `deliveriesOf`: every delivery of an event, in whatever state. */
export async function flowTrees(
  app: string,
  events: readonly EventView[],
  deliveriesOf: (event: EventView) => Promise<readonly DeliveryView[]>,
): Promise<readonly TraceNode[]> {
  const ids = new Set(events.map((event) => event.id));
  const children = new Map<string, EventView[]>();
  for (const event of events) if (event.causationId !== undefined) children.set(event.causationId, [...(children.get(event.causationId) ?? []), event]);
  const tree = async (root: EventView): Promise<TraceNode> => {
    const emitted = await Promise.all((children.get(root.id) ?? []).map(tree));
    const views = await deliveriesOf(root);
    return {
      event: root,
      deliveries: views.map((view) => ({ ...view, emitted: emitted.filter((node) => node.event.source === emitterSource(app, view.handler)) })),
    };
  };
  return Promise.all(events.filter((event) => event.causationId === undefined || !ids.has(event.causationId)).map(tree));
}
