import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { count, counters, deliveryOf, gate, keyed, never, plain, upTo, watch } from "./fixtures.ts";
import { casesOf } from "./types.ts";

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
