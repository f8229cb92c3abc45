/** All rows and events of the shop at one moment, and where they come from. */
import type { EventView, Queue } from "pulsequeue";
import type { Charge } from "./providers/book.ts";
import {
  operations,
  orders,
  payments,
  receipts,
  reservations,
  stock,
  type Order,
  type Payment,
  type PaymentOperation,
  type Receipt,
  type Reservation,
  type Stock,
} from "./tables.ts";

export type ShopEvent = Pick<EventView, "type" | "data">;

export interface Snapshot {
  readonly orders: readonly Order[];
  readonly stock: readonly Stock[];
  readonly reservations: readonly Reservation[];
  readonly receipts: readonly Receipt[];
  readonly payments: readonly Payment[];
  readonly operations: readonly PaymentOperation[];
  /** Every event ever accepted, the oldest first. */
  readonly events: readonly ShopEvent[];
  /** What the payment provider says it did, where it can be asked. */
  readonly charges?: readonly Charge[];
}

export interface Violation {
  /** Short name of the rule that does not hold. */
  readonly rule: string;
  /** The order or SKU. */
  readonly subject: string;
  readonly message: string;
}

/** Takes down one violation. */
export type Report = (rule: string, subject: string, message: string) => void;

/** Most events that one question to the queue answers. */
const page = 1_000;

/** Every event after the journal position `after`, the oldest first. */
export async function eventsAfter(inspect: Queue["inspect"], after: number): Promise<readonly EventView[]> {
  const events: EventView[] = [];
  for (let position = after; ;) {
    const next = await inspect.events({ after: position, limit: page });
    events.push(...next);
    const last = next.at(-1);
    if (last === undefined || next.length < page) return events;
    position = last.sequence;
  }
}

/** Reads everything. It is one moment only while nothing runs. */
export async function takeSnapshot({ inspect }: Pick<Queue, "inspect">, charges?: readonly Charge[]): Promise<Snapshot> {
  return {
    orders: await inspect.table(orders).all(),
    stock: await inspect.table(stock).all(),
    reservations: await inspect.table(reservations).all(),
    receipts: await inspect.table(receipts).all(),
    payments: await inspect.table(payments).all(),
    operations: await inspect.table(operations).all(),
    events: await eventsAfter(inspect, 0),
    ...(charges === undefined ? {} : { charges }),
  };
}
