import { afterEach, describe, expect, test } from "vitest";
import { holdExpiryDue, orderCancelled, orderExpired, orderNeedsAttention, orderRefunded, stockChanged } from "./events.ts";
import { defaultPolicy } from "./policy.ts";
import { declined, lost, openShop, price, silent, testProvider, type Shop, type ShopOptions } from "./test-shop.ts";
import { orders } from "./tables.ts";

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

describe("a cancellation", () => {
  test("before anything is held ends the order at once", async () => {
    await open();
    await shop.t.queue.operate.pause("keep-stock", { reason: "test" });
    await shop.place(id, apples);
    expect(await shop.cancel(id)).toMatchObject({ status: 200, body: { state: "CANCELLED", reason: "cancelled_by_customer" } });
    await shop.t.queue.operate.resume("keep-stock", { reason: "test" });
    await shop.rest();
    expect(shop.order(id).state).toBe("CANCELLED");
    expect(shop.stock("apple").version).toBe(1);
    expect(shop.provider.calls.authorize).toBe(0);
  });

  test("before the authorization is sent charges nobody", async () => {
    await open();
    await shop.t.queue.operate.pause("send-payment", { reason: "test" });
    await shop.place(id, apples);
    await shop.t.settle();
    expect((await shop.cancel(id)).status).toBe(202);
    await shop.t.queue.operate.resume("send-payment", { reason: "test" });
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CANCELLED", reason: "cancelled_by_customer" });
    expect(shop.operation(`order:${id}:authorize:1`).state).toBe("abandoned");
    expect(shop.provider.book.charges).toEqual([]);
  });

  test("while the card is being authorized wins, and the authorization is let go", async () => {
    await open();
    shop.provider.next("authorize", async (_request, proceed) => {
      const result = await proceed();
      await shop.cancel(id);
      return result;
    });
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CANCELLED", reason: "cancelled_by_customer" });
    expect(shop.payment(id)).toMatchObject({ authorized: total, captured: 0, voided: total });
    expect(shop.stock("apple")).toMatchObject({ onHand: 10, reserved: 0 });
  });

  test("while the money is being captured wins, and the money goes back by itself", async () => {
    await open();
    shop.provider.next("capture", async (_request, proceed) => {
      const result = await proceed();
      await shop.cancel(id);
      return result;
    });
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "REFUNDED", reason: "cancelled_by_customer" });
    expect(shop.payment(id)).toMatchObject({ captured: total, refunded: total });
    expect(shop.reservationStates(id)).toEqual(["released"]);
    expect(shop.t.emitted(orderRefunded)).toHaveLength(1);
  });

  test("while the card is being declined waits for the stock before the order ends", async () => {
    await open();
    shop.provider.next("authorize", async (request, proceed) => {
      await shop.t.queue.operate.pause("keep-stock", { reason: "test" });
      await shop.cancel(id);
      return declined(request, proceed);
    });
    await shop.place(id, apples);
    await shop.t.settle();
    expect(shop.order(id)).toMatchObject({ state: "CLOSING", stockReleased: false });
    await shop.t.queue.operate.resume("keep-stock", { reason: "test" });
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CANCELLED", reason: "cancelled_by_customer", stockReleased: true });
    expect(shop.reservationStates(id)).toEqual(["released"]);
  });

  test("after the confirmation loses, and is told the way out", async () => {
    await open();
    await shop.place(id, apples);
    await shop.rest();
    expect(await shop.cancel(id)).toMatchObject({ status: 409, body: { type: "problems/order-confirmed" } });
    expect(shop.order(id).state).toBe("CONFIRMED");
  });

  test("sent twice cancels once and releases once", async () => {
    await open();
    await shop.t.queue.operate.pause("send-payment", { reason: "test" });
    await shop.place(id, apples);
    await shop.t.settle();
    await shop.cancel(id);
    expect((await shop.cancel(id)).status).toBe(200);
    await shop.t.queue.operate.resume("send-payment", { reason: "test" });
    await shop.rest();
    expect((await shop.cancel(id)).status).toBe(200);
    expect(shop.t.emitted(orderCancelled)).toHaveLength(1);
    expect(shop.t.emitted(stockChanged).filter((event) => event.data.cause === "released")).toHaveLength(1);
  });

  test("of somebody else's order is refused as if it did not exist", async () => {
    await open();
    await shop.place(id, apples, { principal: "eve" });
    expect((await shop.cancel(id)).status).toBe(404);
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
  });

  test("of an order whose payment is unresolved gives the stock back, and still needs attention", async () => {
    await open({ policy: { mostLookups: 1 } });
    shop.provider.next("capture", silent);
    shop.provider.next("lookup", lost);
    await shop.place(id, apples);
    await shop.rest();
    await shop.cancel(id);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "NEEDS_ATTENTION", interrupted: "CLOSING" });
    expect(shop.stock("apple").reserved).toBe(0);
    await shop.notify();
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "REFUNDED", reason: "cancelled_by_customer" });
  });
});

describe("a hold", () => {
  /** An order whose authorization is asked for and stays unanswered for longer than the hold lasts. */
  async function unanswered(): Promise<void> {
    await open({ policy: { lookupAfter: 60 * 60_000 } });
    shop.provider.next("authorize", silent);
    await shop.place(id, apples);
    await shop.t.settle();
  }

  test("is made longer once, when the payment starts", async () => {
    await unanswered();
    const { placedAt, holdExpiresAt, holdExtended } = shop.order(id);
    expect(holdExtended).toBe(true);
    expect(holdExpiresAt - placedAt).toBe(defaultPolicy.holdForPayment);
    await shop.t.pass("14m");
    expect(shop.order(id).state).toBe("RESERVED");
    await shop.t.pass("61m");
    await shop.rest();
  });

  test("that runs out gives the stock back and ends the order as expired; late money is let go", async () => {
    await unanswered();
    await shop.t.pass("16m");
    expect(shop.order(id)).toMatchObject({ state: "CLOSING", reason: "hold_expired" });
    expect(shop.reservationStates(id)).toEqual(["expired"]);
    expect(shop.stock("apple")).toMatchObject({ onHand: 10, reserved: 0 });
    await shop.t.pass("61m");
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "EXPIRED", reason: "hold_expired" });
    expect(shop.payment(id)).toMatchObject({ authorized: total, captured: 0, voided: total });
    expect(shop.t.emitted(orderExpired)).toHaveLength(1);
  });

  test("that ran out cannot be paid by a late notification: the authorization goes back", async () => {
    await unanswered();
    await shop.t.pass("16m");
    await shop.notify();
    await shop.rest();
    expect(shop.order(id).state).toBe("EXPIRED");
    expect(shop.payment(id)).toMatchObject({ captured: 0, voided: total });
    await shop.t.pass("61m");
  });

  test("told twice, too early and after the end is released once", async () => {
    await unanswered();
    await shop.t.publish(holdExpiryDue, { orderId: id });
    await shop.t.settle();
    expect(shop.order(id).state).toBe("RESERVED");
    await shop.t.pass("16m");
    await shop.t.publish(holdExpiryDue, { orderId: id });
    await shop.t.pass("61m");
    await shop.t.publish(holdExpiryDue, { orderId: id });
    await shop.rest();
    expect(shop.t.emitted(stockChanged).filter((event) => event.data.cause === "expired")).toHaveLength(1);
  });

  test("that nobody closed is found by the sweep, again and again", async () => {
    await unanswered();
    await shop.t.queue.operate.pause("expire-hold", { reason: "test" });
    await shop.t.pass("14m");
    const own = shop.t.emitted(holdExpiryDue).length;
    await shop.t.pass("2m");
    expect(shop.order(id).state).toBe("RESERVED");
    expect(shop.t.emitted(holdExpiryDue).length).toBeGreaterThan(own + 1);
    await shop.t.queue.operate.resume("expire-hold", { reason: "test" });
    await shop.t.settle();
    expect(shop.order(id).reason).toBe("hold_expired");
    await shop.t.pass("61m");
    await shop.rest();
  });

  test("does not run out while the money is being captured: the stock is confirmed", async () => {
    await open({ policy: { lookupAfter: 20 * 60_000 } });
    shop.provider.next("capture", silent);
    await shop.place(id, apples);
    await shop.t.settle();
    await shop.t.pass("19m");
    expect(shop.order(id).state).toBe("CAPTURING");
    expect(shop.stock("apple").reserved).toBe(2);
    await shop.t.pass("2m");
    expect(shop.order(id).state).toBe("CONFIRMED");
  });
});

describe("money that comes after the end", () => {
  test("for an order that was cancelled opens it again and goes back", async () => {
    await open();
    // The provider declines, and later it turns out that it had held the money.
    shop.provider.next("authorize", async (_request, proceed) => {
      await proceed();
      return { outcome: "declined", reason: "do_not_honor" };
    });
    await shop.place(id, apples);
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CANCELLED", reason: "payment_declined" });
    await shop.notify();
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "CANCELLED", reason: "payment_declined" });
    expect(shop.payment(id)).toMatchObject({ authorized: total, voided: total });
    expect(shop.t.emitted(orderCancelled)).toHaveLength(1);
  });

  test("captured at once, after the hold ran out, is refunded by itself as a late payment", async () => {
    await open({ policy: { lookupAfter: 60 * 60_000 }, provider: testProvider({ immediate: 1 }) });
    shop.provider.next("authorize", silent);
    await shop.place(id, apples);
    await shop.t.settle();
    await shop.t.pass("16m");
    expect(shop.reservationStates(id)).toEqual(["expired"]);
    await shop.t.pass("61m");
    await shop.rest();
    expect(shop.order(id)).toMatchObject({ state: "REFUNDED", reason: "late_payment" });
    expect(shop.payment(id)).toMatchObject({ captured: total, refunded: total });
    expect(shop.t.emitted(orderRefunded).map((event) => event.data.reason)).toEqual(["late_payment"]);
  });

  test("for a unit that was sold to somebody else meanwhile never sells it twice", async () => {
    await open({ units: { apple: 2 }, policy: { lookupAfter: 60 * 60_000 }, provider: testProvider({ immediate: 1 }) });
    shop.provider.next("authorize", silent);
    await shop.place(id, apples);
    await shop.t.settle();
    await shop.t.pass("16m");
    await shop.place("order-002", apples);
    await shop.t.settle();
    expect(shop.order("order-002").state).toBe("CONFIRMED");
    await shop.notify();
    await shop.t.pass("61m");
    expect(shop.order(id).state).toBe("REFUNDED");
    expect(shop.stock("apple")).toMatchObject({ onHand: 0, reserved: 0 });
  });
});

describe("an order that nothing moves", () => {
  test("needs attention after a while, and goes on where it was", async () => {
    await open();
    shop.provider.next("capture", async (_request, proceed) => {
      const result = await proceed();
      await shop.t.queue.operate.pause("keep-stock", { reason: "test" });
      return result;
    });
    await shop.place(id, apples);
    await shop.t.settle();
    await shop.t.pass("31m");
    expect(shop.order(id)).toMatchObject({ state: "NEEDS_ATTENTION", interrupted: "CAPTURING", detail: "it has been CAPTURING for too long" });
    expect(shop.t.emitted(orderNeedsAttention)).toHaveLength(1);
    await shop.t.queue.operate.resume("keep-stock", { reason: "test" });
    await shop.rest();
    expect(shop.order(id).state).toBe("CONFIRMED");
  });
});

describe("buyers at once", () => {
  test("one unit and many orders: one is confirmed, each loser is told why", async () => {
    await open({ units: { apple: 1 } });
    await Promise.all(Array.from({ length: 20 }, (_, index) => shop.place(`order-${String(index).padStart(3, "0")}`, [{ sku: "apple", quantity: 1 }])));
    await shop.rest();
    const all = shop.t.table(orders).all();
    expect(all.filter((order) => order.state === "CONFIRMED")).toHaveLength(1);
    expect(all.filter((order) => order.state === "CANCELLED" && order.reason === "sold_out")).toHaveLength(19);
    expect(shop.stock("apple")).toMatchObject({ onHand: 0, reserved: 0 });
  });

  test("one order sent by many at once is one order", async () => {
    await open();
    const answers = await Promise.all(Array.from({ length: 10 }, () => shop.place(id, apples)));
    await shop.rest();
    expect(answers.map((answer) => answer.status).sort()).toEqual([...Array<number>(9).fill(200), 202]);
    expect(shop.stock("apple").onHand).toBe(8);
  });

  test("a unit that a declined card gives back can be sold again", async () => {
    await open({ units: { apple: 2 } });
    shop.provider.next("authorize", declined);
    await shop.place(id, apples);
    await shop.rest();
    await shop.place("order-002", apples);
    await shop.rest();
    expect([shop.order(id).state, shop.order("order-002").state]).toEqual(["CANCELLED", "CONFIRMED"]);
  });
});
