import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError } from "../../core/retry-errors.ts";
import { count, counters, deliveryOf, follow, gate, plain, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

export const commitCases = casesOf("commit", {
  "writes, emitted events and the acknowledgement stand or fall together": async ({ open }) => {
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      emits: [follow],
      async handle(event, ctx) {
        await count(ctx.tables.counters, "a");
        ctx.emit(follow, { n: event.data.n });
        if (ctx.attempt === 1) throw new Error("after the effects");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler], unhandled: [follow] }));
    const { id } = await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), []);
    assert.deepEqual(await engine.queue.inspect.events({ type: "follow.happened" }), []);
    assert.equal((await deliveryOf(engine.queue, "work", id)).state, "retrying");
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "a", count: 1 }]);
    assert.equal((await engine.queue.inspect.events({ type: "follow.happened" })).length, 1);
    assert.equal((await deliveryOf(engine.queue, "work", id)).state, "done");
  },
  "nothing is visible while the handler runs": async ({ open }) => {
    const door = gate();
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      emits: [follow],
      async handle(_event, ctx) {
        ctx.tables.counters.put({ id: "a", count: 1 });
        ctx.emit(follow, { n: 1 });
        await door.passed;
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler], unhandled: [follow] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    assert.equal(single(await engine.queue.inspect.deliveries()).state, "running");
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), []);
    assert.deepEqual(await engine.queue.inspect.events({ type: "follow.happened" }), []);
    door.open();
    await engine.settle();
    assert.equal((await engine.queue.inspect.table(counters).all()).length, 1);
  },
  "one of a batch that fails is undone alone, and the others go on": async ({ open }) => {
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      emits: [follow],
      async handle(event, ctx) {
        await count(ctx.tables.counters, "all");
        ctx.tables.counters.put({ id: `n${String(event.data.n)}`, count: 1 });
        ctx.emit(follow, { n: event.data.n });
        if (event.data.n === 3) throw new NonRetryableError("three is refused");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler], unhandled: [follow] }), { start: false });
    await engine.queue.publishMany(
      plain,
      upTo(6).map((n) => ({ n })),
    );
    await engine.queue.start();
    await engine.settle();
    const rows = await engine.queue.inspect.table(counters).all();
    assert.deepEqual(
      rows.map((row) => row.id),
      ["all", "n1", "n2", "n4", "n5", "n6"],
    );
    assert.equal(rows[0]?.count, 5);
    const emitted = await engine.queue.inspect.events({ type: "follow.happened" });
    assert.deepEqual(new Set(emitted.map((event) => JSON.stringify(event.data))), new Set([1, 2, 4, 5, 6].map((n) => `{"n":${String(n)}}`)));
    assert.equal(single(await engine.queue.inspect.deadLetters()).event.id.length, 36);
  },
  "what a failed delivery wrote is not seen by the next of its batch": async ({ open }) => {
    const seen: unknown[] = [];
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      async handle(event, ctx) {
        seen.push(await ctx.tables.counters.get("a"));
        ctx.tables.counters.put({ id: "a", count: event.data.n });
        if (event.data.n === 1) throw new NonRetryableError("no");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }), { start: false });
    await engine.queue.publishMany(plain, [{ n: 1 }, { n: 2 }]);
    await engine.queue.start();
    await engine.settle();
    assert.deepEqual(seen, [undefined, undefined]);
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "a", count: 2 }]);
  },
  "deliveries that change one row lose no change": async ({ open }) => {
    const handler = defineHandler("count", { on: plain, writes: [counters], handle: (_event, ctx) => count(ctx.tables.counters, "hot") });
    const engine = await open(defineApp("contract", { handlers: [handler] }), { start: false });
    await engine.queue.publishMany(
      plain,
      upTo(200).map((n) => ({ n })),
    );
    await engine.queue.start();
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(counters).get("hot"), { id: "hot", count: 200 });
  },
  "a handler reads its own writes and deletes": async ({ open }) => {
    const seen: unknown[] = [];
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      async handle(_event, { tables }) {
        tables.counters.put({ id: "b", count: 2 });
        seen.push(await tables.counters.get("b"));
        tables.counters.delete("a");
        seen.push(await tables.counters.get("a"));
        tables.counters.put({ id: "b", count: 3 });
        seen.push(await tables.counters.query({ equals: { id: "b" } }));
        seen.push(await tables.counters.query({ equals: { id: "a" } }));
      },
    });
    const prepare = defineHandler("prepare", {
      on: follow,
      writes: [counters],
      handle: (_event, ctx) => {
        ctx.tables.counters.put({ id: "a", count: 1 });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler, prepare] }));
    await engine.queue.publish(follow, { n: 1 });
    await engine.settle();
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(seen, [{ id: "b", count: 2 }, undefined, [{ id: "b", count: 3 }], []]);
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "b", count: 3 }]);
  },
  "what a handler does to a row it read changes nothing that is stored": async ({ open }) => {
    const seen: unknown[] = [];
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      async handle(event, { tables }) {
        if (event.data.n === 1) tables.counters.put({ id: "a", count: 1 });
        const row = await tables.counters.get("a");
        if (row !== undefined) Reflect.set(row, "count", 99);
        seen.push(await tables.counters.get("a"));
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }), { start: false });
    await engine.queue.publishMany(plain, [{ n: 1 }, { n: 2 }]);
    await engine.queue.start();
    await engine.settle();
    assert.deepEqual(seen, [
      { id: "a", count: 1 },
      { id: "a", count: 1 },
    ]);
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "a", count: 1 }]);
  },
  "a delete of a row that is not there does nothing": async ({ open }) => {
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      handle: (_event, ctx) => {
        ctx.tables.counters.delete("never");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    const { id } = await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.equal((await deliveryOf(engine.queue, "work", id)).state, "done");
  },
});

export const conflictCases = casesOf("conflict", {
  "a row that changed after it was read makes the delivery run again, without using an attempt": async ({ open }) => {
    const door = gate();
    const attempts: number[] = [];
    const slow = defineHandler("slow", {
      on: plain,
      writes: [counters],
      async handle(_event, ctx) {
        attempts.push(ctx.attempt);
        const row = await ctx.tables.counters.get("a");
        await door.passed;
        ctx.tables.counters.put({ id: "a", count: (row?.count ?? 0) + 1 });
      },
    });
    const fast = defineHandler("fast", { on: follow, writes: [counters], handle: (_event, ctx) => count(ctx.tables.counters, "a", 10) });
    const engine = await open(defineApp("contract", { handlers: [slow, fast] }));
    const { id } = await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    await engine.queue.publish(follow, { n: 1 });
    await engine.drain();
    assert.deepEqual(await engine.queue.inspect.table(counters).get("a"), { id: "a", count: 10 });
    door.open();
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(counters).get("a"), { id: "a", count: 11 });
    assert.deepEqual(attempts, [1, 1]);
    assert.equal((await deliveryOf(engine.queue, "slow", id)).attempts, 1);
  },
  "a row that was only read guards the commit too": async ({ open }) => {
    const door = gate();
    const seen: number[] = [];
    const slow = defineHandler("slow", {
      on: plain,
      reads: [counters],
      emits: [follow],
      async handle(_event, ctx) {
        const row = await ctx.tables.counters.get("limit");
        seen.push(row?.count ?? 0);
        await door.passed;
        ctx.emit(follow, { n: row?.count ?? 0 });
      },
    });
    const raise = defineHandler("raise", {
      on: follow,
      writes: [counters],
      handle: (event, ctx) => {
        if (event.key === "raise") ctx.tables.counters.put({ id: "limit", count: 5 });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [slow, raise] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    await engine.queue.publish(follow, { n: 0 }, { key: "raise" });
    await engine.drain();
    door.open();
    await engine.settle();
    assert.deepEqual(seen, [0, 5]);
    const emitted = (await engine.queue.inspect.events({ type: "follow.happened" })).filter((event) => event.key === undefined);
    assert.deepEqual(single(emitted).data, { n: 5 });
  },
  "handlers that change one row at the same time lose no change": async ({ open }) => {
    const names = ["one", "two", "three"];
    const handlers = names.map((name) =>
      defineHandler(name, {
        on: plain,
        writes: [counters],
        async handle(_event, ctx) {
          const row = await ctx.tables.counters.get("hot");
          await Promise.resolve();
          ctx.tables.counters.put({ id: "hot", count: (row?.count ?? 0) + 1 });
        },
      }),
    );
    const engine = await open(defineApp("contract", { handlers }));
    for (const n of upTo(20)) await engine.queue.publish(plain, { n });
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(counters).get("hot"), { id: "hot", count: 60 });
    for (const event of await engine.queue.inspect.events()) {
      const deliveries = await engine.queue.inspect.deliveries({ eventId: event.id });
      assert.deepEqual(new Set(deliveries.map((delivery) => `${delivery.state} ${String(delivery.attempts)}`)), new Set(["done 1"]));
    }
  },
});
