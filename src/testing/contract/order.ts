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
  "redriven and replayed events of one key keep their order when the first fails again": async ({ open }) => {
    const seen: string[] = [];
    const handler = defineHandler("ordered", {
      on: keyed,
      ordered: true,
      handle({ data }, ctx) {
        seen.push(`${String(data.n)}/${String(ctx.attempt)}`);
        if (seen.length <= 2) throw new NonRetryableError("no");
        if (data.n === 1 && ctx.attempt === 1) throw new RetryAfterError("1m", "not yet");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const n of upTo(2)) await engine.queue.publish(keyed, { key: "a", n });
    await engine.settle();
    await engine.queue.operate.redrive({ all: true }, { reason });
    await engine.settle();
    assert.deepEqual(seen, ["1/1", "2/1", "1/1", "1/2", "2/1"]);
    await engine.queue.operate.replay({ handler: "ordered", from: 0, to: engine.clock.now(), reason });
    await engine.settle();
    assert.deepEqual(seen.slice(5), ["1/1", "1/2", "2/1"]);
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

export const redriveOrderCases = casesOf(
  "order",
  {
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
  },
  ["redriveOrder"],
);

export const orderCrashCases = casesOf(
  "order",
  {
    "it is kept over a crash while the head runs": async ({ open }) => {
      const door = gate();
      const seen: number[] = [];
      const handler = defineHandler("ordered", {
        on: keyed,
        ordered: true,
        async handle({ data }) {
          seen.push(data.n);
          if (seen.length === 1) await door.passed;
        },
      });
      const engine = await open(defineApp("contract", { handlers: [handler] }));
      for (const n of upTo(3)) await engine.queue.publish(keyed, { key: "a", n });
      await engine.drain();
      await engine.restart("crash");
      await engine.settle();
      assert.deepEqual(seen, [1, 1, 2, 3]);
    },
  },
  ["crash"],
);
