/** An app with one of everything that a permission comes from, an ordered handler included; small, so that its universe is. */
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineSecret, defineTable } from "pulsequeue";
import { z } from "zod";

const placed = defineEvent("order.placed", { schema: z.object({ id: z.string() }), key: (data) => data.id });
const shipped = defineEvent("order.shipped", { schema: z.object({ id: z.string() }), key: (data) => data.id });
const stock = defineTable("stock", { schema: z.object({ sku: z.string(), place: z.string() }), key: "sku", indexes: { byPlace: "place" } });
const prices = defineTable("prices", { schema: z.object({ sku: z.string() }), key: "sku" });
const [carrier, carrierPin] = [defineSecret("carrier-key"), defineSecret("carrier-pin")];

const ship = defineHandler("ship", { on: placed, reads: [prices], writes: [stock], emits: [shipped], secrets: [carrier, carrierPin], handle: () => undefined });
const tell = defineHandler("tell", { on: shipped, ordered: true, handle: () => undefined });
const place = defineEndpoint("place", { method: "POST", path: "/orders", auth: "api-key", emits: [placed], handle: () => ({ status: 202 }) });
const notify = defineEndpoint("notify", {
  method: "POST",
  path: "/notices",
  auth: "webhook",
  webhook: { scheme: "standard", secret: defineSecret("notices") },
  emits: [shipped],
  handle: () => ({ status: 202 }),
});

export const smallApp = defineApp("orders", { handlers: [ship, tell], endpoints: [place, notify] });
