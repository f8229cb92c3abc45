import { defineHandler } from "pulsequeue";
import { paymentAuthorized } from "../events.ts";
import { moved, resumed } from "../order.ts";
import { request } from "../payment.ts";
import { never } from "../tables.ts";
import { giveBack, giveBackEmits, giveBackWrites, reopened } from "./give-back.ts";
import { requestOperation } from "./operation-outcome.ts";

/**
 * The money is there: confirms the stock by a move that expiry and cancellation also want, so that one of them wins, and asks
 * for the capture. Where the order was closed first, the authorization goes back.
 */
export const confirmStock = defineHandler("confirm-stock", {
  on: paymentAuthorized,
  writes: giveBackWrites,
  emits: giveBackEmits,
  async handle(event, ctx) {
    const { orderId } = event.data;
    const stored = await ctx.tables.orders.get(orderId);
    const payment = await ctx.tables.payments.get(orderId);
    if (stored === undefined || payment === undefined) return;
    const order = resumed(stored);
    const now = ctx.now();
    switch (order.state) {
      case "RESERVED":
        if (payment.openOperation !== "") return;
        ctx.tables.orders.put(moved(order, "CAPTURING", now, { holdExpiresAt: never }));
        requestOperation(ctx, request(payment, "capture", payment.authorized, now));
        return;
      case "CLOSING":
        await giveBack(ctx, order, payment);
        return;
      case "CANCELLED":
      case "EXPIRED":
        await giveBack(ctx, reopened(order, now), payment);
        return;
      default:
        return;
    }
  },
});
