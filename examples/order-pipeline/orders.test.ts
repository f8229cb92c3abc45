import { afterEach, describe, expect, test } from "vitest";
import { getOrder } from "./endpoints/get-order.ts";
import { orderCancelled, orderConfirmed, orderPlaced, stockChanged, stockReserved } from "./events.ts";
import { openShop, price, type Shop, type ShopOptions } from "./test-shop.ts";
import { orders } from "./tables.ts";

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

describe("placing an order", () => {
  test("an order exists as PENDING before anything is held or charged", async () => {
    await open();
    const answer = await shop.place("order-001", [{ sku: "apple", quantity: 2 }]);
    expect(answer).toMatchObject({
      status: 202,
      headers: { location: "/orders/order-001" },
      body: { id: "order-001", state: "PENDING", total: 2 * price, captured: 0 },
    });
    expect(shop.stock("apple").reserved).toBe(0);
    expect(shop.provider.calls.authorize).toBe(0);
    await shop.rest();
  });

  test("it is reserved, paid and confirmed, and each step is told", async () => {
    await open();
    await shop.place("order-001", [{ sku: "apple", quantity: 2 }]);
    await shop.rest();
    expect(shop.order("order-001")).toMatchObject({ state: "CONFIRMED", reason: "none" });
    expect(shop.payment("order-001")).toMatchObject({ authorized: 2 * price, captured: 2 * price, refunded: 0, voided: 0, openOperation: "" });
    expect(shop.stock("apple")).toMatchObject({ received: 10, onHand: 8, reserved: 0 });
    expect(shop.reservationStates("order-001")).toEqual(["committed"]);
    expect(shop.t.emitted(orderPlaced)).toHaveLength(1);
    expect(shop.t.emitted(stockReserved)).toHaveLength(1);
    expect(shop.t.emitted(orderConfirmed).map((event) => event.data)).toEqual([{ orderId: "order-001", total: 2 * price, currency: "EUR" }]);
  });

  test("the price is the shop's: a price in the body is refused", async () => {
    await open();
    const answer = await shop.place("order-001", [], { body: { items: [{ sku: "apple", quantity: 1, unitPrice: 1 }] } });
    expect(answer.status).toBe(400);
    expect(shop.t.table(orders).all()).toEqual([]);
  });

  test.each([
    ["no items", { items: [] }],
    ["a quantity of nothing", { items: [{ sku: "apple", quantity: 0 }] }],
    ["half an apple", { items: [{ sku: "apple", quantity: 0.5 }] }],
    ["a card number in place of a token", { paymentMethod: "4242424242424242" }],
    ["no e-mail address", { customer: { name: "Ada", email: "ada", address: "London" } }],
    ["an order id that is too short", { orderId: "o1" }],
    ["a field that nobody declared", { _postDeployTestForceResult: "success" }],
  ])("%s is refused with the reason, and nothing is stored", async (_what, body) => {
    await open();
    const answer = await shop.place("order-001", [{ sku: "apple", quantity: 1 }], { body });
    expect(answer.status).toBe(400);
    expect(shop.t.table(orders).all()).toEqual([]);
    expect(shop.t.emitted(orderPlaced)).toEqual([]);
  });

  test("a product that does not exist is named", async () => {
    await open();
    expect(await shop.place("order-001", [{ sku: "plum", quantity: 1 }])).toMatchObject({ status: 422, body: { type: "problems/product-unknown" } });
  });

  test("more of one product than an order may hold is refused, also when it is spread over lines", async () => {
    await open();
    const items = [
      { sku: "apple", quantity: 600 },
      { sku: "apple", quantity: 600 },
    ];
    expect(await shop.place("order-001", items)).toMatchObject({ status: 422, body: { type: "problems/quantity-too-large" } });
  });
});

describe("sending an order again", () => {
  test("with the same key gives the first answer", async () => {
    await open();
    const items = [{ sku: "apple", quantity: 1 }];
    const first = await shop.place("order-001", items, { idempotencyKey: "key-1" });
    const again = await shop.place("order-001", items, { idempotencyKey: "key-1" });
    expect(again).toEqual({ ...first, replayed: true });
    await shop.rest();
    expect(shop.t.emitted(orderPlaced)).toHaveLength(1);
    expect(shop.provider.calls.capture).toBe(1);
  });

  test("without the key gives the same order, by its own id", async () => {
    await open();
    await shop.place("order-001", [{ sku: "apple", quantity: 1 }]);
    await shop.rest();
    const again = await shop.place("order-001", [{ sku: "apple", quantity: 1 }]);
    expect(again).toMatchObject({ status: 200, body: { id: "order-001", state: "CONFIRMED" } });
    expect(shop.t.emitted(orderPlaced)).toHaveLength(1);
    expect(shop.stock("apple").onHand).toBe(9);
  });

  test("with the same key and another body is refused", async () => {
    await open();
    await shop.place("order-001", [{ sku: "apple", quantity: 1 }], { idempotencyKey: "key-1" });
    expect(await shop.place("order-001", [{ sku: "apple", quantity: 2 }], { idempotencyKey: "key-1" })).toMatchObject({
      status: 422,
      body: { code: "REQUEST_MISMATCH" },
    });
    await shop.rest();
  });

  test("with the same id and another content, or by somebody else, is refused and shows nothing", async () => {
    await open();
    await shop.place("order-001", [{ sku: "apple", quantity: 1 }]);
    const other = await shop.place("order-001", [{ sku: "apple", quantity: 2 }]);
    const stranger = await shop.place("order-001", [{ sku: "apple", quantity: 1 }], { principal: "eve" });
    expect(other).toMatchObject({ status: 409, body: { type: "problems/order-id-taken" } });
    expect(stranger).toEqual(other);
    await shop.rest();
  });
});

describe("reserving stock", () => {
  test("two lines of one SKU are one demand", async () => {
    await open({ units: { apple: 3 } });
    const items = [
      { sku: "apple", quantity: 2 },
      { sku: "apple", quantity: 2 },
    ];
    await shop.place("order-001", items);
    await shop.rest();
    expect(shop.order("order-001")).toMatchObject({
      state: "CANCELLED",
      reason: "sold_out",
      detail: "sold out (apple: 4 wanted, 3 left)",
      lines: [{ sku: "apple", quantity: 4, unitPrice: price }],
    });
    expect(shop.stock("apple")).toMatchObject({ onHand: 3, reserved: 0 });
  });

  test("all products of an order are held, or none", async () => {
    await open({ units: { apple: 5, pear: 1 } });
    const items = [
      { sku: "pear", quantity: 2 },
      { sku: "apple", quantity: 2 },
    ];
    await shop.place("order-001", items);
    await shop.rest();
    expect(shop.order("order-001").state).toBe("CANCELLED");
    expect(shop.reservationStates("order-001")).toEqual([]);
    expect(shop.stock("apple").version).toBe(1);
    expect(shop.t.emitted(orderCancelled).map((event) => event.data.reason)).toEqual(["sold_out"]);
    expect(shop.provider.calls.authorize).toBe(0);
  });

  test("a product without stock is sold out, not an error", async () => {
    await open({ units: { apple: 0 } });
    await shop.place("order-001", [{ sku: "apple", quantity: 1 }]);
    await shop.rest();
    expect(shop.order("order-001").detail).toBe("sold out (apple: 1 wanted, 0 left)");
  });

  test("every change of stock is told, with an id and a version of its own", async () => {
    await open({ units: { apple: 5 } });
    await shop.place("order-001", [{ sku: "apple", quantity: 2 }]);
    await shop.rest();
    const changes = shop.t.emitted(stockChanged).map(({ key, data }) => ({ key, id: data.id, cause: data.cause, available: data.available }));
    expect(changes).toEqual([
      { key: "apple", id: "apple@1", cause: "received", available: 5 },
      { key: "apple", id: "apple@2", cause: "held", available: 3 },
      { key: "apple", id: "apple@3", cause: "committed", available: 3 },
    ]);
  });

  test("goods that come in are booked once per receipt, and another quantity under it is refused", async () => {
    await open({ units: { apple: 5 } });
    expect((await shop.receive("apple", 7, "delivery-2")).status).toBe(201);
    expect(await shop.receive("apple", 7, "delivery-2")).toMatchObject({ status: 200, body: { onHand: 12 } });
    expect((await shop.receive("apple", 8, "delivery-2")).status).toBe(409);
    expect((await shop.receive("plum", 8)).status).toBe(404);
    expect(shop.stock("apple")).toMatchObject({ received: 12, onHand: 12 });
  });
});

describe("looking at an order", () => {
  test("shows it to whoever placed it, without name, e-mail and address", async () => {
    await open();
    await shop.place("order-001", [{ sku: "apple", quantity: 1 }]);
    await shop.rest();
    const answer = await shop.t.invoke(getOrder, { principal: "ada", params: { id: "order-001" } });
    expect(answer).toMatchObject({ status: 200, body: { state: "CONFIRMED", captured: price } });
    expect(JSON.stringify(answer.body)).not.toMatch(/Lovelace|example\.com|London/);
  });

  test("answers a stranger as if it did not exist", async () => {
    await open();
    await shop.place("order-001", [{ sku: "apple", quantity: 1 }]);
    await shop.rest();
    const stranger = await shop.t.invoke(getOrder, { principal: "eve", params: { id: "order-001" } });
    const absent = await shop.t.invoke(getOrder, { principal: "eve", params: { id: "order-999" } });
    expect(stranger).toEqual(absent);
    expect(stranger.status).toBe(404);
  });
});
