import { expect, it } from "vitest";
import { z } from "zod";
import { defineApp } from "../../core/app.ts";
import { defineEvent } from "../../core/event.ts";
import { defineHandler } from "../../core/handler.ts";
import { defineTable } from "../../core/table.ts";
import { deliveryCost, eventCost, handWiredCost, usualWorkload } from "./cost.ts";
import { listPrices, parsePrices } from "./prices.ts";

const placed = defineEvent("order.placed", { schema: z.object({ id: z.string() }), key: (data) => data.id });
const stock = defineTable("stock", { schema: z.object({ sku: z.string() }), key: "sku" });
const plain = defineHandler("plain", { on: placed, writes: [stock], handle: () => undefined });
const ordered = defineHandler("ordered", { on: placed, ordered: true, handle: () => undefined });

it("an event is one bus event however many handlers take it, and none where all of them are ordered", () => {
  const many = defineApp("a", { handlers: [plain, defineHandler("other", { on: placed, handle: () => undefined })] }).topology;
  expect(eventCost(many, "order.placed", usualWorkload, listPrices)).toMatchObject({ busEvents: 1, fifoRequests: 0 });
  const fifo = defineApp("a", { handlers: [ordered] }).topology;
  expect(eventCost(fifo, "order.placed", usualWorkload, listPrices)).toMatchObject({ busEvents: 0, fifoRequests: 1 });
});

it("a batch shares its calls and its requests to the queue", () => {
  const alone = deliveryCost(plain, { ...usualWorkload, batch: 1 }, listPrices);
  const shared = deliveryCost(plain, { ...usualWorkload, batch: 10 }, listPrices);
  expect([alone.calls, alone.queueRequests]).toEqual([1, 3]);
  expect([shared.calls, shared.queueRequests]).toEqual([0.1, 1.2]);
  expect(shared.dollars).toBeLessThan(alone.dollars);
});

it("units and prices make the sum, by hand", () => {
  const prices = { ...listPrices, writeUnits: 1, readUnits: 10, queueRequests: 100, calls: 1_000, gigabyteSeconds: 10_000 };
  const cost = deliveryCost(plain, { ...usualWorkload, milliseconds: 1_000, memory: 1_024 }, prices);
  // Record and row, two units each; one read; one request and two of a tenth; a tenth of a call; a gigabyte-second.
  expect(cost.dollars).toBeCloseTo(4 + 10 + 120 + 100 + 10_000);
});

it("wired by hand each write is cheaper and there is one more of them", () => {
  expect(handWiredCost(plain, usualWorkload, listPrices).writeUnits).toBe(3);
  expect(deliveryCost(plain, usualWorkload, listPrices).writeUnits).toBe(4);
});

it("prices that cannot be used are refused", () => {
  expect(parsePrices({ ...listPrices, calls: 3 }).calls).toBe(3);
  expect(() => parsePrices({ ...listPrices, calls: -1 })).toThrow("These prices cannot be used");
  expect(() => parsePrices({ ...listPrices, gold: 1 })).toThrow("These prices cannot be used");
});
