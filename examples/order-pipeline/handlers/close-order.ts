import { defineHandler } from "pulsequeue";
import { orderRefunded, paymentRefunded, paymentVoided, stockReleased } from "../events.ts";
import { moved, resumed } from "../order.ts";
import { endId, giveBack, giveBackEmits, giveBackWrites } from "./give-back.ts";

/** Leads a closing order to its end: stock back, money back, reason told. A confirmed order ends with its last captured unit. */
export const closeOrder = defineHandler("close-order", {
  on: [stockReleased, paymentVoided, paymentRefunded],
  writes: giveBackWrites,
  emits: giveBackEmits,
  async handle(event, ctx) {
    const { orderId } = event.data;
    const stored = await ctx.tables.orders.get(orderId);
    const payment = await ctx.tables.payments.get(orderId);
    const order = stored === undefined ? undefined : resumed(stored);
    if (order?.state === "CLOSING") {
      await giveBack(ctx, order, payment);
      return;
    }
    if (order?.state !== "CONFIRMED" || event.type !== "payment.refunded" || payment === undefined) return;
    const now = ctx.now();
    if (payment.captured > payment.refunded) {
      // It needed attention for this very refund, whose outcome was unknown for long.
      const isLast = event.data.operationKey === `order:${orderId}:refund:${String(payment.numbers.refund)}`;
      if (isLast && stored?.state === "NEEDS_ATTENTION") ctx.tables.orders.put({ ...order, updatedAt: now });
      return;
    }
    const detail = payment.refundRequests.at(-1)?.note ?? "refunded";
    ctx.tables.orders.put(moved(order, "REFUNDED", now, { reason: "refunded", detail }));
    ctx.emit(orderRefunded, { orderId, reason: "refunded", detail, amount: payment.refunded, currency: order.currency }, endId(orderId, "refunded"));
  },
});
