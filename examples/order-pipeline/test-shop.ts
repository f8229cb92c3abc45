/** The shop under test: the app in memory on a virtual clock, with a provider whose every answer a test can choose. */
import type { App, InvokeResponse } from "pulsequeue";
import { testApp, type TestApp } from "pulsequeue/testing";
import { createOrdersApp } from "./app.ts";
import { cancelOrder } from "./endpoints/cancel-order.ts";
import { paymentWebhook } from "./endpoints/payment-webhook.ts";
import { placeOrder } from "./endpoints/place-order.ts";
import { receiveStock } from "./endpoints/receive-stock.ts";
import { refundOrder } from "./endpoints/refund-order.ts";
import { setProduct } from "./endpoints/set-product.ts";
import { checkInvariants } from "./invariants.ts";
import type { Policy } from "./policy.ts";
import type { LookupResult, PaymentProvider, PaymentRequest } from "./providers/port.ts";
import { simulatedProvider, type SimulatedProvider, type SimulationOptions } from "./providers/simulated.ts";
import { takeSnapshot, type Violation } from "./snapshot.ts";
import { operations, orders, payments, reservations, stock, type Order, type Payment, type PaymentOperation, type Stock } from "./tables.ts";

type Call = "authorize" | "capture" | "refund" | "void" | "lookup";
/** Answers one call in the provider's place; `proceed` asks the provider. */
type Intercept = (request: PaymentRequest, proceed: () => Promise<LookupResult>) => Promise<LookupResult> | LookupResult;

export interface TestProvider extends SimulatedProvider {
  /** Answers the next call of this kind; several wait in line. */
  next(call: Call, intercept: Intercept): void;
  /** How often each kind was called. */
  readonly calls: Readonly<Record<Call, number>>;
}

/** The call is lost on its way: the provider never hears of it. */
export const lost: Intercept = () => ({ outcome: "unknown", reason: "timeout" });
/** The provider does it, and its answer is lost. */
export const silent: Intercept = async (_request, proceed) => {
  await proceed();
  return { outcome: "unknown", reason: "timeout" };
};
export const declined: Intercept = () => ({ outcome: "declined", reason: "card_declined" });
export const failed: Intercept = () => ({ outcome: "failed", reason: "provider_unavailable" });

export function testProvider(options: Partial<SimulationOptions> = {}): TestProvider {
  const provider = simulatedProvider({ seed: 1, ...options });
  const line: { readonly call: Call; readonly intercept: Intercept }[] = [];
  const calls = { authorize: 0, capture: 0, refund: 0, void: 0, lookup: 0 };
  const through =
    (call: Call) =>
    async (request: PaymentRequest): Promise<LookupResult> => {
      calls[call] += 1;
      const index = line.findIndex((one) => one.call === call);
      const [first] = index < 0 ? [] : line.splice(index, 1);
      const proceed = (): Promise<LookupResult> => provider[call](request);
      return first === undefined ? proceed() : first.intercept(request, proceed);
    };
  const operation = (call: Exclude<Call, "lookup">): PaymentProvider["authorize"] => through(call) as PaymentProvider["authorize"];
  return {
    ...provider,
    calls,
    next: (call, intercept) => void line.push({ call, intercept }),
    authorize: operation("authorize"),
    capture: operation("capture"),
    refund: operation("refund"),
    void: operation("void"),
    lookup: through("lookup"),
  };
}

export const customer = { name: "Ada Lovelace", email: "ada@example.com", address: "12 St James's Square, London" };
/** Short waits, so that all questions about an unknown outcome fit into a few seconds of virtual time. */
export const testPolicy: Partial<Policy> = { lookupAfter: 10, tryAgainAfter: 10 };
export const price = 1_250;

export interface Item {
  readonly sku: string;
  readonly quantity: number;
}

export interface Shop {
  readonly t: TestApp;
  readonly app: App;
  readonly provider: TestProvider;
  /** Sends an order; `ada` places it unless another principal is named. */
  place(
    orderId: string,
    items: readonly Item[],
    change?: { readonly principal?: string; readonly idempotencyKey?: string; readonly body?: object },
  ): Promise<InvokeResponse>;
  cancel(orderId: string): Promise<InvokeResponse>;
  refund(orderId: string, refundId: string, amount?: number): Promise<InvokeResponse>;
  receive(sku: string, quantity: number, receiptId?: string): Promise<InvokeResponse>;
  /** Hands the provider's notifications to the webhook. */
  notify(): Promise<void>;
  /** Runs everything, also what is scheduled for the next seconds: all retries and questions to the provider. */
  rest(): Promise<void>;
  order(orderId: string): Order;
  payment(orderId: string): Payment;
  operation(key: string): PaymentOperation;
  stock(sku: string): Stock;
  reservationStates(orderId: string): readonly string[];
  /** The rules that do not hold now, the provider's books included. */
  violations(options?: { readonly atRest?: boolean }): Promise<readonly Violation[]>;
}

export interface ShopOptions {
  readonly seed?: number;
  readonly units?: Readonly<Record<string, number>>;
  readonly policy?: Partial<Policy>;
  readonly provider?: TestProvider;
}

/** Opens a shop with 10 units of `apple` and of `pear` on the shelf, unless told otherwise. */
export async function openShop({ seed = 1, units = { apple: 10, pear: 10 }, policy = {}, provider = testProvider() }: ShopOptions = {}): Promise<Shop> {
  const app = createOrdersApp({ provider, policy: { ...testPolicy, ...policy } });
  const t = await testApp(app, { seed, secrets: { "payments-webhook": "whsec_test" } });
  const shop: Shop = {
    t,
    app,
    provider,
    place: (orderId, items, { principal = "ada", body = {}, ...given } = {}) =>
      t.invoke(placeOrder, { principal, body: { orderId, customer, items, paymentMethod: "tok_visa", ...body }, ...given }),
    cancel: (orderId) => t.invoke(cancelOrder, { principal: "ada", params: { id: orderId } }),
    refund: (orderId, refundId, amount) =>
      t.invoke(refundOrder, {
        principal: "operator",
        params: { id: orderId },
        body: { refundId, note: "returned", ...(amount === undefined ? {} : { amount }) },
      }),
    receive: (sku, quantity, receiptId = "delivery-1") => t.invoke(receiveStock, { principal: "operator", params: { sku }, body: { receiptId, quantity } }),
    async notify() {
      for (const body of provider.takeNotifications()) await t.invoke(paymentWebhook, { principal: "simulated", body });
    },
    async rest() {
      await t.settle();
      await t.pass("5s");
      await t.settle();
    },
    order: (orderId) => found(t.table(orders).get(orderId)),
    payment: (orderId) => found(t.table(payments).get(orderId)),
    operation: (key) => found(t.table(operations).get(key)),
    stock: (sku) => found(t.table(stock).get(sku)),
    reservationStates: (orderId) =>
      t
        .table(reservations)
        .all()
        .filter((row) => row.orderId === orderId)
        .map((row) => row.state),
    violations: async (options) => checkInvariants(await takeSnapshot(t.queue, provider.book.charges), options),
  };
  for (const [sku, quantity] of Object.entries(units)) {
    await t.invoke(setProduct, { principal: "operator", params: { sku }, body: { name: sku, unitPrice: price, currency: "EUR" } });
    if (quantity > 0) await shop.receive(sku, quantity);
  }
  return shop;
}

function found<Row>(row: Row | undefined): Row {
  if (row === undefined) throw new Error("The row is not there");
  return row;
}
