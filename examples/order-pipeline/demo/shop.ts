/** What the buyers of the demonstration do: everything follows from the seed. */
import { createHash } from "node:crypto";
import type { InvokeRequest } from "pulsequeue";
import type { DemoOptions } from "./options.ts";

/** The principal under which the shop window places orders. */
export const storefront = "storefront";

/** A number in [0, 1) that belongs to this seed, question and order. */
function draw(seed: number, question: string, index: number): number {
  return (
    createHash("sha256")
      .update(`${String(seed)}|${question}|${String(index)}`)
      .digest()
      .readUIntBE(0, 6) /
    2 ** 48
  );
}

export function skuOf(index: number): string {
  return `sku-${String(index + 1)}`;
}

/** Price of a SKU in cents. */
export function priceOf(index: number): number {
  return 990 + 500 * (index % 40);
}

export function orderIdOf(seed: number, index: number): string {
  return `order-${String(seed)}-${String(index).padStart(7, "0")}`;
}

/** One buyer's order: one or two products, one or two of each, sometimes the same product on two lines. */
export function orderOf(
  { seed, skus }: Pick<DemoOptions, "seed" | "skus">,
  index: number,
): Required<Pick<InvokeRequest, "body" | "idempotencyKey" | "principal">> {
  const pick = (question: string, bound: number): number => Math.floor(draw(seed, question, index) * bound);
  const lines = 1 + pick("lines", 2);
  const items = Array.from({ length: lines }, (_, line) => ({
    sku: skuOf(pick(`sku ${String(line)}`, skus)),
    quantity: 1 + pick(`quantity ${String(line)}`, 2),
  }));
  const orderId = orderIdOf(seed, index);
  return {
    principal: storefront,
    idempotencyKey: orderId,
    body: {
      orderId,
      customer: { name: `Buyer ${String(index)}`, email: `buyer${String(index)}@example.com`, address: `${String(1 + (index % 90))} Market Street` },
      items,
      paymentMethod: "tok_demo",
    },
  };
}

export function happens(percent: number, seed: number, question: string, index: number): boolean {
  return draw(seed, question, index) * 100 < percent;
}
