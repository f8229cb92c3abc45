/** What is measured on AWS: one row written for each event, once. */
import { defineApp, defineEvent, defineHandler, defineTable } from "pulsequeue";
import * as z from "zod";

export const order = z.strictObject({ orderId: z.string(), customerId: z.string(), amount: z.int(), note: z.string() });

export const orderPlaced = defineEvent("order.placed", { schema: order, key: ({ orderId }) => orderId });

export const amounts = defineTable("amounts", { schema: z.strictObject({ orderId: z.string(), amount: z.int() }), key: "orderId" });

const note = defineHandler("note", {
  on: orderPlaced,
  writes: [amounts],
  handle({ data: { orderId, amount } }, ctx) {
    ctx.tables.amounts.put({ orderId, amount });
  },
});

export default defineApp("bench", { handlers: [note] });
