import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { count, counters, deliveryOf, follow, gate, plain, rejects, single, throws } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const never = new Promise<void>(() => undefined);

export const timeoutCases = casesOf("timeout", {
  "a handler that never ends is stopped, tried again, and dead after its attempts": async ({ open }) => {
    const attempts: number[] = [];
    const handler = defineHandler("hang", {
      on: plain,
      timeout: "10s",
      retry: { attempts: 3 },
      handle: (_event, ctx) => {
        attempts.push(ctx.attempt);
        return never;
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.pass("9999ms");
    assert.equal(single(await engine.queue.inspect.deliveries()).state, "running");
    await engine.settle();
    assert.deepEqual(attempts, [1, 2, 3]);
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.deepEqual([dead.failure?.code, dead.attempts], ["HANDLER_TIMEOUT", 3]);
  },
  "the signal aborts when the time is over, and not when the handler ends in time": async ({ open }) => {
    const signals: AbortSignal[] = [];
    const handler = defineHandler("hang", {
      on: plain,
      timeout: "10s",
      async handle(event, ctx) {
        signals.push(ctx.signal);
        if (event.data.n === 1 && ctx.attempt === 1) await never;
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 2 });
    await engine.settle();
    await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    assert.deepEqual(
      signals.map((signal) => signal.aborted),
      [false, false],
    );
    await engine.settle();
    assert.deepEqual(
      signals.map((signal) => signal.aborted),
      [false, true, false],
    );
  },
  "a late finisher changes nothing: its context is closed": async ({ open }) => {
    const door = gate();
    const refused: string[] = [];
    const handler = defineHandler("late", {
      on: plain,
      writes: [counters],
      emits: [follow],
      timeout: "10s",
      async handle(_event, ctx) {
        await count(ctx.tables.counters, `attempt ${String(ctx.attempt)}`);
        ctx.emit(follow, { n: ctx.attempt });
        if (ctx.attempt > 1) return;
        await door.passed;
        refused.push(
          throws(() => {
            ctx.tables.counters.put({ id: "late", count: 1 });
          }, "CONTEXT_CLOSED").code,
        );
        refused.push(
          throws(() => {
            ctx.emit(follow, { n: 9 });
          }, "CONTEXT_CLOSED").code,
        );
        refused.push(
          (
            await rejects(
              Promise.resolve().then(() => ctx.tables.counters.get("late")),
              "CONTEXT_CLOSED",
            )
          ).code,
        );
        refused.push(
          (
            await rejects(
              Promise.resolve().then(() => ctx.step("late", () => 1)),
              "CONTEXT_CLOSED",
            )
          ).code,
        );
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler], unhandled: [follow] }));
    const { id } = await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    door.open();
    await engine.settle();
    assert.equal(refused.length, 4);
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "attempt 2", count: 1 }]);
    assert.deepEqual(single(await engine.queue.inspect.events({ type: "follow.happened" })).data, { n: 2 });
    assert.equal((await deliveryOf(engine.queue, "late", id)).attempts, 2);
  },
  "a step that ends too late is not kept": async ({ open }) => {
    const door = gate();
    const runs: number[] = [];
    const handler = defineHandler("late", {
      on: plain,
      timeout: "10s",
      async handle(_event, ctx) {
        await ctx.step("call", async () => {
          runs.push(ctx.attempt);
          if (ctx.attempt === 1) await door.passed;
          if (ctx.attempt === 2) throw new Error("again");
          return ctx.attempt;
        });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.pass("10s");
    door.open();
    await engine.settle();
    assert.deepEqual(runs, [1, 2, 3]);
  },
  "a wall clock that jumps neither stops a handler nor spares it": async ({ open }) => {
    const door = gate();
    const handler = defineHandler("wait", { on: plain, timeout: "10s", retry: { attempts: 1 }, handle: (event) => (event.data.n === 1 ? door.passed : never) });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    engine.clock.jumpTo(engine.clock.now() + 86_400_000);
    await engine.pass("9s");
    door.open();
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.deadLetters(), []);
    await engine.queue.publish(plain, { n: 2 });
    await engine.drain();
    engine.clock.jumpTo(engine.clock.now() - 86_400_000);
    await engine.pass("10s");
    assert.equal(single(await engine.queue.inspect.deadLetters()).failure?.code, "HANDLER_TIMEOUT");
  },
  "one that hangs does not keep later events of its handler from running": async ({ open }) => {
    const seen: number[] = [];
    const handler = defineHandler("hang", {
      on: plain,
      timeout: "10s",
      retry: { attempts: 1 },
      handle: (event) => {
        seen.push(event.data.n);
        return event.data.n === 1 ? never : undefined;
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    await engine.queue.publish(plain, { n: 2 });
    await engine.drain();
    assert.deepEqual(seen, [1, 2]);
    assert.equal((await engine.queue.inspect.deliveries({ state: "running" })).length, 1);
  },
  "the others of its batch are delivered once the time is over": async ({ open }) => {
    const handler = defineHandler("hang", {
      on: plain,
      writes: [counters],
      timeout: "10s",
      retry: { attempts: 1 },
      async handle(event, ctx) {
        await count(ctx.tables.counters, "all");
        if (event.data.n === 3) await never;
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }), { start: false });
    await engine.queue.publishMany(
      plain,
      [1, 2, 3, 4, 5].map((n) => ({ n })),
    );
    await engine.queue.start();
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "all", count: 4 }]);
    assert.deepEqual(single(await engine.queue.inspect.deadLetters()).event.data, { n: 3 });
  },
});
