/** Events and tables of the application that is killed. Every effect leaves a row of its own, so that it can be attributed. */
import { defineEvent, defineTable } from "pulsequeue";
import { z } from "zod";

/** `always`: every attempt fails. `final`: it is refused for good. Both are cured by a row in `remedies`. */
const poison = z.enum(["no", "always", "final"]);
const milliseconds = z.int().nonnegative();

export const itemAdded = defineEvent("item.added", {
  schema: z.object({ token: z.string(), bucket: z.string(), amount: z.int(), slow: milliseconds }),
});
export const itemCounted = defineEvent("item.counted", { schema: z.object({ origin: z.string() }) });
export const stepTaken = defineEvent("step.taken", {
  schema: z.object({ key: z.string(), number: z.int(), failures: z.int(), poison }),
  key: (data) => data.key,
});
export const taskGiven = defineEvent("task.given", { schema: z.object({ group: z.string(), failures: z.int(), poison, slow: milliseconds }) });
export const paymentDue = defineEvent("payment.due", { schema: z.object({ amount: z.int(), failures: z.int() }) });
export const reminderDue = defineEvent("reminder.due", { schema: z.object({ delay: milliseconds }) });
export const stockArrived = defineEvent("stock.arrived", { schema: z.object({ sku: z.string(), quantity: z.int().positive() }) });
export const reservationMade = defineEvent("reservation.made", {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int().positive(), sell: z.boolean() }),
});

/** How often something took effect: anything but 1 is wrong. */
const times = z.int();

export const counters = defineTable("counters", { schema: z.object({ id: z.string(), count: z.int(), sum: z.int() }), key: "id" });
export const applied = defineTable("applied", { schema: z.object({ id: z.string(), bucket: z.string(), amount: z.int(), times }), key: "id" });
export const bumps = defineTable("bumps", { schema: z.object({ id: z.string(), bucket: z.string(), amount: z.int(), times }), key: "id" });
export const followUps = defineTable("follow-ups", { schema: z.object({ id: z.string(), origin: z.string(), times }), key: "id" });
export const sequences = defineTable("sequences", { schema: z.object({ key: z.string(), place: z.int() }), key: "key" });
export const seen = defineTable("seen", {
  schema: z.object({ id: z.string(), key: z.string(), number: z.int(), place: z.int(), times }),
  key: "id",
});
export const tasks = defineTable("tasks", { schema: z.object({ id: z.string(), times }), key: "id" });
export const charges = defineTable("charges", { schema: z.object({ id: z.string(), key: z.string(), charge: z.int(), call: z.int(), times }), key: "id" });
export const reminders = defineTable("reminders", { schema: z.object({ id: z.string(), waited: z.number(), delay: milliseconds, times }), key: "id" });
export const arrivals = defineTable("arrivals", { schema: z.object({ id: z.string(), sku: z.string(), quantity: z.int(), times }), key: "id" });
export const stock = defineTable("stock", {
  schema: z.object({ sku: z.string(), onHand: z.int(), reserved: z.int() }),
  key: "sku",
  invariant: (row) => row.reserved >= 0 && row.reserved <= row.onHand,
});
export const reservations = defineTable("reservations", {
  schema: z.object({ id: z.string(), sku: z.string(), quantity: z.int(), state: z.enum(["held", "sold", "released"]), times, settled: times }),
  key: "id",
});
export const remedies = defineTable("remedies", { schema: z.object({ id: z.string() }), key: "id" });
export const beats = defineTable("beats", { schema: z.object({ id: z.string(), times }), key: "id" });
