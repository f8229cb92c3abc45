/** The small shop that the type tests work on. */
import { z } from "zod";
import { defineEvent, defineSecret, defineTable } from "pulsequeue";

export const orderPlaced = defineEvent("order.placed", {
  schema: z.object({ orderId: z.string(), total: z.int(), placedAt: z.iso.datetime().transform((text) => new Date(text)) }),
  key: (data) => data.orderId,
});
export const orderCancelled = defineEvent("order.cancelled", { schema: z.object({ orderId: z.string(), reason: z.enum(["customer", "payment"]) }) });
export const mailSent = defineEvent("mail.sent", { schema: z.object({ to: z.email() }) });

export const orders = defineTable("orders", {
  schema: z.object({ id: z.string(), state: z.enum(["open", "done"]), total: z.int(), note: z.string().optional() }),
  key: "id",
  indexes: { byState: "state", byStateAndTotal: ["state", "total"] },
});
export const stock = defineTable("stock", {
  schema: z.object({ tenant: z.string(), shelf: z.number(), onHand: z.int(), tags: z.array(z.string()) }),
  key: ["tenant", "shelf"],
});
export const stripeKey = defineSecret("stripe-key");
export const smtpKey = defineSecret("smtp-key");
