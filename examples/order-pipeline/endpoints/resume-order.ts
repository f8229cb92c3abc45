import { defineEndpoint } from "pulsequeue";
import { paymentLookupDue } from "../events.ts";
import { giveBack, giveBackEmits, giveBackWrites } from "../handlers/give-back.ts";
import { resumed } from "../order.ts";
import { orderAnswer, refuse, viewOf } from "./answers.ts";

/**
 * For operators: takes an order that needs attention up again. An operation with an unknown outcome is asked about anew; a
 * refund or void that failed is requested anew. A handler that gave up is not resumed here: redrive its dead letter.
 */
export const resumeOrder = defineEndpoint("resume-order", {
  method: "POST",
  path: "/orders/:id/resume",
  auth: "jwt",
  output: orderAnswer,
  writes: giveBackWrites,
  emits: [...giveBackEmits, paymentLookupDue],
  async handle({ params: { id = "" } }, ctx) {
    const stored = id === "" ? undefined : await ctx.tables.orders.get(id);
    if (stored === undefined) return refuse(404, "order-unknown", "There is no such order");
    const payment = await ctx.tables.payments.get(id);
    if (stored.state !== "NEEDS_ATTENTION") return { body: viewOf(stored, payment) };
    const order = { ...resumed(stored), updatedAt: ctx.now() };
    const underWay = payment === undefined || payment.openOperation === "" ? undefined : await ctx.tables.operations.get(payment.openOperation);
    if (underWay?.state === "unresolved") {
      ctx.tables.operations.put({ ...underWay, state: "unknown", lookups: 0 });
      ctx.tables.orders.put(order);
      ctx.emit(paymentLookupDue, { orderId: id, operationKey: underWay.key });
    } else if (order.state === "CLOSING") {
      await giveBack(ctx, order, payment);
    } else if (order.state === "CONFIRMED") {
      ctx.tables.orders.put(order);
    } else {
      return refuse(409, "dead-letter", "Nothing of its payment is open: look for a dead letter of this order and redrive it");
    }
    return { status: 202, body: viewOf(order, payment) };
  },
});
