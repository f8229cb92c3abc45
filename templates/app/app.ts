import { defineApp, defineEvent, defineHandler, defineTable } from "pulsequeue";
import { z } from "zod";

export const orderPlaced = defineEvent("order.placed", {
  schema: z.object({ orderId: z.string(), total: z.int().nonnegative() }),
  key: (data) => data.orderId,
});

export const orderConfirmed = defineEvent("order.confirmed", {
  schema: z.object({ orderId: z.string() }),
});

export const orders = defineTable("orders", {
  schema: z.object({ orderId: z.string(), total: z.int(), state: z.enum(["confirmed", "refused"]) }),
  key: "orderId",
  invariant: (row) => row.total >= 0,
});

/** Its row, the event it emits and the acknowledgement of its input commit together, or not at all. */
export const confirmOrder = defineHandler("confirm-order", {
  on: orderPlaced,
  writes: [orders],
  emits: [orderConfirmed],
  handle({ data }, ctx) {
    const state = data.total > 0 ? "confirmed" : "refused";
    ctx.tables.orders.put({ ...data, state });
    if (state === "confirmed") ctx.emit(orderConfirmed, { orderId: data.orderId });
  },
});

export default defineApp("orders", { handlers: [confirmOrder], unhandled: [orderConfirmed] });
