import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reconcile } from "./reconcile.ts";
import { available, change, demand, held, received, settled } from "./stock.ts";
import type { Receipt, Reservation, Stock } from "./tables.ts";

const row: Stock = { sku: "apple", received: 10, onHand: 10, reserved: 4, version: 3 };
const reservation: Reservation = { orderId: "order-001", sku: "apple", quantity: 4, state: "held", heldAt: 1 };

describe("the counters", () => {
  test("hold what is available, and no more", () => {
    expect(held(row, 6)).toEqual({ ...row, reserved: 10, version: 4 });
    expect(held(row, 7)).toBeUndefined();
  });

  test("lose what is sold from the shelf and from what is held", () => {
    expect(settled(reservation, row, "committed", 9)).toEqual({
      reservation: { ...reservation, state: "committed", settledAt: 9 },
      row: { ...row, onHand: 6, reserved: 0, version: 4 },
    });
  });

  test.each(["released", "expired"] as const)("get back what is %s", (to) => {
    expect(settled(reservation, row, to, 9)).toEqual({ reservation: { ...reservation, state: to, settledAt: 9 }, row: { ...row, reserved: 0, version: 4 } });
  });

  test.each(["committed", "released", "expired"] as const)("never move for a reservation that is %s", (state) => {
    expect(() => settled({ ...reservation, state, settledAt: 2 }, row, "released", 9)).toThrow("cannot become");
  });

  test("begin with the first receipt", () => {
    expect(received(undefined, "apple", 5)).toEqual({ sku: "apple", received: 5, onHand: 5, reserved: 0, version: 1 });
  });

  test("are told with what is available", () => {
    expect(change(row, "held", "order-001")).toMatchObject({ id: "apple@3", available: 6, cause: "held", orderId: "order-001" });
    expect(change(row, "received")).not.toHaveProperty("orderId");
  });
});

test("a demand has each SKU once, in order, with all of its units", () => {
  const item = fc.record({ sku: fc.constantFrom("a", "b", "c"), quantity: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(item), (items) => {
      const wanted = demand(items);
      expect(wanted.map((one) => one.sku)).toEqual([...new Set(items.map((one) => one.sku))].sort());
      expect(wanted.reduce((sum, one) => sum + one.quantity, 0)).toBe(items.reduce((sum, one) => sum + one.quantity, 0));
    }),
  );
});

describe("reconciliation", () => {
  const receipts: readonly Receipt[] = [{ sku: "apple", receiptId: "r", quantity: 10, at: 0 }];
  const sold: Reservation = { ...reservation, orderId: "order-002", quantity: 3, state: "committed", settledAt: 2 };
  const right: Stock = { sku: "apple", received: 10, onHand: 7, reserved: 4, version: 3 };

  test("finds nothing where the counters are what their rows add up to", () => {
    expect(reconcile([right], [reservation, sold], receipts)).toEqual({ differences: [], rebuilt: [right] });
    expect(available(right)).toBe(3);
  });

  test("reports each counter that differs, and rebuilds it", () => {
    const wrong = { ...right, onHand: 9, reserved: -2 };
    expect(reconcile([wrong], [reservation, sold], receipts)).toEqual({
      differences: [
        { sku: "apple", counter: "onHand", stored: 9, rebuilt: 7 },
        { sku: "apple", counter: "reserved", stored: -2, rebuilt: 4 },
      ],
      rebuilt: [{ ...right, version: 4 }],
    });
  });

  test("rebuilds a counter row that is missing", () => {
    expect(reconcile([], [reservation, sold], receipts).rebuilt).toEqual([{ ...right, version: 1 }]);
  });
});
