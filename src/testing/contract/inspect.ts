import assert from "node:assert/strict";
import { defineApp, type App } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import type { DeliveryView, TraceNode } from "../../core/queue.ts";
import { NonRetryableError, RetryAfterError } from "../../core/retry-errors.ts";
import { count, counters, deliveryOf, follow, gate, keyed, plain, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const ignoring = (): App => defineApp("contract", { handlers: [defineHandler("ignore", { on: [plain, keyed], handle: () => undefined })] });

export const inspectCases = casesOf("inspect", {
  "events are found by type, key, id, flow and time": async ({ open }) => {
    const engine = await open(ignoring());
    const start = engine.clock.now();
    const one = await engine.queue.publish(plain, { n: 1 });
    await engine.pass("1m");
    await engine.queue.publish(keyed, { key: "a", n: 2 }, { correlationId: one.id });
    await engine.pass("1m");
    await engine.queue.publish(keyed, { key: "b", n: 3 });
    const numbers = async (filter: Parameters<typeof engine.queue.inspect.events>[0]): Promise<readonly unknown[]> =>
      (await engine.queue.inspect.events(filter)).map(({ data }) => (typeof data === "object" && data !== null && "n" in data ? data["n"] : undefined));
    assert.deepEqual(await numbers({ type: "keyed.happened" }), [3, 2]);
    assert.deepEqual(await numbers({ key: "a" }), [2]);
    assert.deepEqual(await numbers({ id: one.id }), [1]);
    assert.deepEqual(await numbers({ correlationId: one.id }), [2, 1]);
    assert.deepEqual(await numbers({ from: start + 60_000 }), [3, 2]);
    assert.deepEqual(await numbers({ from: start, to: start + 60_000 }), [1]);
    assert.deepEqual(await numbers({ type: "keyed.happened", key: "a", from: start + 60_001 }), []);
  },
  "events come newest first, or from a position on oldest first": async ({ open }) => {
    const { queue } = await open(ignoring());
    await queue.publishMany(
      plain,
      upTo(25).map((n) => ({ n })),
    );
    const newest = await queue.inspect.events({ limit: 10 });
    const positions = newest.map((event) => event.sequence);
    assert.deepEqual(
      positions,
      [...positions].sort((a, b) => b - a),
    );
    assert.deepEqual(newest[0]?.data, { n: 25 });
    const pages: unknown[] = [];
    let after = 0;
    for (let page = await queue.inspect.events({ after, limit: 10 }); page.length > 0; page = await queue.inspect.events({ after, limit: 10 })) {
      pages.push(...page.map((event) => event.data));
      after = page.at(-1)?.sequence ?? Infinity;
    }
    assert.deepEqual(
      pages,
      upTo(25).map((n) => ({ n })),
    );
  },
  "an event shows when it was accepted, from whom, and its flow": async ({ open }) => {
    const engine = await open(ignoring());
    const { id } = await engine.queue.publish(keyed, { key: "a", n: 1 }, { source: "shop", correlationId: "flow" });
    const { sequence, ...view } = single(await engine.queue.inspect.events());
    assert.deepEqual(view, {
      id,
      type: "keyed.happened",
      version: 1,
      source: "shop",
      time: "2026-01-01T00:00:00.000Z",
      key: "a",
      correlationId: "flow",
      causationId: undefined,
      tenant: undefined,
      data: { key: "a", n: 1 },
    });
    assert.ok(sequence > 0);
  },
  "every delivery that is not done has one state, and says why": async ({ open }) => {
    const door = gate();
    const handler = defineHandler("work", {
      on: keyed,
      ordered: true,
      async handle({ data }) {
        if (data.key === "dead") throw new NonRetryableError("refused");
        if (data.key === "retrying") throw new RetryAfterError("1h", "busy");
        if (data.key === "running") await door.passed;
      },
    });
    const paused = defineHandler("paused", { on: plain, handle: () => undefined });
    const engine = await open(defineApp("contract", { handlers: [handler, paused] }));
    const { queue } = engine;
    await queue.operate.pause("paused", { reason: "for the test" });
    await queue.publish(plain, { n: 1 });
    await queue.publish(keyed, { key: "later", n: 1 }, { delay: "2h" });
    for (const [key, n] of [
      ["dead", 1],
      ["retrying", 1],
      ["retrying", 2],
      ["running", 1],
      ["running", 2],
    ] as const) {
      await queue.publish(keyed, { key, n });
      await engine.drain();
    }
    const deliveries = await queue.inspect.deliveries();
    const stateOf = (delivery: DeliveryView): string => `${delivery.key ?? "none"} ${delivery.state}`;
    const expected = ["dead dead", "later scheduled", "none ready", "retrying parked", "retrying retrying", "running parked", "running running"];
    assert.deepEqual(deliveries.map(stateOf).sort(), expected);
    for (const delivery of deliveries) assert.ok(delivery.reason.length > 3, `${stateOf(delivery)} says why`);
    for (const state of ["dead", "scheduled", "ready", "retrying", "running", "parked"] as const) {
      const found = await queue.inspect.deliveries({ state });
      assert.deepEqual(
        found.map(stateOf).sort(),
        expected.filter((entry) => entry.endsWith(` ${state}`)),
        state,
      );
    }
    assert.equal((await queue.inspect.deliveries({ handler: "paused" })).length, 1);
    assert.equal((await queue.inspect.deliveries({ key: "retrying" })).length, 2);
    assert.equal((await queue.inspect.deliveries({ eventType: "plain.happened" })).length, 1);
    assert.equal((await queue.inspect.deliveries({ limit: 3 })).length, 3);
    const work = (await queue.inspect.handlers()).find((view) => view.name === "work");
    assert.deepEqual(work?.counts, { scheduled: 1, ready: 0, running: 1, retrying: 1, parked: 2, dead: 1 });
    door.open();
  },
  "a finished delivery shows its attempts, its end and the rows it wrote": async ({ open }) => {
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      async handle(_event, ctx) {
        await count(ctx.tables.counters, "a");
        ctx.tables.counters.put({ id: "b", count: 1 });
        if (ctx.attempt === 1) throw new RetryAfterError("1m", "later");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    const { id } = await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    const delivery = await deliveryOf(engine.queue, "work", id);
    assert.deepEqual(
      [delivery.state, delivery.attempts, delivery.handler, delivery.eventType, delivery.redrives, delivery.replay],
      ["done", 2, "work", "plain.happened", 0, false],
    );
    assert.equal(delivery.endedAt, "2026-01-01T00:01:00.000Z");
    assert.deepEqual([...delivery.wrote].sort(), ["counters/a", "counters/b"]);
    assert.equal(delivery.failure, undefined);
  },
  "handlers show what they take, what waits and for how long": async ({ open }) => {
    const engine = await open(ignoring());
    await engine.queue.operate.pause("ignore", { reason: "for the test" });
    await engine.queue.publish(plain, { n: 1 });
    await engine.pass("1m");
    await engine.queue.publish(plain, { n: 2 });
    const view = single(await engine.queue.inspect.handlers());
    assert.deepEqual([view.name, [...view.events].sort(), view.counts.ready, view.oldestReady], ["ignore", ["keyed.happened", "plain.happened"], 2, 60_000]);
    await engine.queue.operate.resume("ignore", { reason: "enough" });
    await engine.settle();
    const after = single(await engine.queue.inspect.handlers());
    assert.deepEqual([after.counts.ready, after.oldestReady], [0, undefined]);
  },
});

export const traceCases = casesOf("trace", {
  "of a flow is the tree of its events, deliveries and what they emitted": async ({ open }) => {
    const first = defineHandler("first", {
      on: plain,
      emits: [follow, keyed],
      handle: (_event, ctx) => {
        ctx.emit(follow, { n: 1 });
        ctx.emit(keyed, { key: "a", n: 2 });
      },
    });
    const second = defineHandler("second", {
      on: follow,
      handle: () => {
        throw new NonRetryableError("no");
      },
    });
    const third = defineHandler("third", { on: [keyed, follow], handle: () => undefined });
    const engine = await open(defineApp("contract", { handlers: [first, second, third] }));
    const { id } = await engine.queue.publish(plain, { n: 1 });
    await engine.queue.publish(plain, { n: 9 });
    await engine.settle();
    const drawn = (node: TraceNode): unknown => ({
      [node.event.type]: Object.fromEntries(
        [...node.deliveries]
          .sort((a, b) => a.handler.localeCompare(b.handler))
          .map((delivery) => [`${delivery.handler} ${delivery.state}`, delivery.emitted.map(drawn)]),
      ),
    });
    const tree = {
      "plain.happened": { "first done": [{ "follow.happened": { "second dead": [], "third done": [] } }, { "keyed.happened": { "third done": [] } }] },
    };
    const root = single(await engine.queue.inspect.trace(id));
    assert.deepEqual(drawn(root), tree);
    const leaf = root.deliveries[0]?.emitted[1]?.event.id ?? "";
    assert.deepEqual((await engine.queue.inspect.trace(leaf)).map(drawn), [tree]);
    assert.deepEqual(await engine.queue.inspect.trace("nobody"), []);
  },
});
