import { defineHandler } from "pulsequeue";
import { orderClosing, paymentFailed } from "../events.ts";
import { closing, resumed } from "../order.ts";
import { giveBack, giveBackEmits, giveBackWrites } from "./give-back.ts";
import { alarm } from "./operation-outcome.ts";

/** Decides what follows when a payment operation ended without effect: no money, no order; no refund, a person must look. */
export const closeUnpaid = defineHandler("close-unpaid", {
  on: paymentFailed,
  writes: giveBackWrites,
  emits: [...giveBackEmits, orderClosing],
  async handle(event, ctx) {
    const { orderId, kind, declined, reason: why } = event.data;
    const stored = await ctx.tables.orders.get(orderId);
    const payment = await ctx.tables.payments.get(orderId);
    // Where another operation is under way, this failure decides nothing any more.
    if (stored === undefined || payment?.openOperation !== "") return;
    const order = resumed(stored);
    const isTaking = kind === "authorize" || kind === "capture";
    if (!isTaking && (order.state === "CLOSING" || order.state === "CONFIRMED")) {
      alarm(ctx, stored, `the ${kind} did not succeed: ${why}`);
    } else if (order.state === "RESERVED" || order.state === "CAPTURING") {
      const reason = declined ? "payment_declined" : "payment_failed";
      ctx.tables.orders.put(closing(order, "CANCELLED", reason, `the payment did not succeed: ${why}`, ctx.now()));
      ctx.emit(orderClosing, { orderId, reason });
    } else if (order.state === "CLOSING") {
      await giveBack(ctx, order, payment);
    }
  },
});
