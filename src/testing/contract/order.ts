import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineEvent } from "../../core/event.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError, RetryAfterError } from "../../core/retry-errors.ts";
import { gate, keyed, plain, shape, single, upTo, type Gate } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const reason = "the cause is mended";

export const orderCases = casesOf("order", {
  "events of one key are handled in the order of their publishing": async ({ open }) => {
    const seen = new Map<string, number[]>();
    const handler = defineHandler("ordered", {
      on: keyed,
      ordered: true,
      async handle({ data }) {
        for (let turn = 0; turn < (data.n * 7) % 5; turn += 1) await Promise.resolve();
        seen.set(data.key, [...(seen.get(data.key) ?? []), data.n]);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    const publishes = upTo(60).map((n) => engine.queue.publish(keyed, { key: `k${String(n % 4)}`, n }));
    await Promise.all(publishes);
    await engine.settle();
    assert.equal(seen.size, 4);
    for (const numbers of seen.values())
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
      );
  },
  "the next of a key waits, parked, while its head is retried; other keys go on": async ({ open }) => {
    const seen: string[] = [];
    const handler = defineHandler("ordered", {
      on: keyed,
      ordered: true,
      handle({ data }, ctx) {
        if (data.key === "a" && data.n === 1 && ctx.attempt < 3) throw new RetryAfterError("1m", "not yet");
        seen.push(`${data.key}${String(data.n)}`);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const n of upTo(3)) for (const key of ["a", "b"]) await engine.queue.publish(keyed, { key, n });
    await engine.drain();
    assert.deepEqual(seen, ["b1", "b2", "b3"]);
    const waiting = (await engine.queue.inspect.deliveries({ key: "a" })).filter((delivery) => delivery.state !== "retrying");
    assert.deepEqual(
      waiting.map((delivery) => delivery.state),
      ["parked", "parked"],
    );
    assert.ok(waiting.every((delivery) => delivery.reason.length > 0));
    await engine.settle();
    assert.deepEqual(seen, ["b1", "b2", "b3", "a1", "a2", "a3"]);
  },
  "the next of a key goes on once its head is dead": async ({ open }) => {
    const seen: number[] = [];
    const handler = defineHandler("ordered", {
      on: keyed,
      ordered: true,
      handle: ({ data }) => {
        if (data.n === 1) throw new NonRetryableError("no");
        seen.push(data.n);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const n of upTo(3)) await engine.queue.publish(keyed, { key: "a", n });
    await engine.settle();
    assert.deepEqual(seen, [2, 3]);
    assert.deepEqual(single(await engine.queue.inspect.deadLetters()).event.data, { key: "a", n: 1 });
  },
  "the next of a key does not start while its head runs; other keys do": async ({ open }) => {
    const doors = new Map<string, Gate>([["a", gate()]]);
    const started: string[] = [];
    const handler = defineHandler("ordered", {
      on: keyed,
      ordered: true,
      async handle({ data }) {
        started.push(`${data.key}${String(data.n)}`);
        if (data.n === 1) await doors.get(data.key)?.passed;
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const [key, n] of [
      ["a", 1],
      ["a", 2],
      ["b", 1],
      ["a", 3],
      ["b", 2],
    ] as const) {
      await engine.queue.publish(keyed, { key, n });
      await engine.drain();
    }
    assert.deepEqual(started, ["a1", "b1", "b2"]);
    doors.get("a")?.open();
    await engine.settle();
    assert.deepEqual(started, ["a1", "b1", "b2", "a2", "a3"]);
  },
  "it holds over all events that the handler takes": async ({ open }) => {
    const changed = defineEvent("keyed.changed", { schema: shape({ key: "string", n: "number" }), key: (data) => data.key });
    const seen: number[] = [];
    const handler = defineHandler("ordered", {
      on: [keyed, changed],
      ordered: true,
      handle: ({ data }, ctx) => {
        if (data.n === 1 && ctx.attempt === 1) throw new Error("again");
        seen.push(data.n);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(keyed, { key: "a", n: 1 });
    await engine.queue.publish(changed, { key: "a", n: 2 });
    await engine.queue.publish(keyed, { key: "a", n: 3 });
    await engine.settle();
    assert.deepEqual(seen, [1, 2, 3]);
  },
  "events without a key do not wait for each other": async ({ open }) => {
    const seen: number[] = [];
    const handler = defineHandler("ordered", {
      on: plain,
      ordered: true,
      handle: ({ data }, ctx) => {
        if (data.n === 1 && ctx.attempt === 1) throw new RetryAfterError("1m", "later");
        seen.push(data.n);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const n of upTo(3)) await engine.queue.publish(plain, { n });
    await engine.drain();
    assert.deepEqual([...seen].sort(), [2, 3]);
    await engine.settle();
    assert.equal(seen.length, 3);
  },
  "a redriven event runs before the later ones of its key that wait": async ({ open }) => {
    const seen: number[] = [];
    let broken = true;
    const handler = defineHandler("ordered", {
      on: keyed,
      ordered: true,
      handle: ({ data }) => {
        if (broken) throw new NonRetryableError("no");
        seen.push(data.n);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const n of upTo(2)) await engine.queue.publish(keyed, { key: "a", n });
    await engine.settle();
    broken = false;
    await engine.queue.operate.pause("ordered", { reason });
    await engine.queue.publish(keyed, { key: "a", n: 3 });
    await engine.queue.operate.redrive({ all: true }, { reason });
    await engine.drain();
    assert.deepEqual(seen, []);
    await engine.queue.operate.resume("ordered", { reason });
    await engine.settle();
    assert.deepEqual(seen, [1, 2, 3]);
  },
  "it is kept over a restart": async ({ open }) => {
    const seen: number[] = [];
    const handler = defineHandler("ordered", {
      on: keyed,
      ordered: true,
      handle: ({ data }, ctx) => {
        if (data.n === 1 && ctx.attempt === 1) throw new RetryAfterError("10m", "later");
        seen.push(data.n);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const n of upTo(4)) await engine.queue.publish(keyed, { key: "a", n });
    await engine.drain();
    await engine.restart("clean");
    await engine.queue.publish(keyed, { key: "a", n: 5 });
    await engine.pass("1m");
    assert.deepEqual(seen, []);
    await engine.settle();
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  },
});

export const orderCrashCases = casesOf(
  "order",
  {
    "it is kept over a crash while the head runs": async ({ open }) => {
      const door = gate();
      const seen: string[] = [];
      const handler = defineHandler("ordered", {
        on: keyed,
        ordered: true,
        async handle({ data }, ctx) {
          seen.push(`${String(data.n)}/${String(ctx.attempt)}`);
          if (data.n === 1 && ctx.attempt === 1) await door.passed;
        },
      });
      const engine = await open(defineApp("contract", { handlers: [handler] }));
      for (const n of upTo(3)) await engine.queue.publish(keyed, { key: "a", n });
      await engine.drain();
      await engine.restart("crash");
      await engine.settle();
      assert.deepEqual(seen, ["1/1", "1/2", "2/1", "3/1"]);
    },
  },
  ["crash"],
);

/** A handler's crowd: how many run now, how many ran at most. */
function crowd(): { readonly now: Map<string, number>; readonly most: Map<string, number>; enter(key: string): void; leave(key: string): void } {
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  const change = (key: string, by: number): void => {
    const count = (now.get(key) ?? 0) + by;
    now.set(key, count);
    most.set(key, Math.max(most.get(key) ?? 0, count));
  };
  return {
    now,
    most,
    enter: (key) => {
      change(key, 1);
      change("", 1);
    },
    leave: (key) => {
      change(key, -1);
      change("", -1);
    },
  };
}

export const concurrencyCases = casesOf("concurrency", {
  "of 1 runs one delivery at a time": async ({ open }) => {
    const inside = crowd();
    const handler = defineHandler("narrow", {
      on: plain,
      concurrency: 1,
      async handle() {
        inside.enter("x");
        for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
        inside.leave("x");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const n of upTo(20)) await engine.queue.publish(plain, { n });
    await engine.settle();
    assert.equal(inside.most.get("x"), 1);
  },
  "of 3 runs three at a time, and not a fourth": async ({ open }) => {
    const door = gate();
    const inside = crowd();
    const handler = defineHandler("wide", {
      on: plain,
      concurrency: 3,
      async handle() {
        inside.enter("x");
        await door.passed;
        inside.leave("x");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const n of upTo(6)) {
      await engine.queue.publish(plain, { n });
      await engine.drain();
    }
    assert.equal(inside.now.get("x"), 3);
    door.open();
    await engine.settle();
    assert.equal(inside.most.get("x"), 3);
  },
  "per key holds for each key, and a full key does not hold up another": async ({ open }) => {
    for (const limit of [1, 2]) {
      const door = gate();
      const inside = crowd();
      const handler = defineHandler("fair", {
        on: keyed,
        concurrency: { limit, key: (event) => event.data.key },
        async handle({ data }) {
          inside.enter(data.key);
          if (data.key === "hot") await door.passed;
          inside.leave(data.key);
        },
      });
      const engine = await open(defineApp("contract", { handlers: [handler] }));
      for (const n of upTo(4)) {
        await engine.queue.publish(keyed, { key: "hot", n });
        await engine.drain();
      }
      for (const n of upTo(4)) await engine.queue.publish(keyed, { key: `cold${String(n)}`, n });
      await engine.drain();
      assert.equal(inside.now.get("hot"), limit);
      for (const n of upTo(4)) assert.equal(inside.most.get(`cold${String(n)}`), 1);
      door.open();
      await engine.settle();
      assert.equal(inside.most.get("hot"), limit);
      assert.equal((await engine.queue.inspect.handlers())[0]?.counts.ready, 0);
    }
  },
});
