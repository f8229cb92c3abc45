import { holdExpiryDue, orderCancelled, stockChanged, stockReserved } from "../events.ts";
import { moved, resumed } from "../order.ts";
import type { Policy } from "../policy.ts";
import { available, change, demand, held } from "../stock.ts";
import { never, type Stock } from "../tables.ts";
import type { KeepingContext } from "./stock-keeping.ts";

/**
 * Holds every line of an order in one commit, or none of it. The first order for the last unit gets it: the counters are
 * guarded by the version that was read, so two of these can never both count on it.
 */
export async function reserveStock(ctx: KeepingContext, policy: Policy, orderId: string): Promise<void> {
  const stored = await ctx.tables.orders.get(orderId);
  const order = stored === undefined ? undefined : resumed(stored);
  if (order?.state !== "PENDING") return;
  const now = ctx.now();
  const wanted = demand(order.lines);
  const moves: { readonly sku: string; readonly quantity: number; readonly after: Stock }[] = [];
  const missing: string[] = [];
  for (const { sku, quantity } of wanted) {
    const row = await ctx.tables.stock.get(sku);
    const after = row === undefined ? undefined : held(row, quantity);
    if (after === undefined) missing.push(`${sku}: ${String(quantity)} wanted, ${String(row === undefined ? 0 : available(row))} left`);
    else moves.push({ sku, quantity, after });
  }
  if (missing.length > 0) {
    const detail = `sold out (${missing.join("; ")})`;
    ctx.tables.orders.put(moved(order, "CANCELLED", now, { reason: "sold_out", detail, holdExpiresAt: never }));
    ctx.emit(orderCancelled, { orderId, reason: "sold_out", detail });
    return;
  }
  for (const { sku, quantity, after } of moves) {
    ctx.tables.stock.put(after);
    ctx.tables.reservations.put({ orderId, sku, quantity, state: "held", heldAt: now });
    ctx.emit(stockChanged, change(after, "held", orderId));
  }
  const holdExpiresAt = now + policy.holdFor;
  ctx.tables.orders.put(moved(order, "RESERVED", now, { holdExpiresAt }));
  ctx.emit(stockReserved, { orderId, lines: [...wanted] });
  ctx.emit(holdExpiryDue, { orderId }, { at: holdExpiresAt });
}
