/** The clients of the simulated shop: they place, repeat, cancel, refund and publish, insist until they are answered, and write down what they were told. */
import { isPulseQueueError, type EndpointDefinition, type InvokeRequest, type InvokeResponse, type Queue } from "pulsequeue";
import type { SeededRandom, SimulatedAws } from "pulsequeue/testing";
import { cancelOrder } from "../../examples/order-pipeline/endpoints/cancel-order.ts";
import { paymentWebhook } from "../../examples/order-pipeline/endpoints/payment-webhook.ts";
import { placeOrder } from "../../examples/order-pipeline/endpoints/place-order.ts";
import { refundOrder } from "../../examples/order-pipeline/endpoints/refund-order.ts";
import type { SimulatedProvider } from "../../examples/order-pipeline/providers/simulated.ts";
import { noted } from "./chronicle.ts";
import type { Plan } from "./plan.ts";

/** What the outside was told. */
export interface History {
  /** Answers to the placing of an order, by its idempotency key: JSON texts, all equal. */
  readonly answers: Map<string, Set<string>>;
  /** Orders that were acknowledged. */
  readonly placed: Set<string>;
  /** Answers that no valid request should get. */
  readonly refused: string[];
  /** Published events that were acknowledged, by id. */
  readonly published: Map<string, string>;
  /** Whether something was cancelled, declined, failed or late: then not everything has to be sold. */
  cancelled: number;
}

export interface Clients {
  /** Calls that are not answered yet, or will be made later. */
  readonly waiting: number;
}

export interface ClientOptions {
  readonly plan: Plan;
  readonly random: SeededRandom;
  readonly aws: SimulatedAws;
  readonly queue: Queue;
  readonly provider: SimulatedProvider;
  readonly history: History;
}

/** Wait before a call is made again, milliseconds. */
const again = 2_000;
const notificationInterval = 5_000;

export function skuOf(index: number): string {
  return `sku-${String(index)}`;
}

/** Lets them all act, each at times of its own while faults are on. */
export function openClients({ plan, random, aws, queue, provider, history }: ClientOptions): Clients {
  const { clock } = aws;
  let waiting = 0;
  const at = (delay: number, act: () => Promise<void>): void => {
    waiting += 1;
    const done = (): void => void (waiting -= 1);
    clock.timer(delay, () => void act().then(done, done));
  };
  const pause = (): Promise<void> => new Promise((resolve) => void clock.timer(again, resolve));
  /** Until there is an answer. */
  const insist = async (endpoint: EndpointDefinition, request: InvokeRequest): Promise<InvokeResponse> => {
    for (;;) {
      const answer = await aws.invoke(endpoint, request).catch(() => undefined);
      if (answer !== undefined && !isTransient(answer)) return answer;
      await pause();
    }
  };
  const sometime = (within = plan.trouble): number => random.below(within);

  const place = (id: string, request: InvokeRequest): void => {
    at(sometime(plan.rush), async () => {
      const { status, body } = await insist(placeOrder, request);
      if (status !== 200 && status !== 202) history.refused.push(`${id}: ${String(status)} ${JSON.stringify(body)}`);
      history.placed.add(id);
      history.answers.set(id, (history.answers.get(id) ?? new Set()).add(JSON.stringify(body)));
    });
  };
  for (let index = 0; index < plan.orders; index += 1) {
    const id = `order-${String(index).padStart(4, "0")}`;
    const items = [{ sku: skuOf(random.below(plan.skus)), quantity: 1 + random.below(2) }];
    const customer = { name: "Ada", email: "ada@example.com", address: "12 St James's Square" };
    const request = { principal: "ada", idempotencyKey: id, body: { orderId: id, customer, items, paymentMethod: "tok_visa" } };
    for (let calls = random.chance(plan.duplicates) ? 2 : 1; calls > 0; calls -= 1) place(id, request);
    if (random.chance(plan.cancels)) {
      history.cancelled += 1;
      at(sometime(), async () => {
        await insist(cancelOrder, { principal: "ada", params: { id } });
      });
    }
    if (random.chance(plan.refunds)) {
      const body = { refundId: "return-1", note: "returned", ...(random.chance(0.5) ? { amount: 100 } : {}) };
      at(sometime(), async () => {
        await insist(refundOrder, { principal: "operator", params: { id }, body });
      });
    }
  }
  for (let n = 0; n < plan.notes; n += 1) {
    const data = { key: `k${String(random.below(plan.keys))}`, n };
    const id = `note-${String(n)}`;
    const delay = random.chance(0.2) ? { delay: 1_000 * (1 + random.below(1_200)) } : {};
    for (let calls = random.chance(plan.duplicates) ? 2 : 1; calls > 0; calls -= 1)
      at(sometime(), async () => {
        for (;;) {
          try {
            await queue.publish(noted, data, { id, ...delay });
            history.published.set(id, JSON.stringify(data));
            return;
          } catch (error) {
            if (!isPulseQueueError(error)) throw error;
            await pause();
          }
        }
      });
  }
  // Ends with the faults: what the provider still tells then is lost, as some of it always is.
  const notify = (): void => {
    for (const notification of provider.takeNotifications())
      at(0, async () => {
        await insist(paymentWebhook, { body: notification, principal: provider.name });
      });
    if (clock.monotonic() < plan.trouble) clock.timer(notificationInterval, notify);
  };
  notify();
  return {
    get waiting() {
      return waiting;
    },
  };
}

/** Still running, not to be reached now, or conflicts in a row. */
function isTransient({ status, body }: InvokeResponse): boolean {
  const code = typeof body === "object" && body !== null && "code" in body ? body["code"] : undefined;
  return status === 429 || status >= 500 || code === "REQUEST_IN_PROGRESS" || code === "CONFLICT_PERSISTENT";
}
