import { afterEach, describe, expect, test } from "vitest";
import { paymentWebhook } from "./endpoints/payment-webhook.ts";
import { resumeOrder } from "./endpoints/resume-order.ts";
import { orderCancelled, orderNeedsAttention, orderRefunded, paymentFailed, paymentNotified } from "./events.ts";
import { declined, failed, lost, openShop, price, silent, testProvider, type Shop, type ShopOptions } from "./test-shop.ts";
import { operations } from "./tables.ts";

const id = "order-001";
const apples = [{ sku: "apple", quantity: 2 }];
const total = 2 * price;

let shop: Shop;
async function open(options?: ShopOptions): Promise<Shop> {
  shop = await openShop(options);
  return shop;
}
afterEach(async () => {
  expect(await shop.violations()).toEqual([]);
  expect(shop.t.deadLetters()).toEqual([]);
  await shop.t.close();
});

function keys(): readonly string[] {
  return shop.t
    .table(operations)
    .all()
    .map((row) => `${row.key} ${row.state}`);
}

describe("a card that is declined", () => {
  test("cancels the order, gives the stock back and says why", async () => {
    await open();
    shop.provider.next("authorize", declined);
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CANCELLED", reason: "payment_declined", detail: "the payment did not succeed: card_declined" });
    expect(shop.stock("apple")).toMatchObject({ onHand: 10, reserved: 0 });
    expect(shop.reservationStates(id)).toEqual(["released"]);
    expect(shop.provider.calls).toMatchObject({ authorize: 1, capture: 0, void: 0 });
    expect(shop.t.emitted(orderCancelled)).toHaveLength(1);
  });

  test("at the capture, the authorization is let go and the order cancelled", async () => {
    await open();
    shop.provider.next("capture", declined);
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CANCELLED", reason: "payment_declined" });
    expect(shop.payment(id)).toMatchObject({ authorized: total, captured: 0, voided: total });
    expect(shop.reservationStates(id)).toEqual(["released"]);
  });
});

describe("an unknown outcome", () => {
  test("that was done is found by its key, and charged once", async () => {
    await open();
    shop.provider.next("authorize", silent);
    shop.provider.next("capture", silent);
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
    expect(shop.provider.calls).toMatchObject({ authorize: 1, capture: 1, lookup: 2 });
    expect(keys()).toEqual([`order:${id}:authorize:1 succeeded`, `order:${id}:capture:1 succeeded`]);
  });

  test("that never arrived is sent again under the same key, never under another", async () => {
    await open();
    shop.provider.next("capture", lost);
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
    expect(shop.provider.calls).toMatchObject({ capture: 2, lookup: 1 });
    expect(keys()).toEqual([`order:${id}:authorize:1 succeeded`, `order:${id}:capture:1 succeeded`]);
  });

  test("of an adapter that throws is one too", async () => {
    await open();
    shop.provider.next("authorize", () => Promise.reject(new Error("no such host")));
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
    expect(shop.provider.book.charges).toHaveLength(2);
  });

  test("that stays unknown needs attention, with an alarm, and keeps the stock", async () => {
    await open({ policy: { mostLookups: 3 } });
    shop.provider.next("capture", silent);
    for (let time = 0; time < 3; time += 1) shop.provider.next("lookup", lost);
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({
      state: "NEEDS_ATTENTION",
      interrupted: "CAPTURING",
      detail: `the outcome of order:${id}:capture:1 is still unknown after 3 questions`,
    });
    expect(shop.operation(`order:${id}:capture:1`)).toMatchObject({ state: "unresolved", lookups: 3 });
    expect(shop.t.emitted(orderNeedsAttention)).toHaveLength(1);
    expect(shop.stock("apple").reserved).toBe(2);
  });

  test("of an order that needs attention already raises no second alarm", async () => {
    await open({ policy: { stuckAfter: 1, lookupAfter: 40_000, mostLookups: 2 } });
    shop.provider.next("authorize", silent);
    for (let time = 0; time < 2; time += 1) shop.provider.next("lookup", lost);
    await shop.place(id, apples);
    await shop.t.settle();
    await shop.t.pass("5m");
    expect(shop.operation(`order:${id}:authorize:1`).state).toBe("unresolved");
    expect(shop.order(id).detail).toBe("it has been RESERVED for too long");
    expect(shop.t.emitted(orderNeedsAttention)).toHaveLength(1);
  });

  test("that needed attention goes on by itself when the provider's notification comes", async () => {
    await open({ policy: { mostLookups: 1 } });
    shop.provider.next("capture", silent);
    shop.provider.next("lookup", lost);
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id).state).toBe("NEEDS_ATTENTION");
    await shop.notify();
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CONFIRMED" });
    expect(shop.order(id).interrupted).toBeUndefined();
  });

  test("that needed attention is asked about anew when an operator resumes it", async () => {
    await open({ policy: { mostLookups: 1 } });
    shop.provider.next("authorize", silent);
    shop.provider.next("lookup", lost);
    await shop.place(id, apples);
    await shop.rest();
    expect((await shop.t.invoke(resumeOrder, { principal: "operator", params: { id } })).status).toBe(202);
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
  });
});

test("a resumed order gets all of its questions again", async () => {
  await open({ policy: { mostLookups: 3 } });
  shop.provider.next("capture", silent);
  for (let time = 0; time < 5; time += 1) shop.provider.next("lookup", lost);
  await shop.place(id, apples);
  await shop.rest();
  expect(shop.order(id).state).toBe("NEEDS_ATTENTION");
  await shop.t.invoke(resumeOrder, { principal: "operator", params: { id } });
  await shop.rest();
  expect(shop.order(id).state).toBe("CONFIRMED");
  expect(shop.provider.calls.lookup).toBe(6);
});

describe("a known failure of the provider", () => {
  test("is tried again under the next number", async () => {
    await open();
    shop.provider.next("authorize", failed);
    shop.provider.next("authorize", failed);
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
    expect(keys()).toEqual([
      `order:${id}:authorize:1 failed`,
      `order:${id}:authorize:2 failed`,
      `order:${id}:authorize:3 succeeded`,
      `order:${id}:capture:1 succeeded`,
    ]);
  });

  test("that does not end cancels the order: nothing was charged", async () => {
    await open();
    for (let time = 0; time < 3; time += 1) shop.provider.next("authorize", failed);
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CANCELLED", reason: "payment_failed" });
    expect(shop.provider.calls.authorize).toBe(3);
  });

  test("of a void needs attention, and an operator's resume sends it again", async () => {
    await open();
    shop.provider.next("capture", declined);
    for (let time = 0; time < 3; time += 1) shop.provider.next("void", failed);
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "NEEDS_ATTENTION", interrupted: "CLOSING", detail: "the void did not succeed: provider_unavailable" });
    expect(shop.stock("apple").reserved).toBe(0);
    await shop.t.invoke(resumeOrder, { principal: "operator", params: { id } });
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CANCELLED", reason: "payment_declined" });
    expect(shop.payment(id).voided).toBe(total);
  });
});

test("a failure that is told again while the next try is under way decides nothing", async () => {
  await open({ policy: { lookupAfter: 60 * 60_000 } });
  shop.provider.next("capture", declined);
  for (let time = 0; time < 3; time += 1) shop.provider.next("void", failed);
  await shop.place(id, apples);
  await shop.rest();
  shop.provider.next("void", silent);
  await shop.t.invoke(resumeOrder, { principal: "operator", params: { id } });
  await shop.t.settle();
  await shop.t.publish(paymentFailed, { orderId: id, operationKey: `order:${id}:void:3`, kind: "void", declined: false, reason: "provider_unavailable" });
  await shop.t.settle();
  expect(shop.order(id).state).toBe("CLOSING");
  await shop.t.pass("61m");
  expect(shop.order(id).state).toBe("CANCELLED");
});

describe("notifications", () => {
  test("that come twice are stored once, and change nothing that is settled", async () => {
    await open();
    await shop.place(id, apples);
    await shop.rest();
    const [notification] = shop.provider.takeNotifications();
    await shop.t.invoke(paymentWebhook, { principal: "simulated", body: notification });
    await shop.t.invoke(paymentWebhook, { principal: "simulated", body: notification });
    await shop.rest();
    expect(shop.t.emitted(paymentNotified)).toHaveLength(1);
    expect(shop.provider.calls.lookup).toBe(0);
  });

  test("are not believed: a forged one charges nobody and confirms nothing", async () => {
    await open();
    shop.provider.next("authorize", declined);
    await shop.place(id, apples);
    await shop.rest();
    const forged = { id: "evt_forged", type: "payment.updated", operationKey: `order:${id}:authorize:1`, outcome: "succeeded", amount: 1 };
    expect((await shop.t.invoke(paymentWebhook, { principal: "eve", body: forged })).status).toBe(200);
    await shop.rest();
    expect(shop.order(id).state).toBe("CANCELLED");
    expect(shop.payment(id).authorized).toBe(0);
  });

  test.each([[undefined], ["text"], [{ id: "evt_1", type: "customer.created" }], [{ id: "evt_1", type: "payment.updated", operationKey: "order:;DROP" }]])(
    "of an unknown kind are accepted and not used: %j",
    async (body) => {
      await open();
      expect(await shop.t.invoke(paymentWebhook, { principal: "simulated", body })).toMatchObject({ status: 200, body: { used: false } });
    },
  );

  test("about an operation that was never asked for are noted and change nothing", async () => {
    await open();
    const body = { id: "evt_1", type: "payment.updated", operationKey: "order:order-999:capture:1" };
    expect(await shop.t.invoke(paymentWebhook, { principal: "simulated", body })).toMatchObject({ body: { used: true } });
    await shop.rest();
    expect(shop.t.table(operations).all()).toEqual([]);
  });
});

describe("refunds", () => {
  async function confirmed(): Promise<void> {
    await open();
    await shop.place(id, apples);
    await shop.rest();
  }

  test("of a part leave the order confirmed; the rest ends it as refunded", async () => {
    await confirmed();
    expect((await shop.refund(id, "refund-1", 500)).status).toBe(202);
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
    expect(shop.payment(id)).toMatchObject({ captured: total, refunded: 500 });
    await shop.refund(id, "refund-2");
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "REFUNDED", reason: "refunded", detail: "returned" });
    expect(shop.payment(id).refunded).toBe(total);
    expect(shop.t.emitted(orderRefunded).map((event) => event.data.amount)).toEqual([total]);
    expect(shop.stock("apple").onHand).toBe(8);
  });

  test("asked for twice under one id are made once", async () => {
    await confirmed();
    await shop.refund(id, "refund-1", 500);
    expect((await shop.refund(id, "refund-1", 500)).status).toBe(200);
    await shop.rest();
    expect((await shop.refund(id, "refund-1", 500)).status).toBe(200);
    expect((await shop.refund(id, "refund-1", 400)).status).toBe(409);
    await shop.rest();
    expect(shop.provider.calls.refund).toBe(1);
    expect(shop.payment(id).refunded).toBe(500);
  });

  test("of more than was captured are refused", async () => {
    await confirmed();
    expect((await shop.refund(id, "refund-1", total + 1)).status).toBe(422);
    await shop.refund(id, "refund-2", total - 1);
    await shop.rest();
    expect((await shop.refund(id, "refund-3", 2)).status).toBe(422);
  });

  test("wait for each other: one operation at a time", async () => {
    await confirmed();
    await shop.refund(id, "refund-1", 500);
    expect((await shop.refund(id, "refund-2", 500)).status).toBe(409);
    await shop.rest();
    expect((await shop.refund(id, "refund-2", 500)).status).toBe(202);
    await shop.rest();
    expect(shop.payment(id).refunded).toBe(1_000);
  });

  test("of an order that is not confirmed are refused", async () => {
    await open();
    shop.provider.next("authorize", declined);
    await shop.place(id, apples);
    await shop.rest();
    expect((await shop.refund(id, "refund-1")).status).toBe(409);
    expect((await shop.refund("order-999", "refund-1")).status).toBe(404);
  });

  test("of a part whose outcome stayed unknown need attention until the provider tells", async () => {
    await confirmed();
    shop.provider.next("refund", silent);
    for (let time = 0; time < 9; time += 1) shop.provider.next("lookup", lost);
    await shop.refund(id, "refund-1", 500);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "NEEDS_ATTENTION", interrupted: "CONFIRMED" });
    await shop.notify();
    await shop.rest();
    await shop.notify();
    expect(shop.operation(`order:${id}:refund:1`).state).toBe("unresolved");
    expect((await shop.t.invoke(resumeOrder, { principal: "operator", params: { id } })).status).toBe(202);
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
    expect(shop.payment(id).refunded).toBe(500);
  });

  test("that fail for good need attention; resumed, the order is confirmed again and can be refunded", async () => {
    await confirmed();
    shop.provider.next("refund", declined);
    await shop.refund(id, "refund-1");
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "NEEDS_ATTENTION", interrupted: "CONFIRMED" });
    await shop.t.invoke(resumeOrder, { principal: "operator", params: { id } });
    await shop.refund(id, "refund-2");
    await shop.rest();
    expect(shop.order(id).state).toBe("REFUNDED");
  });
});

describe("a payment method that captures at once", () => {
  test("confirms the order without a second call", async () => {
    await open({ provider: testProvider({ immediate: 1 }) });
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
    expect(shop.payment(id)).toMatchObject({ authorized: total, captured: total });
    expect(shop.provider.calls).toMatchObject({ authorize: 1, capture: 0 });
    expect(keys()).toEqual([`order:${id}:authorize:1 succeeded`, `order:${id}:capture:1 succeeded`]);
  });
});
