/** A small app for tests of the command: a handler that works, and dies of what it cannot do. */
import { defineApp, defineEvent, defineHandler, defineTable, NonRetryableError } from "pulsequeue";
import { z } from "zod";

export const placed = defineEvent("order.placed", {
  schema: z.object({ orderId: z.string(), quantity: z.int().positive(), email: z.string().optional() }),
  key: (data) => data.orderId,
  pii: ["email"],
});
export const confirmed = defineEvent("order.confirmed", { schema: z.object({ orderId: z.string() }) });

export const orders = defineTable("orders", {
  schema: z.object({ orderId: z.string(), quantity: z.int(), email: z.string().optional() }),
  key: "orderId",
  pii: ["email"],
});
export const lines = defineTable("lines", {
  schema: z.object({ orderId: z.string(), line: z.int(), sku: z.string() }),
  key: ["orderId", "line"],
  indexes: { sku: "sku" },
});

const confirm = defineHandler("confirm", {
  on: placed,
  writes: [orders, lines],
  emits: [confirmed],
  handle({ data }, ctx) {
    if (data.quantity > 100) throw new NonRetryableError("more than there is");
    ctx.tables.orders.put(data);
    ctx.tables.lines.put({ orderId: data.orderId, line: 1, sku: "sku-1" });
    ctx.emit(confirmed, { orderId: data.orderId });
  },
});

const count = defineHandler("count", {
  on: confirmed,
  handle({ data }, ctx) {
    ctx.log.info("counted", { orderId: data.orderId });
  },
});

export default defineApp("orders", { handlers: [confirm, count] });
