import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEvent, defineHandler, NonRetryableError } from "pulsequeue";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { parseExposition } from "../../test/support/exposition.ts";
import type { ObservedFact } from "../core/ports.ts";
import { lineOf } from "./lines.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

const schema = z.object({ orderId: z.string() });
const placed = defineEvent("order.placed", { schema, key: (data) => data.orderId });
const confirmed = defineEvent("order.confirmed", { schema });
const confirm = defineHandler("confirm", {
  on: placed,
  emits: [confirmed],
  retry: { attempts: 2, min: "1ms", max: "1ms" },
  handle({ data }, ctx) {
    if (data.orderId === "never") throw new NonRetryableError("no");
    if (data.orderId === "again" && ctx.attempt === 1) throw new Error("not yet");
    ctx.log.info("confirmed", { orderId: data.orderId });
    ctx.emit(confirmed, data);
  },
});
const count = defineHandler("count", { on: confirmed, handle: () => undefined });
const app = defineApp("shop", { handlers: [confirm, count] });

let queue: LocalQueue | undefined;
afterEach(() => queue?.close());

async function start(): Promise<{
  readonly opened: LocalQueue;
  readonly facts: readonly ObservedFact[];
  readonly series: () => Promise<ReadonlyMap<string, number>>;
}> {
  const facts: ObservedFact[] = [];
  const told: Metrics["observe"][] = [(fact) => void facts.push(fact)];
  const observe = (fact: ObservedFact): void => {
    for (const tell of told) tell(fact);
  };
  const opened = await openLocal(app, { file: ":memory:", observe });
  queue = opened;
  const metrics = createMetrics({
    topology: app.topology,
    handlers: () => opened.inspect.handlers(),
    auditChain: async () => (await opened.ledger.verify()).ok,
    monotonic: () => performance.now(),
  });
  told.push(metrics.observe);
  const { scrape } = metrics;
  await opened.start();
  return { opened, facts, series: async () => parseExposition((await scrape()).text).series };
}

describe("metrics of a running engine", () => {
  test("one event, one attempt, one duplicate and one dead letter are one each", async () => {
    const { opened, series } = await start();
    await opened.publish(placed, { orderId: "o-1" }, { id: "e-1" });
    await opened.publish(placed, { orderId: "o-1" }, { id: "e-1" });
    await opened.idle();
    const first = await series();
    const done = 'pulsequeue_deliveries_total{handler="confirm",event="order.placed",outcome="done"}';
    expect(first.get('pulsequeue_events_published_total{event="order.placed"}')).toBe(1);
    expect(first.get('pulsequeue_duplicates_dropped_total{event="order.placed"}')).toBe(1);
    expect(first.get(done)).toBe(1);
    expect(first.get('pulsequeue_end_to_end_latency_seconds_count{handler="count"}')).toBe(1);
    expect(first.get('pulsequeue_dlq_depth{handler="confirm"}')).toBe(0);
    expect(first.get("pulsequeue_audit_chain_ok")).toBe(1);

    await opened.publish(placed, { orderId: "never" });
    await opened.publish(placed, { orderId: "again" });
    await opened.idle();
    const then = await series();
    expect(then.get('pulsequeue_dlq_depth{handler="confirm"}')).toBe(1);
    expect(then.get(done.replace("done", "dead"))).toBe(1);
    expect(then.get(done.replace("done", "retrying"))).toBe(1);
    expect(then.get('pulsequeue_retries_total{handler="confirm"}')).toBe(1);
    expect(then.get(done)).toBe(2);
  });

  test("events of 3,000 different keys leave the series as they are", async () => {
    const { opened, series } = await start();
    await opened.publish(placed, { orderId: "o-0" });
    await opened.idle();
    const before = [...(await series()).keys()];
    await opened.publishMany(
      placed,
      Array.from({ length: 3_000 }, (_, index) => ({ orderId: `key-${String(index)}` })),
    );
    await opened.idle();
    expect([...(await series()).keys()]).toEqual(before);
  });
});

describe("the log of a running engine", () => {
  test("has one correlation id from what was published to the last effect, and each attempt once with its outcome", async () => {
    const { opened, facts } = await start();
    await opened.publish(placed, { orderId: "again" }, { correlationId: "flow-1" });
    await opened.idle();
    const lines = facts.map(lineOf);
    expect(lines.map(({ fields }) => fields["correlationId"])).toEqual(lines.map(() => "flow-1"));
    const attempts = lines.filter(({ fields }) => "outcome" in fields).map(({ fields }) => [fields["handler"], fields["attempt"], fields["outcome"]]);
    expect(attempts.sort()).toEqual([
      ["confirm", 1, "retrying"],
      ["confirm", 2, "done"],
      ["count", 1, "done"],
    ]);
  });
});
