/** An app with what the order pipeline has not: an endpoint for anybody, an event of any size, a handler with a short time. */
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineTable } from "pulsequeue";
import * as z from "zod";

export const parcelSent = defineEvent("parcel.sent", { schema: z.strictObject({ id: z.string(), note: z.string().optional() }), key: ({ id }) => id });

export const parcels = defineTable("parcels", { schema: z.strictObject({ id: z.string(), count: z.int() }), key: "id" });

const send = defineEndpoint("send", {
  method: "POST",
  path: "/parcels",
  auth: "public",
  input: z.strictObject({ id: z.string() }),
  output: z.strictObject({ id: z.string() }),
  emits: [parcelSent],
  handle({ input }, ctx) {
    ctx.emit(parcelSent, input);
    return { status: 202, body: input };
  },
});

const count = defineHandler("count", {
  on: parcelSent,
  writes: [parcels],
  timeout: "2s",
  async handle({ data: { id } }, ctx) {
    const row = await ctx.tables.parcels.get(id);
    ctx.tables.parcels.put({ id, count: (row?.count ?? 0) + 1 });
  },
});

export default defineApp("parcels", { endpoints: [send], handlers: [count] });
