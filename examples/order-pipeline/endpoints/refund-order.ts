import { defineEndpoint } from "pulsequeue";
import * as z from "zod";
import { paymentRequested } from "../events.ts";
import { requestOperation } from "../handlers/operation-outcome.ts";
import { positiveAmount } from "../money.ts";
import { resumed } from "../order.ts";
import { request as requestNext } from "../payment.ts";
import { operations, orders, payments } from "../tables.ts";
import { orderAnswer, refuse, viewOf } from "./answers.ts";

const mostRefunds = 50;

/**
 * For operators: gives back captured money of a confirmed order, a part (`amount`) or all that is left. The refund's id is the
 * caller's, so asking twice refunds once. Goods that come back are booked apart, as a receipt.
 */
export const refundOrder = defineEndpoint("refund-order", {
  method: "POST",
  path: "/orders/:id/refunds",
  auth: "jwt",
  input: z.strictObject({ refundId: z.string().min(1).max(64), amount: positiveAmount.optional(), note: z.string().min(1).max(200) }),
  output: orderAnswer,
  writes: [orders, payments, operations],
  emits: [paymentRequested],
  async handle({ params: { id = "" }, input, principal }, ctx) {
    const stored = id === "" ? undefined : await ctx.tables.orders.get(id);
    const payment = id === "" ? undefined : await ctx.tables.payments.get(id);
    if (stored === undefined) return refuse(404, "order-unknown", "There is no such order");
    const known = payment?.refundRequests.find((one) => one.refundId === input.refundId);
    if (known !== undefined) {
      if (input.amount !== undefined && input.amount !== known.amount) return refuse(409, "refund-id-taken", "Another refund of this order has this id");
      return { body: viewOf(stored, payment) };
    }
    const order = resumed(stored);
    if (order.state !== "CONFIRMED" || payment === undefined) return refuse(409, "order-not-confirmed", "Only a confirmed order can be refunded");
    if (payment.openOperation !== "") return refuse(409, "operation-under-way", "Another payment operation of this order is under way: try again soon");
    const left = payment.captured - payment.refunded;
    const amount = input.amount ?? left;
    if (amount > left || amount === 0) return refuse(422, "refund-too-large", `${String(left)} minor units are left to refund`);
    if (payment.refundRequests.length >= mostRefunds) return refuse(422, "too-many-refunds", `An order takes ${String(mostRefunds)} refunds at most`);
    const now = ctx.now();
    const refundRequests = [...payment.refundRequests, { refundId: input.refundId, amount, by: principal, note: input.note, at: now }];
    const next = requestNext({ ...payment, refundRequests }, "refund", amount, now);
    ctx.tables.orders.put({ ...order, updatedAt: now });
    requestOperation(ctx, next);
    return { status: 202, body: viewOf(order, next.payment) };
  },
});
