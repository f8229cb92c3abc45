import { defineEndpoint } from "pulsequeue";
import * as z from "zod";
import { orderPlaced } from "../events.ts";
import { totalOf } from "../money.ts";
import { demand } from "../stock.ts";
import { customer, mostLines, never, orderId, orders, payments, paymentMethod, products, quantity, sku, type Line, type Order } from "../tables.ts";
import { orderAnswer, refuse, viewOf } from "./answers.ts";

const input = z.strictObject({
  /** Chosen by the client, e.g. derived from its cart: sending again can never make a second order. */
  orderId,
  customer,
  items: z.array(z.strictObject({ sku, quantity })).min(1).max(100),
  paymentMethod,
});

/**
 * Places an order. It exists, as `PENDING`, before anything is held or charged. Prices are the shop's, never the client's.
 *
 * Two things make a repeat harmless: the engine's idempotency key gives the first answer again, and the order's own id makes
 * the same order of it even where the key was forgotten.
 */
export const placeOrder = defineEndpoint("place-order", {
  method: "POST",
  path: "/orders",
  auth: "api-key",
  input,
  output: orderAnswer,
  reads: [products, payments],
  writes: [orders],
  emits: [orderPlaced],
  async handle(request, ctx) {
    const { input: wanted, principal } = request;
    const existing = await ctx.tables.orders.get(wanted.orderId);
    if (existing !== undefined) {
      if (!isSame(existing, wanted, principal)) return refuse(409, "order-id-taken", "Another order has this id: choose a new one");
      return { status: 200, body: viewOf(existing, await ctx.tables.payments.get(existing.id)) };
    }
    const lines: Line[] = [];
    const currencies = new Set<string>();
    for (const item of demand(wanted.items)) {
      const product = await ctx.tables.products.get(item.sku);
      if (product === undefined) return refuse(422, "product-unknown", `There is no product ${item.sku}`);
      if (!quantity.safeParse(item.quantity).success)
        return refuse(422, "quantity-too-large", `${item.sku} cannot be ordered ${String(item.quantity)} times at once`);
      lines.push({ ...item, unitPrice: product.unitPrice });
      currencies.add(product.currency);
    }
    if (lines.length > mostLines) return refuse(422, "too-many-lines", `An order holds ${String(mostLines)} different products at most`);
    const [currency, other] = currencies;
    if (currency === undefined || other !== undefined) return refuse(422, "currencies-mixed", "All products of an order are sold in one currency");
    const total = payable(lines);
    if (total === undefined) return refuse(422, "total-too-large", "The order costs more than can be charged at once");
    const now = ctx.now();
    const order: Order = {
      id: wanted.orderId,
      placedBy: principal,
      state: "PENDING",
      reason: "none",
      detail: "",
      stockReleased: false,
      customer: wanted.customer,
      paymentMethod: wanted.paymentMethod,
      lines,
      total,
      currency,
      holdExpiresAt: never,
      holdExtended: false,
      placedAt: now,
      updatedAt: now,
    };
    ctx.tables.orders.put(order);
    ctx.emit(orderPlaced, { orderId: order.id, customer: order.customer, lines, total, currency });
    return { status: 202, headers: { location: `/orders/${order.id}` }, body: viewOf(order, undefined) };
  },
});

function isSame(existing: Order, wanted: z.infer<typeof input>, principal: string): boolean {
  const pairs = demand(wanted.items);
  return (
    existing.placedBy === principal &&
    existing.paymentMethod === wanted.paymentMethod &&
    existing.customer.name === wanted.customer.name &&
    existing.customer.email === wanted.customer.email &&
    existing.customer.address === wanted.customer.address &&
    existing.lines.length === pairs.length &&
    existing.lines.every((line, index) => line.sku === pairs[index]?.sku && line.quantity === pairs[index].quantity)
  );
}

function payable(lines: readonly Line[]): number | undefined {
  try {
    return totalOf(lines);
  } catch {
    return undefined; // out of the range of an amount
  }
}
