/** What the demonstration needs of an engine, and the app that runs on it. */
import type { App, EndpointDefinition, InvokeRequest, InvokeResponse, Queue } from "pulsequeue";
import type { SimulateAwsOptions } from "pulsequeue/testing";
import { createOrdersApp } from "../app.ts";
import { cancelOrder } from "../endpoints/cancel-order.ts";
import { paymentWebhook } from "../endpoints/payment-webhook.ts";
import { placeOrder } from "../endpoints/place-order.ts";
import { receiveStock } from "../endpoints/receive-stock.ts";
import { refundOrder } from "../endpoints/refund-order.ts";
import { setProduct } from "../endpoints/set-product.ts";
import { hasEnded } from "../order.ts";
import type { ProviderBook } from "../providers/book.ts";
import { simulatedProvider, type SimulatedProvider } from "../providers/simulated.ts";
import { orders } from "../tables.ts";
import type { EndpointName, EngineSettings } from "./protocol.ts";

/** The request's process died before it answered. */
export class AnswerLost extends Error {}

export interface DemoEngine {
  /** Rejects with `AnswerLost` where it dies before it answers. */
  invoke(endpoint: EndpointDefinition, request: InvokeRequest): Promise<InvokeResponse>;
  /** Until nothing is left to do, or nothing moves any more. */
  settle(deliverNotifications: () => Promise<void>): Promise<void>;
  /** Lets what asks the queue come to its end. */
  ask<Answer>(question: (queue: Queue) => Promise<Answer>): Promise<Answer>;
  /** Kills every function; where the engine is one process, that is killed from outside. */
  kill(): void;
  close(): Promise<void>;
}

export type Observer = NonNullable<SimulateAwsOptions["observe"]>;

export interface EngineOptions {
  readonly app: App;
  readonly settings: EngineSettings;
  readonly observe: Observer;
}

/** Share of payment methods that capture with the authorization. */
const immediate = 0.1;

export const endpoints: Readonly<Record<EndpointName, EndpointDefinition>> = {
  "place-order": placeOrder,
  "cancel-order": cancelOrder,
  "refund-order": refundOrder,
  "set-product": setProduct,
  "receive-stock": receiveStock,
};

export function demoApp(
  { seed, declines, timeouts, duplicates }: EngineSettings,
  book: ProviderBook,
): { readonly app: App; readonly provider: SimulatedProvider } {
  const provider = simulatedProvider({ seed, declines, timeouts, duplicates, immediate, book });
  return { app: createOrdersApp({ provider, policy: { lookupAfter: 100, tryAgainAfter: 100 } }), provider };
}

export async function deliverNotifications(engine: DemoEngine, provider: SimulatedProvider): Promise<void> {
  // One whose function died is lost, as some of a real provider's are.
  for (const body of provider.takeNotifications()) await engine.invoke(paymentWebhook, { body, principal: provider.name }).catch(ignoreLost);
}

function ignoreLost(error: unknown): void {
  if (!(error instanceof AnswerLost)) throw error;
}

/** Whether an order has not ended, or a payment waits to be sent or asked about. */
export async function hasOpenOrders({ inspect }: Queue): Promise<boolean> {
  const waiting = await Promise.all(["send-payment", "resolve-payment"].map((handler) => inspect.deliveries({ handler, state: "scheduled", limit: 1 })));
  return waiting.flat().length > 0 || (await inspect.table(orders).all()).some((order) => !hasEnded(order.state));
}
