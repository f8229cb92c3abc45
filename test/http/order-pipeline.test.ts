/** The order pipeline's own endpoints over HTTP, as a shop and a payment provider call them. */
import Stripe from "stripe";
import { expect, test } from "vitest";
import { createAuthenticator, createHttpApp } from "pulsequeue/http";
import { openLocal } from "pulsequeue/local";
import { createOrdersApp } from "../../examples/order-pipeline/app.ts";
import { setProduct } from "../../examples/order-pipeline/endpoints/set-product.ts";
import { receiveStock } from "../../examples/order-pipeline/endpoints/receive-stock.ts";
import { customer, testProvider } from "../../examples/order-pipeline/test-shop.ts";
import { bodyOf } from "./door.ts";

const [current, former] = ["whsec_current", "whsec_former"];
const stripe = new Stripe("sk_test_nothing");
const second = (): number => Math.floor(Date.now() / 1_000);

async function openPipeline() {
  const app = createOrdersApp({ provider: testProvider() });
  const secrets = (): string => `${current} ${former}`;
  const queue = await openLocal(app, { file: ":memory:", secrets });
  const { keys, nonces } = queue;
  const http = createHttpApp({
    app,
    queue,
    authenticator: createAuthenticator({ keys, clock: Date, topology: app.topology, webhooks: { secret: secrets, nonces } }),
  });
  await queue.invoke(setProduct, { params: { sku: "apple" }, principal: "operator", body: { name: "Apple", unitPrice: 100, currency: "EUR" } });
  await queue.invoke(receiveStock, { params: { sku: "apple" }, principal: "operator", body: { receiptId: "r-1", quantity: 10 } });
  await queue.start();
  const tokenOf = async (name: string): Promise<string> =>
    (await keys.create({ name, scope: { roles: ["publisher"], events: [], endpoints: "*" } }, { reason: "a test" })).token ?? "";
  const send = (method: string, path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Response> =>
    http.fetch(
      new Request(`http://localhost${path}`, { method, headers: { "content-type": "application/json", ...headers }, ...(body === undefined ? {} : { body }) }),
      {
        address: "203.0.113.7",
        local: false,
      },
    );
  return { queue, tokenOf, send };
}

test("an order is placed once per Idempotency-Key, seen by who placed it alone, and cancelled", async () => {
  const { queue, tokenOf, send } = await openPipeline();
  const [shop, other] = [await tokenOf("shop"), await tokenOf("other")];
  const as = (token: string, more = {}): Record<string, string> => ({ authorization: `Bearer ${token}`, ...more });
  const order = { orderId: "order-one-1", customer, items: [{ sku: "apple", quantity: 2 }], paymentMethod: "tok_visa" };
  const place = (body: object, headers: Readonly<Record<string, string>>): Promise<Response> => send("POST", "/orders", headers, JSON.stringify(body));
  expect((await place(order, {})).status).toBe(401);
  const first = await place(order, as(shop, { "idempotency-key": "cart-1" }));
  expect(first.status).toBe(202);
  const again = await place(order, as(shop, { "idempotency-key": "cart-1" }));
  expect([again.status, again.headers.get("idempotency-replayed"), await again.json()]).toEqual([202, "true", await first.json()]);
  expect((await place({ ...order, orderId: "order-two-2" }, as(shop, { "idempotency-key": "cart-1" }))).status).toBe(422);
  expect((await place({ ...order, items: [{ sku: "apple", quantity: -1 }] }, as(shop))).status).toBe(400);
  expect(await bodyOf(send("GET", "/orders/order-one-1", as(shop)))).toMatchObject({ id: "order-one-1" });
  expect((await send("GET", "/orders/order-one-1", as(other))).status).toBe(404);
  expect((await send("POST", "/orders/order-one-1/cancel", as(other))).status).toBe(404);
  expect([200, 202, 409]).toContain((await send("POST", "/orders/order-one-1/cancel", as(shop))).status); // the payment may have won
  await queue.close();
});

test("a notification is taken with either of two active secrets, of now, unchanged and once: a thousand that are sent again have no effect", async () => {
  const { queue, send } = await openPipeline();
  const payload = (id: string): string => JSON.stringify({ id, type: "payment.updated", operationKey: `order:order-one-1:authorize:${id}` });
  const sign = (text: string, secret = current, timestamp = second()): string => stripe.webhooks.generateTestHeaderString({ payload: text, secret, timestamp });
  const notify = async (text: string, signature: string): Promise<number> =>
    (await send("POST", "/webhooks/payments", { "stripe-signature": signature }, text)).status;
  const text = payload("n-0");
  expect(await notify(text, sign(text, former))).toBe(200);
  expect(await notify(text, sign(text, "whsec_other"))).toBe(401);
  expect(await notify(text.replace("n-0", "n-9"), sign(text))).toBe(401);
  expect(await notify(text, sign(text, current, second() - 301))).toBe(401);
  expect(await notify(text, sign(text, current, second() + 302))).toBe(401);
  const captured = Array.from({ length: 1_000 }, (_, index) => payload(`n-${String(index + 1)}`)).map((each) => [each, sign(each)] as const);
  for (const [each, signature] of captured) expect(await notify(each, signature)).toBe(200);
  const stored = async (): Promise<number> => (await queue.inspect.events({ type: "payment.notified", after: 0, limit: 1_000 })).length;
  const before = await stored();
  for (const [each, signature] of captured) expect(await notify(each, signature)).toBe(401);
  expect(await stored()).toBe(before);
  await queue.close();
});
