/** The events against the rows: no event without its state change and the reverse, and telling the whole story again gives the same state. */
import type { z } from "zod";
import { orderCancelled, orderConfirmed, orderExpired, orderPlaced, orderRefunded, stockChanged } from "./events.ts";
import type { Report, ShopEvent, Snapshot } from "./snapshot.ts";
import type { Order, Stock } from "./tables.ts";

/** What the events alone say about an order. */
interface Told {
  readonly placed: number;
  /** The last end that was announced. */
  readonly end: "CONFIRMED" | "CANCELLED" | "EXPIRED" | "REFUNDED" | undefined;
  readonly reason: string;
  /** How often each end was announced. */
  readonly ends: ReadonlyMap<string, number>;
}

const untold: Told = { placed: 0, end: undefined, reason: "none", ends: new Map() };
const ends: ReadonlyMap<string, NonNullable<Told["end"]>> = new Map([
  [orderConfirmed.name, "CONFIRMED"],
  [orderCancelled.name, "CANCELLED"],
  [orderExpired.name, "EXPIRED"],
  [orderRefunded.name, "REFUNDED"],
]);

export function checkStory({ orders, stock, events }: Snapshot, report: Report): void {
  const told = new Map<string, Told>();
  const changes = new Map<string, z.infer<typeof stockChanged.schema>[]>();
  for (const event of events) {
    if (event.type === stockChanged.name) {
      const change = stockChanged.schema.safeParse(event.data).data;
      const known = changes.get(change?.sku ?? "");
      if (change === undefined) report("events-are-valid", "stock", "a stock.changed event does not fit its schema");
      else if (known === undefined) changes.set(change.sku, [change]);
      else known.push(change);
      continue;
    }
    const orderId = textOf(event, "orderId");
    if (orderId === undefined) continue;
    const before = told.get(orderId) ?? untold;
    const end = ends.get(event.type);
    if (event.type === orderPlaced.name) told.set(orderId, { ...before, placed: before.placed + 1 });
    if (end !== undefined) {
      const counts = new Map(before.ends).set(end, (before.ends.get(end) ?? 0) + 1);
      told.set(orderId, { ...before, end, ends: counts, reason: textOf(event, "reason") ?? "none" });
    }
  }
  for (const order of orders) checkOrder(order, told.get(order.id) ?? untold, report);
  const known = new Set(orders.map((order) => order.id));
  for (const orderId of told.keys()) if (!known.has(orderId)) report("no-event-without-state", orderId, "events of an order that does not exist");
  for (const row of stock) checkChanges(row, changes.get(row.sku) ?? [], report);
}

function checkOrder(order: Order, told: Told, report: Report): void {
  if (told.placed !== 1) report("placed-once", order.id, `order.placed was emitted ${String(told.placed)} times`);
  for (const [end, count] of told.ends) if (count > 1) report("ends-once", order.id, `its end as ${end} was announced ${String(count)} times`);
  const state = order.interrupted ?? order.state;
  const hasEnd = state === "CONFIRMED" || state === "CANCELLED" || state === "EXPIRED" || state === "REFUNDED";
  if (hasEnd && told.end !== state) report("state-equals-events", order.id, `the row says ${state}, the events say ${told.end ?? "nothing"}`);
  if (hasEnd && told.end === state && told.reason !== order.reason)
    report("state-equals-events", order.id, `the row's reason is ${order.reason}, the event's ${told.reason}`);
  // Late money opens an order that had ended: then an earlier end stays in the story.
  if (!hasEnd && state !== "CLOSING" && told.end !== undefined) report("no-event-without-state", order.id, `${told.end} was announced, the row says ${state}`);
}

/** Versions 1, 2, 3 … each once, and the last one is the row. */
function checkChanges(row: Stock, changes: readonly z.infer<typeof stockChanged.schema>[], report: Report): void {
  const sorted = [...changes].sort((left, right) => left.version - right.version);
  const gap = sorted.findIndex((change, index) => change.version !== index + 1);
  if (gap >= 0) report("stock-changes-complete", row.sku, `version ${String(gap + 1)} is missing or was emitted twice`);
  const last = sorted.at(-1);
  if (last?.version !== row.version) {
    report("stock-changes-complete", row.sku, `the row has version ${String(row.version)}, the events end with ${String(last?.version ?? 0)}`);
    return;
  }
  if (last.received !== row.received || last.onHand !== row.onHand || last.reserved !== row.reserved || last.available !== row.onHand - row.reserved) {
    report("state-equals-events", row.sku, "the last event's counters are not the row's");
  }
}

function textOf({ data }: ShopEvent, field: string): string | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const value = (data as Readonly<Record<string, unknown>>)[field];
  return typeof value === "string" ? value : undefined;
}
