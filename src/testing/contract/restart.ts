import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError, RetryAfterError } from "../../core/retry-errors.ts";
import { count, counters, gate, plain, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const never = new Promise<void>(() => undefined);

export const restartCases = casesOf("restart", {
  "keeps events, rows, waiting deliveries and dead letters": async ({ open }) => {
    const seen: number[] = [];
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      async handle({ data }, ctx) {
        if (data.n === 2) throw new NonRetryableError("no");
        if (data.n === 3 && ctx.attempt === 1) throw new RetryAfterError("1h", "later");
        seen.push(data.n);
        await count(ctx.tables.counters, `n${String(data.n)}`);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publishMany(
      plain,
      upTo(3).map((n) => ({ n })),
    );
    await engine.drain();
    await engine.queue.publish(plain, { n: 4 }, { delay: "2h" });
    const events = await engine.queue.inspect.events();
    const before = await engine.queue.inspect.deliveries();
    await engine.restart("clean", { start: false });
    assert.deepEqual(await engine.queue.inspect.events(), events);
    assert.deepEqual(
      (await engine.queue.inspect.deliveries()).map(({ eventId, state }) => [eventId, state]),
      before.map(({ eventId, state }) => [eventId, state]),
    );
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "n1", count: 1 }]);
    await engine.queue.publish(plain, { n: 5 });
    await engine.queue.start();
    await engine.pass("3h");
    assert.deepEqual(seen, [1, 5, 3, 4]);
    assert.equal((await engine.queue.inspect.deadLetters()).length, 1);
  },
  "goes on in the middle of a backlog": async ({ open }) => {
    const handler = defineHandler("work", { on: plain, writes: [counters], handle: (event, ctx) => count(ctx.tables.counters, `n${String(event.data.n)}`) });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publishMany(
      plain,
      upTo(500).map((n) => ({ n })),
    );
    await engine.restart("clean");
    await engine.settle();
    const rows = await engine.queue.inspect.table(counters).all();
    assert.equal(rows.length, 500);
    assert.ok(rows.every((row) => row.count === 1));
  },
});

export const crashCases = casesOf(
  "crash",
  {
    "loses nothing that was accepted": async ({ open }) => {
      const handler = defineHandler("work", { on: plain, writes: [counters], handle: (event, ctx) => count(ctx.tables.counters, `n${String(event.data.n)}`) });
      const engine = await open(defineApp("contract", { handlers: [handler] }));
      for (const round of upTo(5)) {
        await Promise.all(upTo(20).map((n) => engine.queue.publish(plain, { n: round * 100 + n })));
        await engine.restart("crash");
      }
      await engine.settle();
      const rows = await engine.queue.inspect.table(counters).all();
      assert.equal(rows.length, 100);
      assert.ok(rows.every((row) => row.count === 1));
    },
    "while a handler runs makes it run again, and its effects happen once": async ({ open }) => {
      let runs = 0;
      const door = gate();
      const handler = defineHandler("work", {
        on: plain,
        writes: [counters],
        async handle(_event, ctx) {
          runs += 1;
          await count(ctx.tables.counters, "a");
          if (runs === 1) await door.passed;
        },
      });
      const engine = await open(defineApp("contract", { handlers: [handler] }));
      await engine.queue.publish(plain, { n: 1 });
      await engine.drain();
      await engine.restart("crash");
      door.open();
      await engine.settle();
      assert.equal(runs, 2);
      assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "a", count: 1 }]);
    },
    "in every attempt makes a dead letter, so that it does not take the process down for ever": async ({ open }) => {
      let runs = 0;
      const handler = defineHandler("deadly", {
        on: plain,
        retry: { attempts: 3 },
        handle: () => {
          runs += 1;
          return never;
        },
      });
      const engine = await open(defineApp("contract", { handlers: [handler] }));
      await engine.queue.publish(plain, { n: 1 });
      // An engine may find out only after a first crash that it must count: at most one more than the attempts.
      for (let crash = 0; crash < 4; crash += 1) {
        await engine.pass("10s");
        await engine.restart("crash");
      }
      await engine.settle();
      assert.ok(runs <= 4);
      const dead = single(await engine.queue.inspect.deadLetters());
      assert.deepEqual([dead.failure?.code, dead.attempts], ["HANDLER_CRASHED", 3]);
    },
    "keeps pauses, waits and schedules": async ({ open }) => {
      const seen: number[] = [];
      const handler = defineHandler("work", {
        on: plain,
        handle: ({ data }, ctx) => {
          if (data.n === 1 && ctx.attempt === 1) throw new RetryAfterError("10m", "later");
          seen.push(data.n);
        },
      });
      const paused = defineHandler("paused", { on: plain, handle: () => void seen.push(99) });
      const engine = await open(defineApp("contract", { handlers: [handler, paused] }));
      await engine.queue.operate.pause("paused", { reason: "for the test" });
      await engine.queue.publish(plain, { n: 1 });
      await engine.queue.publish(plain, { n: 2 }, { delay: "5m" });
      await engine.drain();
      await engine.restart("crash");
      await engine.pass("4m");
      assert.deepEqual(seen, []);
      await engine.pass("6m");
      assert.deepEqual(seen, [2, 1]);
    },
  },
  ["crash"],
);
