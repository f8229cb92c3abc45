/** A small app for tests of the core, and deliveries of its events. */
import { z } from "zod";
import type { EventRecord } from "../../src/core/envelope.ts";
import { defineEvent } from "../../src/core/event.ts";
import { defineSecret } from "../../src/core/secret.ts";
import { defineTable } from "../../src/core/table.ts";
import type { Delivery } from "../../src/core/ports.ts";
import { testSystem } from "./memory-store.ts";

export const placed = defineEvent("placed", { schema: z.object({ sku: z.string(), count: z.int() }), key: (data) => data.sku });
export const reserved = defineEvent("reserved", { schema: z.object({ sku: z.string() }) });
export const unknown = defineEvent("unknown", { schema: z.object({}) });
export const stock = defineTable("stock", {
  schema: z.object({ sku: z.string(), count: z.int(), shelf: z.string().default("a") }),
  key: "sku",
  indexes: { byShelf: ["shelf", "count"] },
  invariant: (row) => row.count >= 0,
});
export const prices = defineTable("prices", { schema: z.object({ tenant: z.string(), sku: z.string(), cents: z.int() }), key: ["tenant", "sku"] });
export const apiKey = defineSecret("api-key");
export const otherKey = defineSecret("other-key");

const { newId } = testSystem();

/** A delivery of `placed`, its first attempt. */
export function delivery(data: unknown = { sku: "s", count: 1 }, change: Partial<EventRecord> & { readonly attempt?: number } = {}): Delivery {
  const { attempt = 1, ...event } = change;
  return {
    attempt,
    event: {
      id: newId(),
      type: "placed",
      source: "shop",
      time: 0,
      data: JSON.stringify(data),
      version: 1,
      key: undefined,
      correlationId: undefined,
      causationId: undefined,
      hops: 0,
      traceparent: undefined,
      ...event,
    },
  };
}
