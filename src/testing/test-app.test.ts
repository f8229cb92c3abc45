import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  defineApp,
  defineEndpoint,
  defineEvent,
  defineHandler,
  defineSchedule,
  defineSecret,
  defineTable,
  NonRetryableError,
  RetryAfterError,
} from "pulsequeue";
import { testApp, type TestApp, type TestAppOptions } from "pulsequeue/testing";

const placed = defineEvent("order.placed", { schema: z.object({ orderId: z.string(), sku: z.string() }), key: (data) => data.sku });
const reserved = defineEvent("stock.reserved", { schema: z.object({ orderId: z.string() }) });
const confirmed = defineEvent("order.confirmed", { schema: z.object({ orderId: z.string(), at: z.string().transform((text) => new Date(text)) }) });
const sweepDue = defineEvent("sweep.due", { schema: z.object({ scheduledAt: z.string() }) });
const stock = defineTable("stock", { schema: z.object({ sku: z.string(), reserved: z.int() }), key: "sku", invariant: (row) => row.reserved <= 5 });
const apiKey = defineSecret("api-key");

/** A small pipeline, and what its handlers did outside: calls to a provider are not undone by anything. */
function pipeline() {
  const calls: string[] = [];
  const reserve = defineHandler("reserve", {
    on: placed,
    writes: [stock],
    emits: [reserved],
    retry: { attempts: 3 },
    async handle({ data }, ctx) {
      if (data.sku === "banned") throw new NonRetryableError("it is banned");
      const row = await ctx.tables.stock.get(data.sku);
      ctx.tables.stock.put({ sku: data.sku, reserved: (row?.reserved ?? 0) + 1 });
      ctx.emit(reserved, { orderId: data.orderId });
    },
  });
  const pay = defineHandler("pay", {
    on: reserved,
    emits: [confirmed],
    secrets: [apiKey],
    async handle({ data }, ctx) {
      calls.push(`${ctx.idempotencyKey("charge")} ${ctx.secret(apiKey)}`);
      if (ctx.attempt === 1 && data.orderId === "slow") throw new RetryAfterError("1h", "the provider is busy");
      ctx.emit(confirmed, { orderId: data.orderId, at: new Date(ctx.now()).toISOString() });
    },
  });
  const sweep = defineHandler("sweep", { on: sweepDue, handle: ({ data }) => void calls.push(`sweep ${data.scheduledAt}`) });
  const place = defineEndpoint("place", {
    method: "POST",
    path: "/orders",
    auth: "public",
    input: z.object({ orderId: z.string() }),
    emits: [placed],
    handle(request, ctx) {
      ctx.emit(placed, { orderId: request.input.orderId, sku: "a" });
      return { status: 202, body: { accepted: true } };
    },
  });
  const app = defineApp("shop", {
    handlers: [reserve, pay, sweep],
    endpoints: [place],
    schedules: [defineSchedule("sweeper", { every: "10m", emits: [sweepDue] })],
    unhandled: [confirmed],
  });
  return { app, calls, place };
}

const opened: TestApp[] = [];
async function open(app: ReturnType<typeof pipeline>["app"], options: TestAppOptions = {}): Promise<TestApp> {
  const t = await testApp(app, { secrets: { "api-key": "hush" }, ...options });
  opened.push(t);
  return t;
}
afterEach(async () => {
  for (const t of opened.splice(0)) await t.close();
});

describe("testApp", () => {
  it("runs a flow to its end, over the waits of retries", async () => {
    const { app } = pipeline();
    const t = await open(app);
    const started = t.clock.now();
    await t.publish(placed, { orderId: "slow", sku: "a" });
    expect(t.emitted(confirmed)).toEqual([]);
    await t.settle();
    const [message] = t.emitted(confirmed);
    expect(message?.data).toEqual({ orderId: "slow", at: new Date(started + 3_600_000) });
    expect(message?.source).toBe("shop/pay");
    expect(t.table(stock).get("a")).toEqual({ sku: "a", reserved: 1 });
    expect(t.table(stock).all()).toHaveLength(1);
    expect(t.table(stock).get("b")).toBeUndefined();
  });

  it("answers for endpoints, and shows dead letters", async () => {
    const { app, place } = pipeline();
    const t = await open(app);
    expect(await t.invoke(place, { body: { orderId: "o" } })).toMatchObject({ status: 202, body: { accepted: true }, replayed: false });
    expect(await t.invoke(place, { body: {} })).toMatchObject({ status: 400 });
    expect(t.emitted(placed)).toHaveLength(1);
    await t.publish(placed, { orderId: "o", sku: "banned" });
    await t.settle();
    expect(t.deadLetters().map((letter) => [letter.handler, letter.failure?.code])).toEqual([["reserve", "NON_RETRYABLE"]]);
    expect(t.emitted(placed)).toHaveLength(1);
  });

  it("moves time only when told to", async () => {
    const { app, calls } = pipeline();
    const t = await open(app, { now: new Date("2026-05-01T12:00:00Z") });
    await t.settle();
    expect(calls).toEqual([]);
    t.clock.advance("25m");
    await t.settle();
    expect(calls.at(-1)).toBe("sweep 2026-05-01T12:20:00.000Z");
    calls.length = 0;
    await t.pass("20m");
    expect(calls).toEqual(["sweep 2026-05-01T12:30:00.000Z", "sweep 2026-05-01T12:40:00.000Z"]);
  });

  it("deliverTwice: handlers run twice with the same keys, and effects happen once", async () => {
    const { app, calls } = pipeline();
    const t = await open(app);
    t.deliverTwice();
    await t.publish(placed, { orderId: "o", sku: "a" });
    await t.settle();
    expect(calls).toHaveLength(2);
    expect(new Set(calls).size).toBe(1);
    expect(t.emitted(confirmed)).toHaveLength(1);
    expect(t.table(stock).get("a")).toEqual({ sku: "a", reserved: 1 });
  });

  it("crashAfterCommit: nothing is lost and nothing happens twice", async () => {
    const { app } = pipeline();
    const t = await open(app);
    for (const n of [1, 2, 3]) {
      t.crashAfterCommit();
      const before = t.queue;
      expect(await t.publish(placed, { orderId: `o${String(n)}`, sku: "a" })).toMatchObject({ duplicate: false });
      await t.settle();
      expect(t.queue).not.toBe(before);
    }
    expect(t.emitted(reserved)).toHaveLength(3);
    expect(t.emitted(confirmed)).toHaveLength(3);
    expect(t.table(stock).get("a")).toEqual({ sku: "a", reserved: 3 });
  });

  it("reorder: deliveries that wait together come in another order", async () => {
    const order: number[] = [];
    const counted = defineEvent("counted", { schema: z.object({ n: z.int() }) });
    const app = defineApp("counting", { handlers: [defineHandler("note", { on: counted, handle: ({ data }) => void order.push(data.n) })] });
    const t = await testApp(app, { seed: 7 });
    opened.push(t);
    t.reorder();
    await Promise.all(Array.from({ length: 20 }, (_, n) => t.publish(counted, { n })));
    await t.settle();
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    expect(new Set(order).size).toBe(20);
  });

  it("waits for handlers that wait for the real world", async () => {
    const waited: string[] = [];
    const asked = defineEvent("asked", { schema: z.object({}) });
    const app = defineApp("waiting", {
      handlers: [
        defineHandler("wait", {
          on: asked,
          timeout: "1s",
          async handle() {
            for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
            const { readFile } = await import("node:fs/promises");
            waited.push((await readFile(new URL(import.meta.url), "utf8")).slice(0, 6));
          },
        }),
      ],
    });
    const t = await testApp(app);
    opened.push(t);
    await t.publish(asked, {});
    await t.settle();
    expect(waited).toEqual(["import"]);
    expect(t.deadLetters()).toEqual([]);
  });

  it("says what is not done when an app never comes to rest", async () => {
    const looped = defineEvent("looped", { schema: z.object({ n: z.int() }) });
    const app = defineApp("stuck", {
      handlers: [
        defineHandler("stuck", {
          on: looped,
          retry: { attempts: 100, min: "1d", max: "1d" },
          handle: () => {
            throw new RetryAfterError("7d", "never");
          },
        }),
      ],
    });
    const t = await testApp(app);
    opened.push(t);
    await t.publish(looped, { n: 1 });
    await expect(t.settle()).rejects.toThrow(/stuck looped .* retrying \(attempt/);
  });

  it("is the same each time for one seed: ids, jitter and trace", async () => {
    const run = async (seed: number) => {
      const { app, calls } = pipeline();
      const t = await open(app, { seed });
      t.reorder();
      t.deliverTwice();
      for (const n of [1, 2, 3, 4]) {
        if (n === 3) t.crashAfterCommit();
        await t.publish(placed, { orderId: n === 2 ? "slow" : `o${String(n)}`, sku: `s${String(n % 2)}` });
      }
      await t.settle();
      const events = await t.queue.inspect.events({ after: 0 });
      const traces = await Promise.all(events.map((event) => t.queue.inspect.trace(event.id)));
      return JSON.stringify([calls, events, traces, t.clock.now()]);
    };
    const [first, second, other] = [await run(42), await run(42), await run(43)];
    expect(first).toBe(second);
    expect(first).not.toBe(other);
  });
});
