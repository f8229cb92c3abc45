/** The order of lists of deliveries: by journal position, handler and run. A page begins after the last one of the page before. */
import { PulseQueueError } from "../../../core/errors.ts";
import type { Topology } from "../../../core/topology.ts";
import { parseDeliveryId } from "../../../core/views.ts";

interface Listed {
  readonly id: string;
}

export interface Places {
  /** Sorts, drops what does not come after the delivery with the id `after`, and cuts. Throws `OPERATION_INVALID` for an id that is none. */
  page<View extends Listed>(views: readonly View[], after: string | undefined, limit: number): readonly View[];
}

export function placesOf(topology: Topology): Places {
  const handlers = [...topology.handlers.keys()];
  const place = (id: string): readonly number[] => {
    const parts = parseDeliveryId(id);
    if (parts === undefined) throw new PulseQueueError("OPERATION_INVALID", `"${id.slice(0, 100)}" is not the id of a delivery`);
    return [parts.sequence, handlers.indexOf(parts.handler), parts.run];
  };
  return {
    page(views, after, limit) {
      const placed = views.map((view) => ({ view, at: place(view.id) })).sort((left, right) => compare(left.at, right.at));
      const start = after === undefined ? undefined : place(after);
      const rest = start === undefined ? placed : placed.filter(({ at }) => compare(at, start) > 0);
      return rest.slice(0, limit).map(({ view }) => view);
    },
  };
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, part] of left.entries()) {
    const difference = part - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
