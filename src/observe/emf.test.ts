import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEvent, defineHandler } from "pulsequeue";
import type { ObservedFact } from "../core/ports.ts";
import { createGrowth } from "./emf.ts";
import { createCounters } from "./metrics.ts";

const placed = defineEvent("order.placed", { schema: z.object({}) });
const { topology } = defineApp("shop", { handlers: [defineHandler("confirm", { on: placed, handle: () => undefined })] });

const done: ObservedFact = {
  type: "settled",
  handler: "confirm",
  event: "order.placed",
  eventId: "e-1",
  correlationId: "e-1",
  tenant: undefined,
  age: 4,
  state: "done",
  attempt: 1,
  milliseconds: 2,
  failure: undefined,
};
const facts: readonly ObservedFact[] = [
  done,
  { ...done, milliseconds: 61_000, age: 4_000_000 },
  { ...done, state: "retrying", milliseconds: 0.5 },
  { type: "published", event: "order.placed", count: 5, duplicates: 2, correlationId: "e-2" },
  { type: "conflict", handler: "confirm" },
  { type: "request", route: "/v1/events", method: "POST", status: 202, milliseconds: 12, principal: "anonymous", correlationId: undefined },
  { type: "refused", reason: "rate", route: "/v1/events" },
];

/** Every series above 0, as `name{label="value"} number`. */
const texts = (series: Iterable<readonly [name: string, labels: Readonly<Record<string, unknown>>, value: number]>): readonly string[] =>
  [...series]
    .filter(([, , value]) => value !== 0)
    .map(([name, labels, value]) => {
      const text = Object.entries(labels).map(([label, one]) => `${label}=${String(one)}`);
      return `${name}{${text.sort().join(",")}} ${String(value)}`;
    })
    .sort();

test("the growth of all flushes adds up to what Prometheus reads: the same names, labels and numbers", async () => {
  const registry = new Registry();
  const counted = createCounters([registry], topology);
  const growth = createGrowth(topology);
  const sums = new Map<string, [string, Readonly<Record<string, string>>, number]>();
  for (const fact of facts) {
    counted(fact);
    growth.observe(fact);
    for (const { labels, growth: byName } of growth.take())
      for (const [name, by] of byName) {
        const key = JSON.stringify([name, labels]);
        sums.set(key, [name, labels, (sums.get(key)?.[2] ?? 0) + by]);
      }
  }
  const scraped = (await registry.getMetricsAsJSON()).flatMap(({ name, values }) =>
    values.map((one) => [("metricName" in one && typeof one.metricName === "string" ? one.metricName : undefined) ?? name, one.labels, one.value] as const),
  );
  expect(texts(sums.values())).toEqual(texts(scraped));
});

test("what was taken is not taken again, and what did not grow is not there", () => {
  const growth = createGrowth(topology);
  expect(growth.take()).toEqual([]);
  growth.observe(done);
  growth.observe(done);
  const taken = growth.take();
  expect(taken.find(({ labels }) => "outcome" in labels)).toEqual({
    labels: { handler: "confirm", event: "order.placed", outcome: "done" },
    growth: new Map([["pulsequeue_deliveries_total", 2]]),
  });
  expect(growth.take()).toEqual([]);
});
