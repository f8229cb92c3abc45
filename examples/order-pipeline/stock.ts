/** Moves of the stock counters. Each is made in the commit that changes the reservation or books the goods, and at no other time. */
import type { EventInput } from "pulsequeue";
import type { stockChanged } from "./events.ts";
import type { Line, Reservation, Stock } from "./tables.ts";

export type StockCause = EventInput<typeof stockChanged>["cause"];

/** Units that may still be promised to somebody. */
export function available(row: Stock): number {
  return row.onHand - row.reserved;
}

/** `lines` summed per SKU and sorted by it: two lines of one SKU are one demand, and everybody takes rows in the same order. */
export function demand(lines: readonly Pick<Line, "sku" | "quantity">[]): readonly { readonly sku: string; readonly quantity: number }[] {
  const wanted = new Map<string, number>();
  for (const line of lines) wanted.set(line.sku, (wanted.get(line.sku) ?? 0) + line.quantity);
  return [...wanted].map(([sku, quantity]) => ({ sku, quantity })).sort((left, right) => (left.sku < right.sku ? -1 : 1));
}

export function received(row: Stock | undefined, sku: string, quantity: number): Stock {
  const before = row ?? { sku, received: 0, onHand: 0, reserved: 0, version: 0 };
  return { ...before, received: before.received + quantity, onHand: before.onHand + quantity, version: before.version + 1 };
}

/** The counters once `quantity` more units are held; `undefined` where fewer are available. */
export function held(row: Stock, quantity: number): Stock | undefined {
  return available(row) < quantity ? undefined : { ...row, reserved: row.reserved + quantity, version: row.version + 1 };
}

export interface Settled {
  readonly reservation: Reservation;
  readonly row: Stock;
}

/** Ends a held reservation and moves the counters with it. Throws for one that has ended: a defect of this application. */
export function settled(reservation: Reservation, row: Stock, to: "committed" | "released" | "expired", now: number): Settled {
  if (reservation.state !== "held") throw new Error(`A reservation that is ${reservation.state} cannot become ${to}`);
  const sold = to === "committed" ? reservation.quantity : 0;
  return {
    reservation: { ...reservation, state: to, settledAt: now },
    row: { ...row, onHand: row.onHand - sold, reserved: row.reserved - reservation.quantity, version: row.version + 1 },
  };
}

/** What `stock.changed` says about `row`. */
export function change(row: Stock, cause: StockCause, orderId?: string): EventInput<typeof stockChanged> {
  return {
    id: `${row.sku}@${String(row.version)}`,
    sku: row.sku,
    version: row.version,
    received: row.received,
    onHand: row.onHand,
    reserved: row.reserved,
    available: available(row),
    cause,
    ...(orderId === undefined ? {} : { orderId }),
  };
}
