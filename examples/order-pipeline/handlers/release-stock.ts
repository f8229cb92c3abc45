import { stockChanged, stockReleased } from "../events.ts";
import { resumed } from "../order.ts";
import { change, settled } from "../stock.ts";
import type { KeepingContext } from "./stock-keeping.ts";

/** Gives every held line of a closing order back to the shelf, in one commit and once: a reservation that has ended stays as it is. */
export async function releaseStock(ctx: KeepingContext, orderId: string): Promise<void> {
  const stored = await ctx.tables.orders.get(orderId);
  const order = stored === undefined ? undefined : resumed(stored);
  if (order?.state !== "CLOSING" || order.stockReleased) return;
  const now = ctx.now();
  const to = order.outcome === "EXPIRED" ? "expired" : "released";
  for (const { sku } of order.lines) {
    const reservation = await ctx.tables.reservations.get({ orderId, sku });
    const row = await ctx.tables.stock.get(sku);
    if (reservation?.state !== "held" || row === undefined) continue;
    const move = settled(reservation, row, to, now);
    ctx.tables.reservations.put(move.reservation);
    ctx.tables.stock.put(move.row);
    ctx.emit(stockChanged, change(move.row, to, orderId));
  }
  ctx.tables.orders.put({ ...order, stockReleased: true, updatedAt: now });
  ctx.emit(stockReleased, { orderId });
}
