/** The checker is checked: a sound shop passes, and each planted fault is found under its own name. */
import { beforeAll, describe, expect, test } from "vitest";
import { checkInvariants } from "./invariants.ts";
import { takeSnapshot, type Snapshot } from "./snapshot.ts";
import { declined, openShop } from "./test-shop.ts";
import type { Order, Payment, PaymentOperation, Reservation, Stock } from "./tables.ts";

let sound: Snapshot;

/** One order confirmed, one partly refunded, one declined, one sold out. */
beforeAll(async () => {
  const shop = await openShop({ units: { apple: 5 } });
  await shop.place("confirmed", [{ sku: "apple", quantity: 1 }]);
  await shop.place("refunded-in-part", [{ sku: "apple", quantity: 1 }]);
  await shop.rest();
  await shop.refund("refunded-in-part", "refund-1", 100);
  shop.provider.next("authorize", declined);
  await shop.place("declined", [{ sku: "apple", quantity: 2 }]);
  await shop.place("sold-out", [{ sku: "apple", quantity: 9 }]);
  await shop.rest();
  sound = await takeSnapshot(shop.t.queue, shop.provider.book.charges);
  await shop.t.close();
});

function order(id: string, change: Partial<Order>): Snapshot {
  return { ...sound, orders: sound.orders.map((row) => (row.id === id ? { ...row, ...change } : row)) };
}
function payment(id: string, change: Partial<Payment>): Snapshot {
  return { ...sound, payments: sound.payments.map((row) => (row.orderId === id ? { ...row, ...change } : row)) };
}
function operation(key: string, change: Partial<PaymentOperation>): Snapshot {
  return { ...sound, operations: sound.operations.map((row) => (row.key === key ? { ...row, ...change } : row)) };
}
function reservation(id: string, change: Partial<Reservation>): Snapshot {
  return { ...sound, reservations: sound.reservations.map((row) => (row.orderId === id ? { ...row, ...change } : row)) };
}
function stock(change: Partial<Stock>): Snapshot {
  return { ...sound, stock: sound.stock.map((row) => ({ ...row, ...change })) };
}
function withoutEvent(type: string): Snapshot {
  const index = sound.events.findIndex((event) => event.type === type);
  return { ...sound, events: sound.events.toSpliced(index, 1) };
}
function eventTwice(type: string): Snapshot {
  return { ...sound, events: [...sound.events, ...sound.events.filter((event) => event.type === type).slice(0, 1)] };
}

test("a sound shop has no violation", () => {
  expect(checkInvariants(sound)).toEqual([]);
  expect(sound.orders.map((row) => row.state).sort()).toEqual(["CANCELLED", "CANCELLED", "CONFIRMED", "CONFIRMED"]);
});

describe("a planted fault is found", () => {
  test.each<[string, () => Snapshot]>([
    ["stock-in-range", () => stock({ onHand: -1 })],
    ["stock-equals-rows", () => stock({ reserved: 1 })],
    ["stock-equals-rows", () => reservation("declined", { state: "held" })],
    ["lines-match-order", () => reservation("confirmed", { state: "released" })],
    ["lines-match-order", () => order("confirmed", { state: "EXPIRED", reason: "hold_expired", detail: "late" })],
    ["all-or-nothing", () => ({ ...sound, reservations: sound.reservations.filter((row) => row.orderId !== "confirmed") })],
    ["total-equals-lines", () => order("confirmed", { total: 1 })],
    ["ledger-exists", () => ({ ...sound, payments: sound.payments.filter((row) => row.orderId !== "confirmed") })],
    ["ledger-in-range", () => payment("confirmed", { refunded: 9_999 })],
    ["confirmed-is-paid", () => payment("confirmed", { captured: 0 })],
    ["closed-owes-nothing", () => payment("declined", { authorized: 2_500 })],
    ["refunded-owes-nothing", () => order("refunded-in-part", { state: "REFUNDED", reason: "refunded", detail: "returned" })],
    ["ledger-equals-operations", () => payment("refunded-in-part", { refunded: 99 })],
    ["once-per-order", () => ({ ...sound, operations: [...sound.operations, ...sound.operations.filter((row) => row.kind === "capture")] })],
    ["numbers-without-gap", () => operation("order:confirmed:capture:1", { number: 2 })],
    [
      "no-charge-on-unknown",
      () => ({
        ...operation("order:declined:authorize:1", { state: "unknown" }),
        operations: [...operation("order:declined:authorize:1", { state: "unknown" }).operations, secondTry()],
      }),
    ],
    ["no-order-is-stuck", () => order("declined", { state: "CLOSING", outcome: "CANCELLED" })],
    ["losers-are-told-why", () => order("declined", { detail: "" })],
    ["rows-have-an-order", () => ({ ...sound, orders: sound.orders.filter((row) => row.id !== "confirmed") })],
    ["charged-once-per-key", () => ({ ...sound, charges: [...(sound.charges ?? []), ...(sound.charges ?? []).slice(0, 1)] })],
    ["captured-once", () => ({ ...sound, charges: [...(sound.charges ?? []), ...secondCapture()] })],
    ["ledger-equals-provider", () => ({ ...sound, charges: (sound.charges ?? []).filter((charge) => charge.kind !== "refund") })],
    ["placed-once", () => withoutEvent("order.placed")],
    ["placed-once", () => eventTwice("order.placed")],
    ["ends-once", () => eventTwice("order.confirmed")],
    ["state-equals-events", () => withoutEvent("order.confirmed")],
    ["state-equals-events", () => order("declined", { reason: "sold_out" })],
    ["state-equals-events", () => stock({ received: 6 })],
    ["no-event-without-state", () => order("confirmed", { state: "RESERVED" })],
    ["no-event-without-state", () => ({ ...sound, events: [...sound.events, { type: "order.placed", data: { orderId: "order-of-nobody" } }] })],
    ["stock-changes-complete", () => withoutEvent("stock.changed")],
    ["stock-changes-complete", () => eventTwice("stock.changed")],
    ["stock-changes-complete", () => stock({ version: 99 })],
    ["events-are-valid", () => ({ ...sound, events: [...sound.events, { type: "stock.changed", data: { sku: "apple" } }] })],
  ])("%s", (rule, plant) => {
    expect(checkInvariants(plant()).map((violation) => violation.rule)).toContain(rule);
  });

  test("but an open order is none while things are moving", () => {
    const moving = order("declined", { state: "CLOSING", outcome: "CANCELLED" });
    expect(checkInvariants(moving, { atRest: false }).map((violation) => violation.rule)).not.toContain("no-order-is-stuck");
  });
});

function secondTry(): PaymentOperation {
  const [first] = sound.operations.filter((row) => row.key === "order:declined:authorize:1");
  if (first === undefined) throw new Error("The declined order has no authorization");
  return { ...first, key: "order:declined:authorize:2", number: 2 };
}

function secondCapture(): NonNullable<Snapshot["charges"]> {
  return (sound.charges ?? []).filter((charge) => charge.kind === "capture").map((charge) => ({ ...charge, key: charge.key.replace(/1$/, "2") }));
}
