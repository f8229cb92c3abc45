import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError, RetryAfterError } from "../../core/retry-errors.ts";
import { count, counters, deliveryOf, follow, gate, keyed, plain, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const never = new Promise<void>(() => undefined);

/** Whether `promise` has ended; asked for again and again as time is driven. */
function watch(promise: Promise<unknown>): () => boolean {
  let ended = false;
  promise.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  return () => ended;
}

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
    await engine.pass("1m");
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
    await engine.drain();
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
    await engine.drain();
    assert.equal(idle(), true);
  },
});

export const closeCases = casesOf("close", {
  "may be called again": async ({ open }) => {
    const { queue } = await open(defineApp("contract", { unhandled: [plain] }));
    await Promise.all([queue.close(), queue.close()]);
    await queue.close();
  },
});

export const graceCases = casesOf(
  "close",
  {
    "waits for what runs, and its effects are kept": async ({ open }) => {
      const door = gate();
      const handler = defineHandler("slow", {
        on: plain,
        writes: [counters],
        async handle(_event, ctx) {
          await door.passed;
          await count(ctx.tables.counters, "a");
        },
      });
      const engine = await open(defineApp("contract", { handlers: [handler] }), { grace: "10s" });
      const { id } = await engine.queue.publish(plain, { n: 1 });
      await engine.drain();
      const closed = watch(engine.queue.close());
      await engine.drain();
      assert.equal(closed(), false);
      door.open();
      await engine.drain();
      assert.equal(closed(), true);
      await engine.restart("clean");
      assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "a", count: 1 }]);
      assert.equal((await deliveryOf(engine.queue, "slow", id)).state, "done");
    },
    "starts nothing more": async ({ open }) => {
      const door = gate();
      const seen: number[] = [];
      const handler = defineHandler("slow", {
        on: keyed,
        ordered: true,
        async handle({ data }) {
          seen.push(data.n);
          await door.passed;
        },
      });
      const engine = await open(defineApp("contract", { handlers: [handler] }), { grace: "10s" });
      for (const n of upTo(3)) await engine.queue.publish(keyed, { key: "a", n });
      await engine.drain();
      const closing = engine.queue.close();
      door.open();
      await engine.drain();
      await closing;
      const before = seen.length;
      assert.ok(before >= 1);
      await engine.restart("clean");
      await engine.settle();
      assert.deepEqual(seen, [1, 2, 3]);
    },
    "after the grace time what still runs is returned, and no attempt is counted": async ({ open }) => {
      const attempts: number[] = [];
      const signals: AbortSignal[] = [];
      const handler = defineHandler("hang", {
        on: plain,
        writes: [counters],
        timeout: "5m",
        async handle(_event, ctx) {
          attempts.push(ctx.attempt);
          signals.push(ctx.signal);
          await count(ctx.tables.counters, "a");
          if (attempts.length === 1) await never;
        },
      });
      const engine = await open(defineApp("contract", { handlers: [handler] }), { grace: "10s" });
      const { id } = await engine.queue.publish(plain, { n: 1 });
      await engine.drain();
      const closed = watch(engine.queue.close());
      await engine.pass("10s");
      assert.equal(closed(), true);
      assert.equal(signals[0]?.aborted, true);
      await engine.restart("clean");
      await engine.settle();
      assert.deepEqual(attempts, [1, 1]);
      assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "a", count: 1 }]);
      assert.equal((await deliveryOf(engine.queue, "hang", id)).attempts, 1);
    },
  },
  ["grace"],
);
