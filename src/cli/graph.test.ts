import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineSchedule, defineTable } from "pulsequeue";
import { graphOf, mermaid } from "./graph.ts";

const placed = defineEvent("order.placed", { schema: z.object({}) });
const placedToo = defineEvent("order-placed", { schema: z.object({}) });
const stock = defineTable("stock", { schema: z.object({ sku: z.string() }), key: "sku" });
const orders = defineTable("orders", { schema: z.object({ id: z.string() }), key: "id" });
const app = defineApp("orders", {
  endpoints: [defineEndpoint("place", { method: "POST", path: "/orders", auth: "public", emits: [placed], handle: () => ({}) })],
  handlers: [defineHandler("reserve", { on: [placed, placedToo], reads: [orders, stock], writes: [stock], handle: () => undefined })],
  schedules: [defineSchedule("sweep", { every: "1m", emits: [placedToo], handle: () => undefined })],
});

describe("graph", () => {
  const graph = graphOf(app);

  test("has what an app declares, and nothing of the engine's own", () => {
    expect(graph.nodes.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "endpoint place",
      "handler reserve",
      "schedule sweep",
      "event order.placed",
      "event order-placed",
      "table orders",
      "table stock",
    ]);
    expect(JSON.stringify(graph)).not.toContain("pulsequeue.schedule");
  });

  test("an edge goes the way that data goes; a table that is written is not also read", () => {
    const name = (id: string): string => graph.nodes.find((node) => node.id === id)?.name ?? id;
    expect(graph.edges.map(({ from, to, kind }) => `${name(from)} ${kind} ${name(to)}`)).toEqual([
      "place emits order.placed",
      "order.placed handles reserve",
      "order-placed handles reserve",
      "reserve writes stock",
      "orders reads reserve",
      "sweep emits order-placed",
    ]);
  });

  test("names that differ only in signs have different ids", () => {
    expect(new Set(graph.nodes.map((node) => node.id)).size).toBe(graph.nodes.length);
  });

  test("is a Mermaid flowchart", () => {
    expect(mermaid(graph).split("\n")).toEqual([
      "flowchart LR",
      '  endpoint_place[/"place"/]',
      '  handler_reserve["reserve"]',
      '  schedule_sweep(("sweep"))',
      '  event_order_2e_placed(["order.placed"])',
      '  event_order_2d_placed(["order-placed"])',
      '  table_orders[("orders")]',
      '  table_stock[("stock")]',
      "  endpoint_place --> event_order_2e_placed",
      "  event_order_2e_placed --> handler_reserve",
      "  event_order_2d_placed --> handler_reserve",
      "  handler_reserve ==> table_stock",
      "  table_orders -.-> handler_reserve",
      "  schedule_sweep --> event_order_2d_placed",
    ]);
  });
});
