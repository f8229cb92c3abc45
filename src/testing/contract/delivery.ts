import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import type { EventMessage } from "../../core/handler.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError } from "../../core/retry-errors.ts";
import { anything, count, counters, follow, keyed, plain, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

export const deliveryCases = casesOf("delivery", {
  "a handler sees the whole event": async ({ open }) => {
    const seen: EventMessage[] = [];
    const handler = defineHandler("note", { on: keyed, handle: (event) => void seen.push(event) });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    const accepted = engine.clock.now();
    const { id } = await engine.queue.publish(keyed, { key: "a", n: 1 }, { source: "shop" });
    await engine.pass("5s");
    await engine.settle();
    const message = single(seen);
    assert.deepEqual(
      { ...message },
      { id, type: "keyed.happened", version: 1, source: "shop", time: accepted, key: "a", data: { key: "a", n: 1 }, correlationId: id, causationId: undefined },
    );
  },
  "an emitted event carries the flow and its cause": async ({ open }) => {
    const seen: EventMessage[] = [];
    const first = defineHandler("first", {
      on: plain,
      emits: [follow],
      handle: (event, ctx) => {
        ctx.emit(follow, { n: event.data.n });
      },
    });
    const second = defineHandler("second", {
      on: follow,
      emits: [keyed],
      handle: (event, ctx) => {
        seen.push(event);
        ctx.emit(keyed, { key: "a", n: event.data.n });
      },
    });
    const third = defineHandler("third", { on: keyed, handle: (event) => void seen.push(event) });
    const engine = await open(defineApp("contract", { handlers: [first, second, third] }));
    const { id } = await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    const [two, three] = seen;
    assert.deepEqual([two?.correlationId, two?.causationId, two?.source], [id, id, "contract/first"]);
    assert.deepEqual([three?.correlationId, three?.causationId, three?.key], [id, two?.id, "a"]);
  },
  "a correlation id that the publisher gives is kept through the flow": async ({ open }) => {
    const seen: string[] = [];
    const first = defineHandler("first", {
      on: plain,
      emits: [follow],
      handle: (event, ctx) => {
        seen.push(event.correlationId);
        ctx.emit(follow, { n: 1 });
      },
    });
    const second = defineHandler("second", { on: follow, handle: (event) => void seen.push(event.correlationId) });
    const engine = await open(defineApp("contract", { handlers: [first, second] }));
    await engine.queue.publish(plain, { n: 1 }, { correlationId: "checkout-7" });
    await engine.settle();
    assert.deepEqual(seen, ["checkout-7", "checkout-7"]);
  },
  "every handler of an event gets it, and one that fails does not hold up another": async ({ open }) => {
    const seen: string[] = [];
    const good = defineHandler("good", { on: plain, handle: () => void seen.push("good") });
    const bad = defineHandler("bad", {
      on: plain,
      handle: () => {
        seen.push("bad");
        throw new NonRetryableError("no");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [bad, good] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual([...seen].sort(), ["bad", "good"]);
    assert.equal(single(await engine.queue.inspect.deadLetters()).handler, "bad");
  },
  "one handler may take several events": async ({ open }) => {
    const seen: string[] = [];
    const handler = defineHandler("both", { on: [plain, keyed], handle: (event) => void seen.push(event.type === "keyed.happened" ? event.data.key : "none") });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.queue.publish(keyed, { key: "a", n: 2 });
    await engine.settle();
    assert.deepEqual([...seen].sort(), ["a", "none"]);
  },
  "an event without a handler is stored": async ({ open }) => {
    const engine = await open(defineApp("contract", { unhandled: [plain] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.equal((await engine.queue.inspect.events()).length, 1);
    assert.deepEqual(await engine.queue.inspect.deliveries(), []);
  },
  "each event of a large backlog is handled once": async ({ open }) => {
    const handler = defineHandler("count", { on: plain, writes: [counters], handle: (event, ctx) => count(ctx.tables.counters, `n${String(event.data.n)}`) });
    const engine = await open(defineApp("contract", { handlers: [handler] }), { start: false });
    for (const block of upTo(5))
      await engine.queue.publishMany(
        plain,
        upTo(300).map((n) => ({ n: block * 1_000 + n })),
      );
    await engine.queue.start();
    await engine.settle();
    const rows = await engine.queue.inspect.table(counters).all();
    assert.equal(rows.length, 1_500);
    assert.ok(rows.every((row) => row.count === 1));
  },
  "what a handler does to the data it got reaches nobody else": async ({ open }) => {
    const seen: unknown[] = [];
    const spoil = (value: unknown): void => {
      if (typeof value === "object" && value !== null) Reflect.set(value, "spoiled", true);
    };
    const first = defineHandler("first", {
      on: anything,
      handle(event, ctx) {
        seen.push({ ...event.data });
        spoil(event.data);
        if (ctx.attempt === 1) throw new Error("again");
      },
    });
    const second = defineHandler("second", {
      on: anything,
      handle: (event) => {
        seen.push({ ...event.data });
        spoil(event.data);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [first, second] }));
    await engine.queue.publish(anything, { value: 1 });
    await engine.settle();
    assert.deepEqual(seen, [{ value: 1 }, { value: 1 }, { value: 1 }]);
  },
  "a handler reads the engine's clock and its random source": async ({ open }) => {
    const seen: number[] = [];
    const handler = defineHandler("read", { on: plain, handle: (_event, ctx) => void seen.push(ctx.now(), ctx.random()) });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    const [now, random] = seen;
    assert.equal(now, engine.clock.now());
    assert.ok(random !== undefined && random >= 0 && random < 1);
  },
});

export const emitCases = casesOf("emit", {
  "nothing leaves before the commit": async ({ open }) => {
    const order: string[] = [];
    const first = defineHandler("first", {
      on: plain,
      emits: [follow],
      async handle(_event, ctx) {
        ctx.emit(follow, { n: 1 });
        await Promise.resolve();
        order.push("first ends");
      },
    });
    const second = defineHandler("second", { on: follow, handle: () => void order.push("second") });
    const engine = await open(defineApp("contract", { handlers: [first, second] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(order, ["first ends", "second"]);
  },
  "a chosen id is stored once, however often its handler emits it": async ({ open }) => {
    const seen: number[] = [];
    const first = defineHandler("first", {
      on: plain,
      emits: [follow],
      handle: (event, ctx) => {
        ctx.emit(follow, { n: event.data.n }, { id: "the-one" });
      },
    });
    const second = defineHandler("second", { on: follow, handle: (event) => void seen.push(event.data.n) });
    const engine = await open(defineApp("contract", { handlers: [first, second] }));
    for (let again = 0; again < 3; again += 1) await engine.queue.publish(plain, { n: 7 });
    await engine.settle();
    assert.deepEqual(seen, [7]);
    assert.deepEqual(await engine.queue.inspect.deadLetters(), []);
  },
  "a chosen id with other data is a dead letter, and its writes are undone": async ({ open }) => {
    const handler = defineHandler("first", {
      on: plain,
      writes: [counters],
      emits: [follow],
      handle(event, ctx) {
        ctx.tables.counters.put({ id: `n${String(event.data.n)}`, count: 1 });
        ctx.emit(follow, { n: event.data.n }, { id: "the-one" });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler], unhandled: [follow] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    await engine.queue.publish(plain, { n: 2 });
    await engine.settle();
    assert.equal(single(await engine.queue.inspect.deadLetters()).failure?.code, "IDENTITY_REUSED");
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "n1", count: 1 }]);
    assert.equal((await engine.queue.inspect.events({ type: "follow.happened" })).length, 1);
  },
  "a wrong reuse of an id by one delivery leaves the others of its batch alone": async ({ open }) => {
    const handler = defineHandler("first", {
      on: plain,
      writes: [counters],
      emits: [follow],
      async handle(event, ctx) {
        await count(ctx.tables.counters, "all");
        ctx.emit(follow, { n: event.data.n }, { id: event.data.n <= 2 ? "the-one" : `id-${String(event.data.n)}` });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler], unhandled: [follow] }), { start: false });
    await engine.queue.publishMany(
      plain,
      upTo(6).map((n) => ({ n })),
    );
    await engine.queue.start();
    await engine.settle();
    assert.equal((await engine.queue.inspect.deadLetters()).length, 1);
    assert.deepEqual(await engine.queue.inspect.table(counters).get("all"), { id: "all", count: 5 });
  },
  "an emitted event may have a key, and a time before which it is not delivered": async ({ open }) => {
    const seen: (readonly [number, string | undefined])[] = [];
    const first = defineHandler("first", {
      on: plain,
      emits: [follow],
      handle(_event, ctx) {
        ctx.emit(follow, { n: 1 }, { delay: "10m", key: "k" });
        ctx.emit(follow, { n: 2 }, { at: ctx.now() + 300_000 });
      },
    });
    const second = defineHandler("second", { on: follow, handle: (event) => void seen.push([event.data.n, event.key]) });
    const engine = await open(defineApp("contract", { handlers: [first, second] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.pass("299s");
    assert.deepEqual(seen, []);
    await engine.pass("1s");
    assert.deepEqual(seen, [[2, undefined]]);
    await engine.pass("5m");
    assert.deepEqual(seen, [
      [2, undefined],
      [1, "k"],
    ]);
  },
});
