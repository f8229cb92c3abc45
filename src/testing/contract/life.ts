import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError, RetryAfterError } from "../../core/retry-errors.ts";
import { count, counters, deliveryOf, follow, gate, never, plain, single, upTo, watch } from "./fixtures.ts";
import { casesOf } from "./types.ts";

export const idleCases = casesOf("idle", {
  "resolves when nothing is left, followers and retries included": async ({ open }) => {
    const first = defineHandler("first", {
      on: plain,
      emits: [follow],
      handle: (event, ctx) => {
        ctx.emit(follow, { n: event.data.n });
      },
    });
    const second = defineHandler("second", {
      on: follow,
      handle: (_event, ctx) => {
        if (ctx.attempt === 1) throw new RetryAfterError("1h", "later");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [first, second] }));
    const { id } = await engine.queue.publish(plain, { n: 1 });
    const idle = watch(engine.queue.idle());
    await engine.pass("59m");
    assert.equal(idle(), false);
    await engine.pass("61s");
    assert.equal(idle(), true);
    assert.equal((await deliveryOf(engine.queue, "first", id)).state, "done");
    assert.deepEqual(await engine.queue.inspect.deliveries(), []);
  },
  "resolves at once when there is nothing to do": async ({ open }) => {
    const engine = await open(defineApp("contract", { unhandled: [plain] }));
    const idle = watch(engine.queue.idle());
    await engine.drain();
    assert.equal(idle(), true);
  },
  "does not wait for dead letters, and for paused handlers": async ({ open }) => {
    const bad = defineHandler("bad", {
      on: plain,
      handle: () => {
        throw new NonRetryableError("no");
      },
    });
    const paused = defineHandler("paused", { on: plain, handle: () => undefined });
    const engine = await open(defineApp("contract", { handlers: [bad, paused] }));
    await engine.queue.operate.pause("paused", { reason: "for the test" });
    await engine.queue.publish(plain, { n: 1 });
    const idle = watch(engine.queue.idle());
    await engine.pass("1s");
    assert.equal(idle(), true);
  },
  "waits for a handler that runs": async ({ open }) => {
    const door = gate();
    const engine = await open(defineApp("contract", { handlers: [defineHandler("slow", { on: plain, handle: () => door.passed })] }));
    await engine.queue.publish(plain, { n: 1 });
    const idle = watch(engine.queue.idle());
    await engine.drain();
    assert.equal(idle(), false);
    door.open();
    await engine.pass("1s"); // an engine that nobody tells looks each second
    assert.equal(idle(), true);
  },
});

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
      // An engine finds out only after a crash or two that it must count: at most two more than the attempts.
      for (let crash = 0; crash < 5; crash += 1) {
        await engine.pass("10s");
        await engine.restart("crash");
      }
      await engine.settle();
      assert.ok(runs <= 5);
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
