/** Defects that order systems have had, each as a test: here they cannot come back. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createOrdersApp } from "./app.ts";
import { orderCancelled, paymentRequested } from "./events.ts";
import { orders, reservations } from "./tables.ts";
import { customer, declined, openShop, price, testProvider, type Shop } from "./test-shop.ts";

let shop: Shop | undefined;
async function open(...given: Parameters<typeof openShop>): Promise<Shop> {
  shop = await openShop(...given);
  return shop;
}
afterEach(async () => {
  if (shop === undefined) return;
  expect(await shop.violations()).toEqual([]);
  await shop.t.close();
  shop = undefined;
});

const id = "order-001";

describe("stock", () => {
  test("the quantity is subtracted, not one", async () => {
    const { place, rest, stock } = await open();
    await place(id, [{ sku: "apple", quantity: 4 }]);
    await rest();
    expect(stock("apple").onHand).toBe(6);
  });

  test("what is held for others counts: the check is against onHand less reserved", async () => {
    const { place, t, stock, order, rest } = await open({ units: { apple: 3 } });
    await t.queue.operate.pause("send-payment", { reason: "test" });
    await place(id, [{ sku: "apple", quantity: 2 }]);
    await place("order-002", [{ sku: "apple", quantity: 2 }]);
    await t.settle();
    expect(stock("apple")).toMatchObject({ onHand: 3, reserved: 2 });
    expect(order("order-002")).toMatchObject({ state: "CANCELLED", reason: "sold_out" });
    await t.queue.operate.resume("send-payment", { reason: "test" });
    await rest();
  });

  test("a repeated delivery counts nothing twice", async () => {
    const { place, t, rest, stock } = await open();
    t.deliverTwice();
    await place(id, [{ sku: "apple", quantity: 4 }]);
    await rest();
    expect(stock("apple")).toMatchObject({ onHand: 6, reserved: 0 });
  });

  test("all items of an order are reserved in one commit, or none", async () => {
    const { place, t, rest } = await open({ units: { apple: 5, pear: 5, plum: 0 } });
    const items = ["apple", "pear", "plum"].map((sku) => ({ sku, quantity: 1 }));
    await place(id, items);
    await rest();
    expect(t.table(reservations).all()).toEqual([]);
  });
});

describe("test hooks", () => {
  test("a field that forces the payment's result is refused at the door", async () => {
    const { place, t } = await open();
    const answer = await place(id, [{ sku: "apple", quantity: 1 }], { body: { _postDeployTestForceResult: "PAYMENT_SUCCEEDED" } });
    expect(answer).toMatchObject({ status: 400, body: { code: "PAYLOAD_INVALID" } });
    expect(t.table(orders).all()).toEqual([]);
  });

  test("and with the event", async () => {
    const { t } = await open();
    const data = { orderId: id, operationKey: `order:${id}:authorize:1`, kind: "authorize" as const, amount: 1, currency: "EUR" };
    await expect(t.publish(paymentRequested, { ...data, _postDeployTestForceResult: "PAYMENT_SUCCEEDED" } as typeof data)).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
    });
    await expect(t.publish(paymentRequested, data)).resolves.toBeDefined();
    await t.settle();
  });

  test("an outcome is never drawn by chance: no handler, endpoint or schedule asks for a random number or the machine's clock", () => {
    for (const folder of ["handlers", "endpoints", "schedules"]) {
      for (const name of readdirSync(join(import.meta.dirname, folder))) {
        expect(readFileSync(join(import.meta.dirname, folder, name), "utf8"), name).not.toMatch(/Math\.random|ctx\.random|Date\.now|new Date\(\)|randomUUID/);
      }
    }
  });
});

describe("the door", () => {
  test("no endpoint is public, and the provider's has its own kind of proof", () => {
    const { endpoints } = createOrdersApp({ provider: testProvider() }).topology;
    const auths = Object.fromEntries([...endpoints.values()].map(({ name, auth }) => [name, auth]));
    expect(auths).toEqual({
      "place-order": "api-key",
      "get-order": "api-key",
      "cancel-order": "api-key",
      "payment-webhook": "webhook",
      "refund-order": "jwt",
      "resume-order": "jwt",
      "set-product": "jwt",
      "receive-stock": "jwt",
    });
  });

  test("every body is validated, and the reason names the path", async () => {
    const { place } = await open();
    const answer = await place(id, [{ sku: "apple", quantity: -1 }]);
    expect(answer).toMatchObject({ status: 400, body: { issues: [{ path: "items.0.quantity" }] } });
  });

  test("two orders in one millisecond are two orders: the id does not come from a clock", async () => {
    const { place, t, rest } = await open();
    await Promise.all([place("order-aaa", [{ sku: "apple", quantity: 1 }]), place("order-bbb", [{ sku: "apple", quantity: 1 }])]);
    await rest();
    const [first, second] = t.table(orders).all();
    expect([first?.state, second?.state]).toEqual(["CONFIRMED", "CONFIRMED"]);
    expect(first?.placedAt).toBe(second?.placedAt);
  });

  test("an accepted order is never lost, though the process dies before the answer", async () => {
    const { place, t, rest, order } = await open();
    t.crashAfterCommit();
    await place(id, [{ sku: "apple", quantity: 1 }]);
    await rest();
    expect(order(id).state).toBe("CONFIRMED");
  });
});

describe("personal data", () => {
  const secrets = /Lovelace|ada@example\.com|St James/;

  test("leaves the order in no event but the one that declares it", async () => {
    const { place, t, rest } = await open();
    await place(id, [{ sku: "apple", quantity: 1 }]);
    await rest();
    const leaks = (await t.queue.inspect.events({ limit: 1_000 })).filter((event) => secrets.test(JSON.stringify(event.data)));
    expect(leaks.map((event) => event.type)).toEqual(["order.placed"]);
  });

  test("is declared wherever it is kept", () => {
    const { events, tables } = createOrdersApp({ provider: testProvider() }).topology;
    for (const field of Object.keys(customer)) {
      expect(events.get("order.placed")?.pii).toContain(`customer.${field}`);
      expect(tables.get("orders")?.pii).toContain(`customer.${field}`);
    }
  });
});

test("an end that one handler announced is not announced by another that hears of the money late", async () => {
  const provider = testProvider();
  provider.next("capture", declined);
  const { place, rest, t, order } = await open({ provider });
  await place(id, [{ sku: "apple", quantity: 1 }]);
  await rest();
  expect(order(id).state).toBe("CANCELLED");
  await t.queue.operate.replay({ handler: "confirm-stock", from: 0, to: Number.MAX_SAFE_INTEGER, reason: "test" });
  await rest();
  expect(order(id).state).toBe("CANCELLED");
  expect(t.emitted(orderCancelled)).toHaveLength(1);
});

describe("declarations", () => {
  const { topology } = createOrdersApp({ provider: testProvider() });

  test("every table declares an invariant", () => {
    expect([...topology.tables.values()].filter((table) => table.invariant === undefined).map((table) => table.name)).toEqual([]);
  });

  test("every event of the shop has a key", () => {
    const own = [...topology.events.values()].filter((event) => !event.name.startsWith("pulsequeue."));
    expect(own.filter((event) => event.key === undefined).map((event) => event.name)).toEqual([]);
  });

  test("only what moves stock may write it, and only what talks to money may write the ledger", () => {
    const writers = (table: string): readonly string[] =>
      [...topology.handlers.values(), ...topology.endpoints.values()]
        .filter((one) => one.grants.writes.some((written) => written.name === table))
        .map((one) => one.name);
    expect(writers("stock")).toEqual(["keep-stock", "receive-stock"]);
    expect(writers("products")).toEqual(["set-product"]);
    expect(writers("payments")).not.toContain("place-order");
  });
});

test("money is exact where floats are not", async () => {
  const { place, rest, payment } = await open({ units: { apple: 10 } });
  await place(id, [{ sku: "apple", quantity: 3 }]);
  await rest();
  expect(payment(id).captured).toBe(3 * price);
  expect(Number.isInteger(payment(id).captured)).toBe(true);
});
