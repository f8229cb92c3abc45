import assert from "node:assert/strict";
import { defineApp, type App } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { gate, keyed, plain, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

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

/** An app whose handler runs three at once, and waits inside for the door. */
function wide(): { readonly door: ReturnType<typeof gate>; readonly inside: ReturnType<typeof crowd>; readonly app: App } {
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
  return { door, inside, app: defineApp("contract", { handlers: [handler] }) };
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
    const { door, inside, app } = wide();
    const engine = await open(app);
    for (const n of upTo(6)) {
      await engine.queue.publish(plain, { n });
      await engine.drain();
    }
    assert.equal(inside.now.get("x"), 3);
    door.open();
    await engine.settle();
    assert.equal(inside.most.get("x"), 3);
  },
  "of 3 runs three of a burst at a time": async ({ open }) => {
    const { door, inside, app } = wide();
    const engine = await open(app);
    await engine.queue.publishMany(
      plain,
      upTo(6).map((n) => ({ n })),
    );
    await engine.pass("1s");
    assert.equal(inside.now.get("x"), 3);
    door.open();
    await engine.settle();
    assert.equal(inside.most.get("x"), 3);
  },
  "lets the others run while one waits for long, however fast they were before": async ({ open }) => {
    const door = gate();
    const ended: number[] = [];
    const handler = defineHandler("mixed", {
      on: plain,
      concurrency: 3,
      async handle({ data }) {
        if (data.n === 103) await door.passed;
        ended.push(data.n);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publishMany(
      plain,
      upTo(99).map((n) => ({ n })),
    );
    await engine.settle();
    await engine.queue.publishMany(
      plain,
      upTo(20).map((n) => ({ n: n + 100 })),
    );
    await engine.pass("1s");
    assert.equal(ended.length, 99 + 19);
    door.open();
    await engine.settle();
    assert.equal(ended.at(-1), 103);
  },
});

export const keyConcurrencyCases = casesOf(
  "concurrency",
  {
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
  },
  ["keyConcurrency"],
);
