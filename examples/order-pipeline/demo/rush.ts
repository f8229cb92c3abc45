/** The rush: buyers place orders, many at once, some twice, and come again with the same key where the outcome is unknown. */
import { setTimeout } from "node:timers/promises";
import type { InvokeRequest, InvokeResponse } from "pulsequeue";
import { EngineLost, type EngineProcess } from "./engine-process.ts";
import type { History } from "./history.ts";
import type { DemoOptions } from "./options.ts";
import type { EndpointName } from "./protocol.ts";
import { happens, orderIdOf, orderOf, priceOf, skuOf, storefront } from "./shop.ts";

/** Sends a request until it is answered: again after a crash, and after a pause where the engine asks for one. */
async function insist(engine: EngineProcess, history: History, endpoint: EndpointName, request: InvokeRequest): Promise<InvokeResponse> {
  for (;;) {
    await engine.ready();
    try {
      const answer = await engine.invoke(endpoint, request);
      if (!isTransient(answer)) return answer;
      await setTimeout(5);
    } catch (error) {
      if (!(error instanceof EngineLost)) throw error;
      history.unknown += 1;
    }
  }
}

/** Still running, too much to store, closing, or conflicts in a row. */
function isTransient({ status, body }: InvokeResponse): boolean {
  const code = typeof body === "object" && body !== null && "code" in body ? body["code"] : undefined;
  return status === 429 || status === 503 || code === "REQUEST_IN_PROGRESS";
}

export async function fillShelves(engine: EngineProcess, { skus, units }: DemoOptions): Promise<void> {
  for (let index = 0; index < skus; index += 1) {
    const params = { sku: skuOf(index) };
    await engine.invoke("set-product", {
      params,
      principal: "operator",
      body: { name: `Product ${String(index + 1)}`, unitPrice: priceOf(index), currency: "EUR" },
    });
    await engine.invoke("receive-stock", { params, principal: "operator", body: { receiptId: "delivery-1", quantity: units } });
  }
}

/** Lets all buyers loose. `onSubmitted` hears how many orders have been answered. */
export async function rush(engine: EngineProcess, options: DemoOptions, history: History, onSubmitted: (count: number) => void): Promise<void> {
  let next = 0;
  let submitted = 0;
  const buyer = async (): Promise<void> => {
    for (let index = next++; index < options.orders; index = next++) {
      await buy(engine, options, history, index);
      submitted += 1;
      onSubmitted(submitted);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.buyers, options.orders) }, buyer));
}

async function buy(engine: EngineProcess, { seed, skus, duplicates, cancels }: DemoOptions, history: History, index: number): Promise<void> {
  const order = orderOf({ seed, skus }, index);
  const submissions = [insist(engine, history, "place-order", order)];
  if (happens(duplicates, seed, "duplicate", index)) {
    // Half of the repeats have forgotten the key: the order's own id must do.
    const { idempotencyKey: _forgotten, ...keyless } = order;
    const again = happens(50, seed, "forgets the key", index) ? keyless : order;
    submissions.push(insist(engine, history, "place-order", again));
    history.duplicates += 1;
  }
  for (const answer of await Promise.all(submissions)) {
    if (answer.status === 200 || answer.status === 202) history.placed.add(orderIdOf(seed, index));
    else history.refused.push(`${orderIdOf(seed, index)}: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  }
  if (!happens(cancels, seed, "cancel", index)) return;
  const answer = await insist(engine, history, "cancel-order", { params: { id: orderIdOf(seed, index) }, principal: storefront });
  if (answer.status === 409) history.tooLate += 1;
}

/** After the rush some confirmed orders come back: every other one for all of its money, the rest for a part. */
export async function refundSome(engine: EngineProcess, { seed, refunds }: DemoOptions, history: History): Promise<number> {
  let asked = 0;
  for (const id of await engine.confirmed()) {
    if (!happens(refunds, seed, "refund", Number(id.split("-").at(-1)))) continue;
    const part = asked % 2 === 0 ? {} : { amount: 100 };
    const body = { refundId: "return-1", note: "returned by the customer", ...part };
    // Twice, as an impatient operator would.
    for (let time = 0; time < 2; time += 1) await insist(engine, history, "refund-order", { params: { id }, principal: "operator", body });
    asked += 1;
  }
  return asked;
}
