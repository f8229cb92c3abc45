import { defineEndpoint } from "pulsequeue";
import { orderCancelled, orderClosing } from "../events.ts";
import { closing, moved, resumed } from "../order.ts";
import { orders, payments } from "../tables.ts";
import { notFound, orderAnswer, refuse, viewOf } from "./answers.ts";

/**
 * Cancels an order that is not confirmed yet. It races the payment for one move of the order: if the cancellation commits
 * first, whatever the payment still does is undone; if the confirmation does, the answer is 409 and a refund is the way out.
 */
export const cancelOrder = defineEndpoint("cancel-order", {
  method: "POST",
  path: "/orders/:id/cancel",
  auth: "api-key",
  output: orderAnswer,
  reads: [payments],
  writes: [orders],
  emits: [orderClosing, orderCancelled],
  async handle({ params: { id = "" }, principal }, ctx) {
    const stored = id === "" ? undefined : await ctx.tables.orders.get(id);
    if (stored?.placedBy !== principal) return notFound();
    const payment = await ctx.tables.payments.get(id);
    const order = resumed(stored);
    const now = ctx.now();
    const reason = "cancelled_by_customer";
    const detail = "cancelled by the customer";
    switch (order.state) {
      case "PENDING": {
        const cancelled = moved(order, "CANCELLED", now, { reason, detail });
        ctx.tables.orders.put(cancelled);
        ctx.emit(orderCancelled, { orderId: id, reason, detail }, { id: `order.cancelled:${id}` });
        return { body: viewOf(cancelled, payment) };
      }
      case "RESERVED":
      case "CAPTURING": {
        const closed = closing(order, "CANCELLED", reason, detail, now);
        ctx.tables.orders.put(closed);
        ctx.emit(orderClosing, { orderId: id, reason });
        return { status: 202, body: viewOf(closed, payment) };
      }
      case "CONFIRMED":
        return refuse(409, "order-confirmed", "The order is confirmed: ask for a refund instead");
      default:
        return { body: viewOf(stored, payment) };
    }
  },
});
