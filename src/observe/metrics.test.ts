import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEvent, defineHandler } from "pulsequeue";
import { parseExposition } from "../../test/support/exposition.ts";
import type { ObservedFact } from "../core/ports.ts";
import type { HandlerView } from "../core/queue.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

const placed = defineEvent("order.placed", { schema: z.object({ orderId: z.string() }) });
const reserve = defineHandler("reserve", { on: placed, handle: () => undefined });
const { topology } = defineApp("shop", { handlers: [reserve] });

const view: HandlerView = {
  name: "reserve",
  events: ["order.placed"],
  paused: false,
  pauseReason: undefined,
  counts: { scheduled: 1, ready: 2, running: 3, retrying: 4, parked: 5, dead: 6 },
  oldestReady: 1_500,
};

function start(given: { readonly handlers?: () => Promise<readonly HandlerView[]>; readonly auditChain?: () => Promise<boolean> } = {}): {
  readonly metrics: Metrics;
  readonly series: () => Promise<ReadonlyMap<string, number>>;
  readonly at: { now: number };
} {
  const at = { now: 0 };
  const metrics = createMetrics({
    topology,
    handlers: () => Promise.resolve([view]),
    auditChain: () => Promise.resolve(true),
    monotonic: () => at.now,
    ...given,
  });
  return { metrics, at, series: async () => parseExposition((await metrics.scrape()).text).series };
}

const settled: Extract<ObservedFact, { type: "settled" }> = {
  type: "settled",
  handler: "reserve",
  event: "order.placed",
  eventId: "e-1",
  tenant: undefined,
  correlationId: "e-1",
  age: 40,
  state: "done",
  attempt: 1,
  milliseconds: 20,
  failure: undefined,
};
const failure = { code: "HANDLER_FAILED", message: "no", at: 0 };
const published: Extract<ObservedFact, { type: "published" }> = { type: "published", event: "order.placed", count: 1, duplicates: 0, correlationId: "e-1" };
const attempt = (outcome: string): string => `pulsequeue_deliveries_total{handler="reserve",event="order.placed",outcome="${outcome}"}`;
const refused = (reason: Extract<ObservedFact, { type: "refused" }>["reason"]): ObservedFact => ({ type: "refused", reason, route: "/v1/events" });

/** Every counter with the fact that moves it. */
const causes: readonly (readonly [series: string, fact: ObservedFact])[] = [
  ['pulsequeue_events_published_total{event="order.placed"}', published],
  ['pulsequeue_duplicates_dropped_total{event="order.placed"}', { ...published, duplicates: 1 }],
  [attempt("done"), settled],
  [attempt("retrying"), { ...settled, state: "retrying", failure }],
  [attempt("scheduled"), { ...settled, state: "scheduled", failure }],
  [attempt("dead"), { ...settled, state: "dead", failure }],
  ['pulsequeue_retries_total{handler="reserve"}', { ...settled, state: "retrying", failure }],
  ['pulsequeue_dead_letters_total{handler="reserve"}', { ...settled, state: "dead", failure }],
  ['pulsequeue_conflicts_total{handler="reserve"}', { type: "conflict", handler: "reserve" }],
  ['pulsequeue_handler_duration_seconds_count{handler="reserve"}', settled],
  ['pulsequeue_end_to_end_latency_seconds_count{handler="reserve"}', settled],
  ["pulsequeue_auth_failures_total", refused("authentication")],
  ["pulsequeue_sig_failures_total", refused("signature")],
  ["pulsequeue_permission_denials_total", refused("permission")],
  ["pulsequeue_validation_rejects_total", refused("validation")],
  ["pulsequeue_rate_limited_total", refused("rate")],
];

describe("counters", () => {
  test.each(causes)("%s moves by exactly one when its cause happens once, and starts at 0", async (name, fact) => {
    const { metrics, series } = start();
    expect((await series()).get(name)).toBe(0);
    metrics.observe(fact);
    expect((await series()).get(name)).toBe(1);
  });

  test.each(causes)("no other counter than those of its cause moves with %s", async (_name, fact) => {
    const { metrics, series } = start();
    const before = await series();
    metrics.observe(fact);
    const moved = [...(await series())].filter(([name, value]) => /_total\b/.test(name) && before.get(name) !== value).map(([name]) => name);
    const expected = causes.filter(([name, cause]) => /_total\b/.test(name) && (cause === fact || JSON.stringify(cause) === JSON.stringify(fact)));
    expect(moved.sort()).toEqual(expected.map(([name]) => name).sort());
  });

  test("a request is counted once by route, method and status, and its seconds are measured", async () => {
    const { metrics, series } = start();
    metrics.observe({ type: "request", route: "/orders/:id", method: "GET", status: 404, milliseconds: 250, principal: "anonymous", correlationId: undefined });
    const now = await series();
    expect(now.get('pulsequeue_http_requests_total{route="/orders/:id",method="GET",status="404"}')).toBe(1);
    expect(now.get('pulsequeue_http_request_duration_seconds_sum{route="/orders/:id",method="GET"}')).toBe(0.25);
  });

  test("units are seconds", async () => {
    const { metrics, series } = start();
    metrics.observe(settled);
    const now = await series();
    expect(now.get('pulsequeue_handler_duration_seconds_sum{handler="reserve"}')).toBe(0.02);
    expect(now.get('pulsequeue_end_to_end_latency_seconds_sum{handler="reserve"}')).toBe(0.04);
  });
});

describe("labels", () => {
  test("100,000 different keys, ids and correlation ids leave the number of series unchanged", async () => {
    const { metrics, series } = start();
    metrics.observe(settled);
    const before = (await series()).size;
    for (let index = 0; index < 100_000; index += 1) {
      metrics.observe({ ...settled, eventId: `e-${String(index)}`, correlationId: `c-${String(index)}` });
    }
    expect((await series()).size).toBe(before);
  });

  test("names, methods and routes that nobody declared cannot make series without end", async () => {
    const { metrics, series } = start();
    for (let index = 0; index < 5_000; index += 1) {
      const name = `x-${String(index)}`;
      metrics.observe({ ...settled, handler: name, event: name });
      metrics.observe({ ...published, event: name });
      metrics.observe({ type: "request", route: `/${name}`, method: name, status: 404, milliseconds: 1, principal: name, correlationId: name });
    }
    const names = [...(await series()).keys()];
    expect(names.some((name) => name.includes("x-4999"))).toBe(false);
    expect(names.filter((name) => name.startsWith("pulsequeue_http_requests_total"))).toHaveLength(501);
    expect(names.filter((name) => name.includes('handler="x-'))).toEqual([]);
  });
});

describe("gauges", () => {
  test("are what inspection says at the time of the scrape", async () => {
    const now = await start().series();
    const handler = 'handler="reserve"';
    expect(now.get(`pulsequeue_queue_depth{${handler},state="ready"}`)).toBe(2);
    expect(now.get(`pulsequeue_queue_depth{${handler},state="retrying"}`)).toBe(4);
    expect(now.get(`pulsequeue_dlq_depth{${handler}}`)).toBe(6);
    expect(now.get(`pulsequeue_oldest_message_age_seconds{${handler}}`)).toBe(1.5);
    expect(now.get(`pulsequeue_key_blocked{${handler}}`)).toBe(5);
    expect(now.get("pulsequeue_outbox_lag_seconds")).toBe(1.5);
    expect(now.get("pulsequeue_inspection_ok")).toBe(1);
  });

  test("the audit chain is checked once a minute and its break shows", async () => {
    let asked = 0;
    let holds = true;
    const { series, at } = start({ auditChain: () => ((asked += 1), Promise.resolve(holds)) });
    expect((await series()).get("pulsequeue_audit_chain_ok")).toBe(1);
    holds = false;
    at.now = 59_999;
    await series();
    expect(asked).toBe(1);
    at.now = 60_000;
    expect((await series()).get("pulsequeue_audit_chain_ok")).toBe(0);
    expect(asked).toBe(2);
  });

  test("a queue that cannot be asked leaves counters and says so, without a gauge that is wrong", async () => {
    const { metrics, series } = start({ handlers: () => Promise.reject(new Error("closed")) });
    metrics.observe(settled);
    const now = await series();
    expect(now.get(attempt("done"))).toBe(1);
    expect(now.get("pulsequeue_inspection_ok")).toBe(0);
    expect([...now.keys()].filter((name) => /dlq_depth|queue_depth|audit_chain|outbox_lag/.test(name))).toEqual([]);
  });

  test("scrapes at the same time share one reading", async () => {
    let asked = 0;
    const { metrics } = start({ handlers: () => ((asked += 1), Promise.resolve([view])) });
    await Promise.all([metrics.scrape(), metrics.scrape(), metrics.scrape()]);
    expect(asked).toBe(1);
  });
});

test("two queues in one process do not share a registry", async () => {
  const [one, two] = [start(), start()];
  one.metrics.observe(settled);
  expect((await two.series()).get(attempt("done"))).toBe(0);
});

test("the type of the content is what Prometheus wants", async () => {
  expect((await start().metrics.scrape()).contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
});
