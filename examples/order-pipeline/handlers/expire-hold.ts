import { defineHandler } from "pulsequeue";
import { holdExpiryDue, orderClosing } from "../events.ts";
import { closing, resumed } from "../order.ts";
import { orders } from "../tables.ts";

/** Closes an order whose hold ran out before its payment was authorized. Too early, twice or too late it changes nothing. */
export const expireHold = defineHandler("expire-hold", {
  on: holdExpiryDue,
  writes: [orders],
  emits: [orderClosing],
  async handle(event, ctx) {
    const { orderId } = event.data;
    const stored = await ctx.tables.orders.get(orderId);
    const order = stored === undefined ? undefined : resumed(stored);
    const now = ctx.now();
    if (order?.state !== "RESERVED" || order.holdExpiresAt > now) return;
    ctx.tables.orders.put(closing(order, "EXPIRED", "hold_expired", "the payment did not come before the hold ran out", now));
    ctx.emit(orderClosing, { orderId, reason: "hold_expired" });
  },
});
