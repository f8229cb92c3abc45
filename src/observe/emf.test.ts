import { expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEvent, defineHandler } from "pulsequeue";
import type { ObservedFact } from "../core/ports.ts";
import { createEmf } from "./emf.ts";

const placed = defineEvent("order.placed", { schema: z.object({}) });
const { topology } = defineApp("shop", { handlers: [defineHandler("confirm", { on: placed, handle: () => undefined })] });

interface Line {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}

function open() {
  const lines: string[] = [];
  const emf = createEmf({ topology, dimensions: { app: "shop", environment: "prod" }, write: (line) => void lines.push(line), now: () => 1_000 });
  return { ...emf, lines: () => lines.splice(0).map((line) => JSON.parse(line) as Line) };
}

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

test("a flush writes what has grown since the last one, under the names and labels that Prometheus has", async () => {
  const emf = open();
  await emf.flush();
  expect(emf.lines()).toEqual([]);
  emf.observe(done);
  emf.observe(done);
  await emf.flush();
  const lines = emf.lines();
  const counter = lines.find((line) => "pulsequeue_deliveries_total" in line);
  expect(counter).toMatchObject({
    app: "shop",
    environment: "prod",
    handler: "confirm",
    event: "order.placed",
    outcome: "done",
    pulsequeue_deliveries_total: 2,
    _aws: { Timestamp: 1_000, CloudWatchMetrics: [{ Namespace: "PulseQueue", Metrics: [{ Name: "pulsequeue_deliveries_total", Unit: "None" }] }] },
  });
  await emf.flush();
  expect(emf.lines()).toEqual([]);
});

test("a histogram is its exact buckets, its sum and its count", async () => {
  const emf = open();
  emf.observe(done);
  await emf.flush();
  const lines = emf.lines();
  const buckets = lines.filter((line) => "pulsequeue_handler_duration_seconds_bucket" in line).map((line) => line["le"]);
  // 2 ms is in every bucket from 2.5 ms on.
  expect(buckets).toEqual(["0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "60", "+Inf"]);
  expect(lines.find((line) => "pulsequeue_handler_duration_seconds_sum" in line)).toMatchObject({
    pulsequeue_handler_duration_seconds_sum: 0.002,
    pulsequeue_handler_duration_seconds_count: 1,
  });
});

test("every line names each of its dimensions and metrics, as CloudWatch wants it", async () => {
  const emf = open();
  emf.observe(done);
  emf.observe({ type: "conflict", handler: "confirm" });
  await emf.flush();
  for (const line of emf.lines()) {
    const [{ Dimensions, Metrics } = { Dimensions: [], Metrics: [] }] = line._aws.CloudWatchMetrics;
    for (const name of Dimensions.flat()) expect(typeof line[name]).toBe("string");
    for (const { Name } of Metrics) expect(typeof line[Name]).toBe("number");
    expect(Dimensions.flat().length).toBeLessThanOrEqual(30);
  }
});
