import type { App } from "../../core/app.ts";
import type { EventView, Queue } from "../../core/queue.ts";
import type { FinalState } from "./history.ts";
import { effects, money, orders, purchases, stock } from "./world.ts";

type Given = Pick<FinalState, "deadLetters" | "stuck" | "open" | "chainProblems" | "doomed">;

/** Every event of the journal, oldest first. */
export async function allEvents({ inspect }: Queue): Promise<readonly EventView[]> {
  const events: EventView[] = [];
  for (let page = await inspect.events({ after: 0, limit: 1_000 }); page.length > 0;) {
    events.push(...page);
    page = await inspect.events({ after: events.at(-1)?.sequence ?? 0, limit: 1_000 });
  }
  return events;
}

/** Deliveries, as `handler/event id`, for which `test` holds. */
export function deliveriesOf({ topology }: App, events: readonly EventView[], test: (handler: string, eventId: string) => boolean): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { type, id } of events) {
    for (const { name } of topology.subscribers.get(type) ?? []) if (!topology.schedules.has(name) && test(name, id)) found.add(`${name}/${id}`);
  }
  return found;
}

/** Reads all that the judge needs. */
export async function readState({ topology }: App, queue: Queue, given: Given): Promise<FinalState> {
  const { inspect, ledger } = queue;
  return {
    ...given,
    subscribers: new Map([...topology.subscribers].map(([type, handlers]) => [type, handlers.map((handler) => handler.name)])),
    events: await allEvents(queue),
    operations: await ledger.entries({ limit: 1_000 }),
    stillDead: await inspect.deadLetters({ limit: 1_000 }),
    effects: new Map((await inspect.table(effects).all()).map((row) => [row.id, row.count])),
    orders: new Map((await inspect.table(orders).all()).map((row) => [row.key, Array.isArray(row.ids) ? row.ids.map(String) : []])),
    stock: await inspect.table(stock).all(),
    purchases: await inspect.table(purchases).all(),
    money: await inspect.table(money).all(),
  };
}
