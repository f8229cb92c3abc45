import { describe, expect, test } from "vitest";
import { booked, closed, openLedger, orderOfKey, owed, request } from "./payment.ts";
import { orderNeedsAttention } from "./events.ts";
import { openShop, price } from "./test-shop.ts";
import type { Payment } from "./tables.ts";

const ledger: Payment = { ...openLedger({ id: "order-001", currency: "EUR", total: 100 }), authorized: 100, authorization: "ref" };

describe("the ledger", () => {
  test("opens empty", () => {
    expect(openLedger({ id: "order-001", currency: "EUR", total: 100 })).toMatchObject({ total: 100, authorized: 0, captured: 0, openOperation: "" });
  });

  test("numbers the operations of each kind, one at a time", () => {
    const first = request(ledger, "capture", 100, 5);
    expect(first.operation).toMatchObject({ key: "order:order-001:capture:1", number: 1, round: 1, state: "requested", requestedAt: 5 });
    expect(() => request(first.payment, "refund", 100, 6)).toThrow("still under way");
    expect(request(closed(first.payment, first.operation.key), "capture", 100, 6, 2).operation).toMatchObject({ key: "order:order-001:capture:2", round: 2 });
    expect(closed(first.payment, "order:order-001:capture:9").openOperation).toBe(first.operation.key);
  });

  test.each([
    ["capture", 100, { captured: 100 }],
    ["void", 100, { voided: 100 }],
    ["capture", 101, undefined],
    ["refund", 1, undefined],
    ["authorize", 1, undefined],
  ] as const)("books a %s of %i only where it can hold it", (kind, amount, expected) => {
    const after = booked(ledger, request(ledger, kind, amount, 0).operation, "ref");
    if (expected === undefined) expect(after).toBeUndefined();
    else expect(after).toMatchObject(expected);
  });

  test("owes a void of what is held, a refund of what was kept, and nothing after that", () => {
    expect(owed(ledger)).toEqual({ kind: "void", amount: 100 });
    expect(owed({ ...ledger, voided: 100 })).toBeUndefined();
    expect(owed({ ...ledger, captured: 100, refunded: 40 })).toEqual({ kind: "refund", amount: 60 });
    expect(owed({ ...ledger, captured: 100, refunded: 100 })).toBeUndefined();
  });
});

test.each([
  ["order:order-001:refund:12", "order-001"],
  ["order:order-001:refund:0", undefined],
  ["order:order-001:steal:1", undefined],
  ["order:o:refund:1", undefined],
])("the key %s belongs to %s", (key, orderId) => {
  expect(orderOfKey(key)).toBe(orderId);
});

test("a provider that reports two authorizations done is not believed in silence: the order needs attention, the ledger stays sound", async () => {
  const shop = await openShop();
  shop.provider.next("authorize", async (_request, proceed) => {
    await proceed();
    return { outcome: "failed", reason: "it says that nothing was done" };
  });
  await shop.place("order-001", [{ sku: "apple", quantity: 1 }]);
  await shop.rest();
  expect(shop.order("order-001").state).toBe("CONFIRMED");
  await shop.notify();
  await shop.rest();
  expect(shop.operation("order:order-001:authorize:1").state).toBe("disputed");
  expect(shop.order("order-001")).toMatchObject({ state: "NEEDS_ATTENTION", interrupted: "CONFIRMED" });
  expect(shop.payment("order-001")).toMatchObject({ authorized: price, captured: price });
  expect(shop.t.emitted(orderNeedsAttention)).toHaveLength(1);
  expect((await shop.violations()).map((violation) => violation.rule)).toEqual(["ledger-equals-provider"]);
  await shop.t.close();
});
