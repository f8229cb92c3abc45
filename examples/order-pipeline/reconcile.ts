/** Rebuilds the stock counters from the rows that they count, and reports where they differ. */
import type { Receipt, Reservation, Stock } from "./tables.ts";

/** A counter that is not what its rows add up to. */
export interface Difference {
  readonly sku: string;
  readonly counter: "received" | "onHand" | "reserved";
  readonly stored: number;
  readonly rebuilt: number;
}

export interface Reconciliation {
  readonly differences: readonly Difference[];
  /** The counters as the rows say. The version is one higher where something differed. */
  readonly rebuilt: readonly Stock[];
}

const counters = ["received", "onHand", "reserved"] as const;

/** Pure: reads all rows that it is given, changes none. */
export function reconcile(stock: readonly Stock[], reservations: readonly Reservation[], receipts: readonly Receipt[]): Reconciliation {
  const received = new Map<string, number>();
  const held = new Map<string, number>();
  const sold = new Map<string, number>();
  const add = (sums: Map<string, number>, sku: string, quantity: number): void => void sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  for (const receipt of receipts) add(received, receipt.sku, receipt.quantity);
  for (const { state, sku, quantity } of reservations) {
    if (state === "held") add(held, sku, quantity);
    if (state === "committed") add(sold, sku, quantity);
  }
  const stored = new Map(stock.map((row) => [row.sku, row]));
  const skus = [...new Set([...stored.keys(), ...received.keys(), ...held.keys(), ...sold.keys()])].sort();
  const differences: Difference[] = [];
  const rebuilt = skus.map((sku): Stock => {
    const row = stored.get(sku) ?? { sku, received: 0, onHand: 0, reserved: 0, version: 0 };
    const receivedUnits = received.get(sku) ?? 0;
    const counts = { received: receivedUnits, onHand: receivedUnits - (sold.get(sku) ?? 0), reserved: held.get(sku) ?? 0 };
    const wrong = counters.filter((counter) => row[counter] !== counts[counter]);
    for (const counter of wrong) differences.push({ sku, counter, stored: row[counter], rebuilt: counts[counter] });
    return { ...row, ...counts, version: row.version + (wrong.length > 0 ? 1 : 0) };
  });
  return { differences, rebuilt };
}
