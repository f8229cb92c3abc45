import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import type { DeliveryView } from "../../core/queue.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError, RetryAfterError } from "../../core/retry-errors.ts";
import { deliveryOf, plain, single, upTo } from "./fixtures.ts";
import { casesOf, type ContractEngine } from "./types.ts";

/** The wait of the one delivery that is retrying, from its failure to its next time, in milliseconds. */
async function waitOf(engine: ContractEngine): Promise<number> {
  const delivery: DeliveryView = single(await engine.queue.inspect.deliveries());
  assert.equal(delivery.state, "retrying");
  assert.ok(delivery.dueAt !== undefined && delivery.failure !== undefined);
  return Date.parse(delivery.dueAt) - delivery.failure.at;
}

export const retryCases = casesOf("retry", {
  "a failure is tried again until it succeeds, and each attempt has its number": async ({ open }) => {
    const attempts: number[] = [];
    const handler = defineHandler("fail", {
      on: plain,
      handle: (_event, ctx) => {
        attempts.push(ctx.attempt);
        if (ctx.attempt < 4) throw new Error("not yet");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    const { id } = await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(attempts, [1, 2, 3, 4]);
    const delivery = await deliveryOf(engine.queue, "fail", id);
    assert.deepEqual([delivery.state, delivery.attempts], ["done", 4]);
  },
  "after the last attempt it is a dead letter": async ({ open }) => {
    let runs = 0;
    const handler = defineHandler("fail", {
      on: plain,
      retry: { attempts: 3 },
      handle: () => {
        runs += 1;
        throw new Error(`broken ${String(runs)}`);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    await engine.pass("1h");
    assert.equal(runs, 3);
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.deepEqual([dead.failure?.code, dead.attempts, dead.state], ["HANDLER_FAILED", 3, "dead"]);
    assert.match(dead.failure?.message ?? "", /broken 3/);
  },
  "waits grow and stay within their bounds": async ({ open }) => {
    const handler = defineHandler("fail", {
      on: plain,
      retry: { attempts: 8, min: "1s", max: "10s" },
      handle: () => {
        throw new Error("no");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    const waits: number[] = [];
    for (const attempt of upTo(7)) {
      await engine.drain();
      const wait = await waitOf(engine);
      assert.ok(wait >= 0 && wait <= Math.min(10_000, 1_000 * 2 ** (attempt - 1)), `wait ${String(attempt)} is ${String(wait)} ms`);
      waits.push(wait);
      engine.clock.advance(wait);
    }
    assert.ok(new Set(waits).size > 3, "waits are spread, not equal");
  },
  "a retry does not run early, and runs when its time has come": async ({ open }) => {
    let runs = 0;
    const handler = defineHandler("fail", {
      on: plain,
      handle: () => {
        runs += 1;
        if (runs === 1) throw new RetryAfterError("30s", "busy");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.pass("29999ms");
    assert.equal(runs, 1);
    await engine.pass("1ms");
    assert.equal(runs, 2);
  },
  "RetryAfterError chooses the wait, and uses an attempt": async ({ open }) => {
    const attempts: number[] = [];
    const handler = defineHandler("fail", {
      on: plain,
      retry: { attempts: 2, max: "1s" },
      handle: (_event, ctx) => {
        attempts.push(ctx.attempt);
        throw new RetryAfterError("2h", "closed for the night");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    assert.equal(await waitOf(engine), 7_200_000);
    await engine.settle();
    assert.deepEqual(attempts, [1, 2]);
    assert.deepEqual(single(await engine.queue.inspect.deadLetters()).failure?.code, "RETRY_AFTER");
  },
  "NonRetryableError is a dead letter at once": async ({ open }) => {
    let runs = 0;
    const handler = defineHandler("fail", {
      on: plain,
      handle: () => {
        runs += 1;
        throw new NonRetryableError("this card is stolen");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.equal(runs, 1);
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.deepEqual([dead.failure?.code, dead.failure?.message, dead.attempts], ["NON_RETRYABLE", "this card is stolen", 1]);
  },
  "whatever a handler throws is a failure": async ({ open }) => {
    const thrown: readonly unknown[] = ["text", undefined, null, 7, { odd: true }, new Error("x".repeat(10_000))];
    const handler = defineHandler("fail", {
      on: plain,
      retry: { attempts: 1 },
      handle(event) {
        throw thrown[event.data.n];
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publishMany(
      plain,
      thrown.map((_, n) => ({ n })),
    );
    await engine.settle();
    const dead = await engine.queue.inspect.deadLetters();
    assert.equal(dead.length, thrown.length);
    for (const letter of dead) {
      assert.equal(letter.failure?.code, "HANDLER_FAILED");
      assert.ok(letter.failure.message.length > 0 && letter.failure.message.length <= 2_000);
    }
  },
  "one that waits does not hold up others of its handler": async ({ open }) => {
    const done: number[] = [];
    const handler = defineHandler("fail", {
      on: plain,
      handle: (event, ctx) => {
        if (event.data.n === 1 && ctx.attempt < 3) throw new RetryAfterError("1h", "later");
        done.push(event.data.n);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publishMany(
      plain,
      upTo(5).map((n) => ({ n })),
    );
    await engine.drain();
    assert.deepEqual([...done].sort(), [2, 3, 4, 5]);
    await engine.settle();
    assert.equal(done.length, 5);
  },
  "attempts and waits outlive a restart": async ({ open }) => {
    const attempts: number[] = [];
    const handler = defineHandler("fail", {
      on: plain,
      retry: { attempts: 3 },
      handle: (_event, ctx) => {
        attempts.push(ctx.attempt);
        throw new RetryAfterError("10m", "later");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.pass("1m");
    await engine.restart("clean");
    await engine.pass("8m");
    assert.deepEqual(attempts, [1]);
    await engine.pass("1m");
    assert.deepEqual(attempts, [1, 2]);
    await engine.settle();
    assert.deepEqual(attempts, [1, 2, 3]);
    assert.equal(single(await engine.queue.inspect.deadLetters()).attempts, 3);
  },
  "a wall clock that jumps back does not hold a retry up": async ({ open }) => {
    let runs = 0;
    const handler = defineHandler("fail", {
      on: plain,
      handle: () => {
        runs += 1;
        if (runs === 1) throw new RetryAfterError("30s", "busy");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.drain();
    engine.clock.jumpTo(engine.clock.now() - 86_400_000);
    await engine.pass("30s");
    assert.equal(runs, 2);
  },
});
