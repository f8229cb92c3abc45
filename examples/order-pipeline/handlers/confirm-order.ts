import { orderConfirmed, stockChanged } from "../events.ts";
import { moved, resumed } from "../order.ts";
import { change, settled } from "../stock.ts";
import { never } from "../tables.ts";
import { giveBack, reopened } from "./give-back.ts";
import type { KeepingContext } from "./stock-keeping.ts";

/**
 * The money is ours: commits every line and confirms the order, in one commit. Where the order was closed first, the money
 * was captured too late and goes back.
 */
export async function confirmOrder(ctx: KeepingContext, orderId: string): Promise<void> {
  const stored = await ctx.tables.orders.get(orderId);
  if (stored === undefined) return;
  const order = resumed(stored);
  const now = ctx.now();
  switch (order.state) {
    case "RESERVED": // the payment method captured at once
    case "CAPTURING":
      for (const { sku } of order.lines) {
        const reservation = await ctx.tables.reservations.get({ orderId, sku });
        const row = await ctx.tables.stock.get(sku);
        if (reservation === undefined || row === undefined) throw new Error(`${sku} of order ${orderId} is not reserved`);
        const move = settled(reservation, row, "committed", now);
        ctx.tables.reservations.put(move.reservation);
        ctx.tables.stock.put(move.row);
        ctx.emit(stockChanged, change(move.row, "committed", orderId));
      }
      ctx.tables.orders.put(moved(order, "CONFIRMED", now, { holdExpiresAt: never }));
      ctx.emit(orderConfirmed, { orderId, total: order.total, currency: order.currency });
      return;
    case "CLOSING":
      await giveBack(ctx, order, await ctx.tables.payments.get(orderId));
      return;
    case "CANCELLED":
    case "EXPIRED":
      await giveBack(ctx, reopened(order, now), await ctx.tables.payments.get(orderId));
      return;
    default:
      return;
  }
}
