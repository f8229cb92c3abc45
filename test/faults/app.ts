/** An application that leaves something in every table of a file: what is done, dead, waiting, retrying, parked, answered and scheduled. */
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineSchedule, defineTable, NonRetryableError, RetryAfterError } from "pulsequeue";
import { z } from "zod";

export const added = defineEvent("item.added", { schema: z.object({ bucket: z.string(), amount: z.int(), note: z.string() }), key: (data) => data.bucket });
export const counted = defineEvent("item.counted", { schema: z.object({ origin: z.string() }) });
export const refused = defineEvent("item.refused", { schema: z.object({ reason: z.string() }) });
export const reminded = defineEvent("reminder.due", { schema: z.object({ text: z.string() }) });
export const charged = defineEvent("payment.due", { schema: z.object({ account: z.string(), amount: z.int() }), key: (data) => data.account });

export const items = defineTable("items", {
  schema: z.object({ id: z.string(), bucket: z.string(), amount: z.int(), note: z.string(), times: z.int() }),
  key: "id",
  indexes: { bucket: ["bucket", "amount"] },
});
export const totals = defineTable("totals", { schema: z.object({ bucket: z.string(), count: z.int(), sum: z.int() }), key: "bucket" });
export const follows = defineTable("follows", { schema: z.object({ id: z.string(), origin: z.string(), times: z.int() }), key: "id" });

const retry = { attempts: 5, min: "1ms", max: "5ms" } as const;

const count = defineHandler("count", {
  on: added,
  writes: [items, totals],
  emits: [counted],
  retry,
  async handle({ id, data }, ctx) {
    const before = await ctx.tables.items.get(id);
    const total = (await ctx.tables.totals.get(data.bucket)) ?? { bucket: data.bucket, count: 0, sum: 0 };
    ctx.tables.items.put({ id, ...data, times: (before?.times ?? 0) + 1 });
    ctx.tables.totals.put({ bucket: data.bucket, count: total.count + 1, sum: total.sum + data.amount });
    ctx.emit(counted, { origin: id });
  },
});

const follow = defineHandler("follow", {
  on: counted,
  writes: [follows],
  ordered: true,
  retry,
  async handle({ id, data: { origin } }, ctx) {
    const before = await ctx.tables.follows.get(id);
    ctx.tables.follows.put({ id, origin, times: (before?.times ?? 0) + 1 });
  },
});

const refuse = defineHandler("refuse", {
  on: refused,
  handle({ data }) {
    throw new NonRetryableError(data.reason);
  },
});

const remind = defineHandler("remind", { on: reminded, handle: () => undefined });

const charge = defineHandler("charge", {
  on: charged,
  ordered: true,
  async handle({ data }, ctx) {
    await ctx.step("charge", () => ({ account: data.account, receipt: ctx.idempotencyKey("charge") }));
    throw new RetryAfterError("1h", "the bank is closed");
  },
});

export const put = defineEndpoint("put", {
  method: "POST",
  path: "/totals",
  auth: "public",
  input: z.object({ bucket: z.string() }),
  writes: [totals],
  handle({ input: { bucket } }, ctx) {
    ctx.tables.totals.put({ bucket, count: 0, sum: 0 });
    return { status: 201, body: { bucket, draw: ctx.random() } };
  },
});

const beat = defineSchedule("beat", { every: "1h", writes: [totals], handle: () => undefined });

export const faultApp = defineApp("faults", { handlers: [count, follow, refuse, remind, charge], endpoints: [put], schedules: [beat] });
