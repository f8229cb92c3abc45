/** The engine is killed at every commit point of a scenario, before and after, and opened again over what was durable. */
import { describe, expect, test } from "vitest";
import type { EndpointDefinition, InvokeRequest } from "pulsequeue";
import { beginLife, pass, seededRandom, settle, SimulatedCrash, virtualClock, type Life } from "pulsequeue/testing";
import { createOrdersApp } from "./app.ts";
import { cancelOrder } from "./endpoints/cancel-order.ts";
import { paymentWebhook } from "./endpoints/payment-webhook.ts";
import { placeOrder } from "./endpoints/place-order.ts";
import { receiveStock } from "./endpoints/receive-stock.ts";
import { refundOrder } from "./endpoints/refund-order.ts";
import { setProduct } from "./endpoints/set-product.ts";
import { checkInvariants } from "./invariants.ts";
import { takeSnapshot, type Violation } from "./snapshot.ts";
import { customer, testPolicy, testProvider, type TestProvider } from "./test-shop.ts";

interface Outcome {
  readonly states: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  readonly deadLetters: number;
  /** Commit points that were passed. */
  readonly points: number;
  readonly crashedAt: string | undefined;
}

/**
 * Four orders for five units: one is confirmed and partly refunded, one finds too little left, one is declined, and one is
 * cancelled while the provider's answer is unknown. The engine dies at the `fatal`th commit point; clients then repeat what
 * they had no answer to.
 */
async function scenario(fatal: number): Promise<Outcome> {
  const books = testProvider({ duplicates: 1 });
  // Answers that belong to the order, as a real provider's do: the same again when it is asked again.
  const provider: TestProvider = {
    ...books,
    async authorize(request) {
      if (request.orderId === "declined") return { outcome: "declined", reason: "card_declined" };
      const result = await books.authorize(request);
      return request.orderId === "cancelled" ? { outcome: "unknown", reason: "timeout" } : result;
    },
  };
  const app = createOrdersApp({ provider, policy: testPolicy });
  const clock = virtualClock();
  let points = 0;
  let crashedAt: string | undefined;
  const life: Life = await beginLife(app, {
    clock,
    random: seededRandom(7),
    secrets: { "payments-webhook": "whsec_test" },
    at(point) {
      points += 1;
      if (points !== fatal) return;
      crashedAt = point;
      throw new SimulatedCrash(point);
    },
  });
  await life.queue.start();
  const revive = async (): Promise<void> => {
    await life.reopen(app);
    await life.queue.start();
  };
  const invoke = async (endpoint: EndpointDefinition, request: InvokeRequest): Promise<void> => {
    for (;;) {
      const answered = await Promise.race([life.queue.invoke(endpoint, request).then(() => true), life.death.then(() => false)]);
      if (answered) return;
      await revive();
    }
  };
  const rest = async (): Promise<void> => {
    for (;;) {
      await settle(life.queue, clock, { stop: () => life.dead });
      if (!life.dead) await pass(clock, "5s");
      if (!life.dead) return;
      await revive();
    }
  };
  const place = (id: string, quantity: number): Promise<void> =>
    invoke(placeOrder, {
      principal: "ada",
      idempotencyKey: id,
      body: { orderId: id, customer, items: [{ sku: "apple", quantity }], paymentMethod: "tok_visa" },
    });

  await invoke(setProduct, { principal: "operator", params: { sku: "apple" }, body: { name: "apple", unitPrice: 100, currency: "EUR" } });
  await invoke(receiveStock, { principal: "operator", params: { sku: "apple" }, body: { receiptId: "delivery-1", quantity: 5 } });
  await place("confirmed", 3);
  await place("sold-out", 4);
  await rest();
  await place("declined", 2);
  await rest();
  await place("cancelled", 2);
  await settle(life.queue, clock, { stop: () => life.dead });
  if (life.dead) await revive();
  await invoke(cancelOrder, { principal: "ada", params: { id: "cancelled" }, idempotencyKey: "cancel" });
  await invoke(refundOrder, { principal: "operator", params: { id: "confirmed" }, body: { refundId: "refund-1", amount: 100, note: "returned" } });
  for (const body of provider.takeNotifications()) await invoke(paymentWebhook, { principal: "simulated", body });
  await rest();

  const snapshot = await takeSnapshot(life.queue, provider.book.charges);
  const deadLetters = (await life.queue.inspect.deadLetters()).length;
  const passed = points;
  await life.close();
  return {
    states: Object.fromEntries(snapshot.orders.map((order) => [order.id, `${order.state} ${order.reason}`])),
    violations: [
      ...checkInvariants(snapshot),
      ...provider.book.misused.map((key) => ({ rule: "one-key-one-operation", subject: key, message: "used with other parameters" })),
    ],
    deadLetters,
    points: passed,
    crashedAt,
  };
}

const undisturbed = await scenario(0);

describe("a crash at any commit point", () => {
  test("the scenario itself ends as it should", () => {
    expect(undisturbed).toMatchObject({
      states: {
        confirmed: "CONFIRMED none",
        "sold-out": "CANCELLED sold_out",
        declined: "CANCELLED payment_declined",
        cancelled: "CANCELLED cancelled_by_customer",
      },
      violations: [],
      deadLetters: 0,
      crashedAt: undefined,
    });
  });

  test.each(Array.from({ length: undisturbed.points }, (_, index) => index + 1))("number %i changes nothing in the end", async (fatal) => {
    const outcome = await scenario(fatal);
    expect(outcome.crashedAt).toBeDefined();
    expect({ states: outcome.states, violations: outcome.violations, deadLetters: outcome.deadLetters }).toEqual({
      states: undisturbed.states,
      violations: [],
      deadLetters: 0,
    });
  });
});
