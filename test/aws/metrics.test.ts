/** `/metrics` of a deployment: what its functions wrote into their logs, read back from CloudWatch, against what one machine would have said. */
import { Registry } from "prom-client";
import { afterEach, expect, test, vi } from "vitest";
import type { HandlerView } from "../../src/core/queue.ts";
import type { ObservedFact } from "../../src/core/ports.ts";
import { cloudWatchSums } from "../../src/lambda/cloudwatch.ts";
import { createFunctionMetrics } from "../../src/lambda/metrics.ts";
import { createCounters } from "../../src/observe/metrics.ts";
import { createSummedMetrics } from "../../src/observe/sums.ts";
import { seededRandom } from "../../src/testing/random.ts";
import orders from "../../examples/order-pipeline/app.ts";
import { parseExposition, type Exposition } from "../support/exposition.ts";
import { awsFailure } from "./fixture.ts";
import { FakeCloudWatch } from "./cloudwatch.ts";

const { topology } = orders;
const dimensions = { app: topology.app, environment: "prod" };
const day = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

interface Deployed {
  readonly cloudWatch: FakeCloudWatch;
  /** Runs a function that observes these facts, and takes what it wrote into its log. */
  invoke(instance: number, facts: readonly ObservedFact[], environment?: string): void;
  at(time: number): void;
  scrape(): Promise<Exposition>;
  text(): Promise<string>;
}

function deployed(pages: { readonly listPage?: number; readonly dataPage?: number } = {}): Deployed {
  vi.useFakeTimers({ toFake: ["Date"] });
  let monotonic = 0;
  const now = (): number => Date.now();
  const cloudWatch = new FakeCloudWatch({ now, ...pages });
  const lines: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(...String(text).split("\n"));
    return true;
  });
  const functions = new Map<string, ReturnType<typeof createFunctionMetrics>>();
  const handlers = (): Promise<readonly HandlerView[]> =>
    Promise.resolve([
      {
        name: "reserve-stock",
        events: ["order.placed"],
        paused: false,
        pauseReason: undefined,
        counts: { scheduled: 0, ready: 3, running: 1, retrying: 0, parked: 0, dead: 2 },
        oldestReady: 1_500,
      },
    ]);
  const { scrape } = createSummedMetrics({
    topology,
    sums: cloudWatchSums({ client: cloudWatch, dimensions, now }),
    handlers,
    auditChain: () => Promise.resolve(true),
    monotonic: () => monotonic,
  });
  const text = async (): Promise<string> => {
    monotonic += 10_000;
    return (await scrape()).text;
  };
  return {
    cloudWatch,
    invoke(instance, facts, environment = "prod") {
      const name = `${environment}-${String(instance)}`;
      const metrics = functions.get(name) ?? createFunctionMetrics(topology, { ...dimensions, environment });
      functions.set(name, metrics);
      for (const fact of facts) metrics.observe(fact);
      metrics.flush();
      for (const line of lines.splice(0)) cloudWatch.ingest(line);
    },
    at: (time) => void vi.setSystemTime(time),
    text,
    scrape: async () => parseExposition(await text()),
  };
}

/** Facts as the engine and the door observe them, drawn by a seed. */
function drawFacts(random: () => number, count: number): readonly ObservedFact[] {
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error("nothing to draw from");
    return item;
  };
  const handlers = [...topology.handlers.values()];
  return Array.from({ length: count }, (): ObservedFact => {
    const handler = pick(handlers);
    const event = pick(handler.on).name;
    const common = { handler: handler.name, event, eventId: "e", correlationId: "c", tenant: undefined };
    const kinds: readonly (() => ObservedFact)[] = [
      () => ({
        ...common,
        type: "settled",
        state: pick(["done", "done", "retrying", "dead"] as const),
        age: random() * 100_000,
        attempt: 1,
        milliseconds: random() ** 4 * 70_000,
        failure: undefined,
      }),
      () => ({ type: "published", event, count: 1 + Math.floor(random() * 5), duplicates: Math.floor(random() * 2), correlationId: "c" }),
      () => ({ type: "conflict", handler: pick([handler.name, "place-order"]) }),
      () => ({
        type: "request",
        route: pick(["/v1/events", "/orders", "other"]),
        method: pick(["GET", "POST", "BREW"]),
        status: pick([200, 202, 422, 500]),
        milliseconds: random() * 300,
        principal: "",
        correlationId: undefined,
      }),
      () => ({ type: "refused", reason: pick(["authentication", "permission", "rate"] as const), route: "/v1/events" }),
    ];
    return pick(kinds)();
  });
}

async function oneMachine(facts: readonly ObservedFact[]): Promise<Exposition> {
  const registry = new Registry();
  const observe = createCounters([registry], topology);
  for (const fact of facts) observe(fact);
  return parseExposition(await registry.metrics());
}

/** Every number is the same; seconds are sums of fractions, which another order of addition rounds differently. */
function expectSame(deployment: Exposition, machine: Exposition): void {
  const counters = [...deployment.types].filter(([, type]) => type !== "gauge");
  expect(counters).toEqual([...machine.types]);
  const isGauge = (series: string): boolean => deployment.types.get(series.split("{")[0] ?? "") === "gauge";
  const found = [...deployment.series].filter(([series]) => !isGauge(series));
  const normal = (series: string): string => series.split(/[{},]/).filter(Boolean).sort().join(" ");
  const expected = new Map([...machine.series].map(([series, value]) => [normal(series), value]));
  expect(found.map(([series]) => normal(series)).sort()).toEqual([...expected.keys()].sort());
  for (const [series, value] of found) {
    const wanted = expected.get(normal(series)) ?? NaN;
    if (series.includes("_sum{")) expect(value / Math.max(1, wanted)).toBeCloseTo(wanted / Math.max(1, wanted), 9);
    else expect([series, value]).toEqual([series, wanted]);
  }
}

test("names, labels, buckets and numbers are those of one machine, from the logs of several functions over months", async () => {
  const { cloudWatch, at, invoke, scrape } = deployed({ listPage: 100, dataPage: 700 });
  const random = seededRandom(11);
  const facts: ObservedFact[] = [];
  for (let time = Date.UTC(2026, 0, 1); time < Date.UTC(2026, 9, 1); time += 5.3 * day) {
    at(time);
    for (const instance of [1, 2, 3]) {
      const some = drawFacts(random, 40);
      facts.push(...some);
      invoke(instance, some);
    }
    invoke(1, drawFacts(random, 5), "staging");
  }
  const requests = new Map(facts.flatMap((fact) => (fact.type === "request" ? [[`${fact.route} ${fact.method} ${String(fact.status)}`, fact] as const] : [])));
  facts.push(...requests.values());
  invoke(2, [...requests.values()]);
  expectSame(await scrape(), await oneMachine(facts));
  const asked = cloudWatch.requests.filter(({ name }) => name === "GetMetricData");
  expect(asked.length).toBeGreaterThan(10);
  expect(Math.max(...asked.map(({ queries }) => queries))).toBe(500);
});

test("before anything happened every declared series is there at 0, and gauges come from the queue", async () => {
  const { at, scrape } = deployed();
  at(Date.UTC(2026, 5, 1));
  const found = await scrape();
  expectSame(found, await oneMachine([]));
  expect(found.series.get('pulsequeue_queue_depth{handler="reserve-stock",state="ready"}')).toBe(3);
  expect(found.series.get('pulsequeue_dlq_depth{handler="reserve-stock"}')).toBe(2);
  expect(found.series.get('pulsequeue_oldest_message_age_seconds{handler="reserve-stock"}')).toBe(1.5);
  expect(found.series.get("pulsequeue_outbox_lag_seconds")).toBe(1.5);
});

test("a declared series that has not moved for weeks, which CloudWatch lists no more, keeps its number", async () => {
  const { at, invoke, scrape } = deployed();
  const facts: readonly ObservedFact[] = [{ type: "published", event: "order.placed", count: 7, duplicates: 0, correlationId: "c" }];
  at(Date.UTC(2026, 1, 1));
  invoke(1, facts);
  at(Date.UTC(2026, 4, 1));
  expectSame(await scrape(), await oneMachine(facts));
});

test("a request's series, which no declaration gives, is left out after two weeks without one, and comes back with its whole number", async () => {
  const { at, invoke, scrape } = deployed();
  const request: ObservedFact = { type: "request", route: "/orders", method: "POST", status: 201, milliseconds: 3, principal: "", correlationId: undefined };
  at(Date.UTC(2026, 1, 1));
  invoke(1, [request, request]);
  at(Date.UTC(2026, 4, 1));
  expectSame(await scrape(), await oneMachine([]));
  invoke(2, [request]);
  expectSame(await scrape(), await oneMachine([request, request, request]));
});

test("with a new year every sum begins anew", async () => {
  const { at, invoke, scrape } = deployed();
  const facts: readonly ObservedFact[] = [{ type: "published", event: "order.placed", count: 7, duplicates: 0, correlationId: "c" }];
  at(Date.UTC(2026, 11, 31, 23, 59, 59, 999));
  invoke(1, facts);
  expectSame(await scrape(), await oneMachine(facts));
  at(Date.UTC(2027, 0, 1));
  expectSame(await scrape(), await oneMachine([]));
  invoke(1, facts);
  expectSame(await scrape(), await oneMachine(facts));
});

test("what another version counted under other labels does not disturb", async () => {
  const { at, cloudWatch, scrape } = deployed();
  at(Date.UTC(2026, 5, 1));
  const line = (name: string, labels: object): string =>
    JSON.stringify({
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [{ Namespace: "PulseQueue", Dimensions: [["app", "environment", ...Object.keys(labels)]], Metrics: [{ Name: name }] }],
      },
      ...dimensions,
      ...labels,
      [name]: 1,
    });
  cloudWatch.ingest(line("pulsequeue_retries_total", { queue: "a" }));
  cloudWatch.ingest(line("pulsequeue_long_gone_total", { handler: "a" }));
  expectSame(await scrape(), await oneMachine([]));
  // A handler that is declared no more was counted all the same.
  cloudWatch.ingest(line("pulsequeue_retries_total", { handler: "gone" }));
  expect((await scrape()).series.get('pulsequeue_retries_total{handler="gone"}')).toBe(1);
});

test("scrapes at once, and within ten seconds, share one reading", async () => {
  const cloudWatch = new FakeCloudWatch({ now: () => Date.now() });
  let monotonic = 0;
  const { scrape } = createSummedMetrics({
    topology,
    sums: cloudWatchSums({ client: cloudWatch, dimensions, now: () => Date.now() }),
    handlers: () => Promise.resolve([]),
    auditChain: () => Promise.resolve(true),
    monotonic: () => monotonic,
  });
  await Promise.all([scrape(), scrape()]);
  monotonic = 9_999;
  await scrape();
  const { length } = cloudWatch.requests;
  expect(cloudWatch.requests.filter(({ name }) => name === "ListMetrics")).toHaveLength(1);
  monotonic = 10_000;
  await scrape();
  expect(cloudWatch.requests).toHaveLength(2 * length);
});

test.each([
  ["AccessDenied", "AWS_DENIED"],
  ["ThrottlingException", "STORE_UNAVAILABLE"],
])("where CloudWatch answers %s there are no metrics rather than wrong ones, and the next scrape tries again", async (name, code) => {
  let answers = false;
  const cloudWatch = new FakeCloudWatch({ now: () => Date.now() });
  const client = { send: (command: { readonly input: object }) => (answers ? cloudWatch.send(command) : Promise.reject(awsFailure(name))) };
  const { scrape } = createSummedMetrics({
    topology,
    sums: cloudWatchSums({ client, dimensions, now: () => Date.now() }),
    handlers: () => Promise.resolve([]),
    auditChain: () => Promise.resolve(true),
    monotonic: () => 0,
  });
  await expect(scrape()).rejects.toMatchObject({ code, message: `CloudWatch refused to give the metrics: ${name}` });
  answers = true;
  expect((await scrape()).text).toContain("pulsequeue_retries_total");
});

test("an answer that is not whole is refused", async () => {
  const client = {
    send: (command: { readonly input: object }): Promise<never> =>
      Promise.resolve(
        (command.constructor.name === "ListMetricsCommand" ? {} : { MetricDataResults: [{ Id: "m0", Values: [], StatusCode: "InternalError" }] }) as never,
      ),
  };
  await expect(cloudWatchSums({ client, dimensions, now: () => 0 }).of([{ name: "a", labels: {} }])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});
