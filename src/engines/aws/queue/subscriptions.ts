/**
 * From which position on a handler takes a type of event: events that were accepted before it was deployed are not delivered to it.
 * Noted once by whoever sees the subscription first, in the system table.
 */
import { needNumber, needText, toItem } from "../items/attributes.ts";
import type { Topology } from "../../../core/topology.ts";
import type { SystemTable } from "./system-table.ts";

export interface Subscriptions {
  /** Whether the event of this type at this position is delivered to the handler. */
  takes(handler: string, type: string, sequence: number): boolean;
}

const partition = "subscribed";

/** Reads them once, when they are asked for. `now`: see `openSubscriptions`. */
export type Subscribing = (now?: number) => Promise<Subscriptions>;

export function subscribing(table: SystemTable, topology: Topology): Subscribing {
  let opened: Promise<Subscriptions> | undefined;
  return (now) => {
    opened ??= openSubscriptions(table, topology, now).catch((thrown: unknown) => {
      opened = undefined; // the next one tries again
      throw thrown;
    });
    return opened;
  };
}

/** Reads the subscriptions of the app, and notes those that are new. `now`: the position from which they hold; `undefined`: nothing is noted. */
async function openSubscriptions(table: SystemTable, topology: Topology, now: number | undefined): Promise<Subscriptions> {
  const known = new Map((await table.all(partition)).map((item) => [needText(item, "s"), needNumber(item, "q")]));
  for (const handler of topology.handlers.values()) {
    for (const { name } of handler.on) {
      const s = `${handler.name}#${name}`;
      if (known.has(s) || now === undefined) continue;
      await table.write([{ Put: { Item: toItem({ p: partition, s, q: now }), ConditionExpression: "attribute_not_exists(p)" } }]);
      known.set(s, now);
    }
  }
  return {
    takes(handler, type, sequence) {
      const since = known.get(`${handler}#${type}`);
      return since !== undefined && sequence > since;
    },
  };
}
