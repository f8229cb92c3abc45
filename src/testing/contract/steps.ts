import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError } from "../../core/retry-errors.ts";
import { gate, loosely, plain, rejects, single } from "./fixtures.ts";
import { casesOf } from "./types.ts";

export const stepCases = casesOf("steps", {
  "a finished step is not run again by later attempts, a failed one is": async ({ open }) => {
    const runs: string[] = [];
    const results: unknown[] = [];
    const handler = defineHandler("work", {
      on: plain,
      async handle(_event, ctx) {
        const paid = await ctx.step("pay", () => {
          runs.push("pay");
          return { receipt: `r${String(ctx.attempt)}` };
        });
        const sent = await ctx.step("send", async () => {
          runs.push("send");
          await Promise.resolve();
          if (ctx.attempt === 1) throw new Error("the network is down");
          return ctx.attempt;
        });
        results.push(paid, sent);
        if (ctx.attempt === 2) throw new Error("once more");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(runs, ["pay", "send", "send"]);
    assert.deepEqual(results, [{ receipt: "r1" }, 2, { receipt: "r1" }, 2]);
  },
  "a step's result may be nothing": async ({ open }) => {
    const results: unknown[] = [];
    let runs = 0;
    const handler = defineHandler("work", {
      on: plain,
      async handle(_event, ctx) {
        await ctx
          .step("nothing", () => {
            runs += 1;
            return undefined;
          })
          .then((nothing: unknown) => results.push(nothing));
        results.push(await ctx.step("null", () => null));
        if (ctx.attempt === 1) throw new Error("again");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(results, [undefined, null, undefined, null]);
    assert.equal(runs, 1);
  },
  "steps belong to one delivery: another event and another handler have their own": async ({ open }) => {
    const runs: string[] = [];
    const handlers = ["one", "two"].map((name) =>
      defineHandler(name, {
        on: plain,
        handle: async (event, ctx) => {
          await ctx.step("same", () => {
            runs.push(`${name} ${String(event.data.n)}`);
            return 1;
          });
        },
      }),
    );
    const engine = await open(defineApp("contract", { handlers }));
    await engine.queue.publishMany(plain, [{ n: 1 }, { n: 2 }]);
    await engine.settle();
    assert.deepEqual([...runs].sort(), ["one 1", "one 2", "two 1", "two 2"]);
  },
  "a redrive does not run finished steps again": async ({ open }) => {
    let runs = 0;
    let broken = true;
    const handler = defineHandler("work", {
      on: plain,
      async handle(_event, ctx) {
        await ctx.step("pay", () => {
          runs += 1;
          return 1;
        });
        if (broken) throw new NonRetryableError("no");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    broken = false;
    await engine.queue.operate.redrive({ all: true }, { reason: "mended" });
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.deadLetters(), []);
    assert.equal(runs, 1);
  },
  "a name that is used twice in one attempt is refused": async ({ open }) => {
    const handler = defineHandler("work", {
      on: plain,
      async handle(_event, ctx) {
        await ctx.step("same", () => 1);
        await rejects(
          ctx.step("same", () => 2),
          "STEP_INVALID",
        );
        await ctx.step("same", () => 3);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.deepEqual([dead.failure?.code, dead.attempts], ["STEP_INVALID", 1]);
  },
  "a result that JSON would lose is refused": async ({ open }) => {
    const handler = defineHandler("work", {
      on: plain,
      handle: async (_event, ctx) => {
        await loosely(ctx, "step", "odd", () => new Map());
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.equal(single(await engine.queue.inspect.deadLetters()).failure?.code, "STEP_INVALID");
  },
});

export const stepCrashCases = casesOf(
  "steps",
  {
    "a finished step outlives a crash": async ({ open }) => {
      const runs: string[] = [];
      const door = gate();
      const handler = defineHandler("work", {
        on: plain,
        async handle(_event, ctx) {
          const paid = await ctx.step("pay", () => {
            runs.push("pay");
            return "receipt";
          });
          runs.push(paid);
          if (runs.length === 2) await door.passed;
        },
      });
      const engine = await open(defineApp("contract", { handlers: [handler] }));
      await engine.queue.publish(plain, { n: 1 });
      await engine.drain();
      await engine.restart("crash");
      await engine.settle();
      assert.deepEqual(runs, ["pay", "receipt", "receipt"]);
    },
  },
  ["crash"],
);

export const idempotencyKeyCases = casesOf("idempotencyKey", {
  "is the same in each attempt, and another one for each handler, event and name": async ({ open }) => {
    const keys: { readonly who: string; readonly key: string }[] = [];
    const handlers = ["one", "two"].map((name) =>
      defineHandler(name, {
        on: plain,
        handle(event, ctx) {
          for (const use of ["charge", "mail"]) keys.push({ who: `${name} ${String(event.data.n)} ${use}`, key: ctx.idempotencyKey(use) });
          if (ctx.attempt < 3) throw new Error("again");
        },
      }),
    );
    const engine = await open(defineApp("contract", { handlers }));
    await engine.queue.publishMany(plain, [{ n: 1 }, { n: 2 }]);
    await engine.settle();
    assert.equal(keys.length, 2 * 2 * 2 * 3);
    const byUse = new Map(keys.map(({ who, key }) => [who, key]));
    assert.ok(keys.every(({ who, key }) => byUse.get(who) === key));
    assert.equal(new Set(byUse.values()).size, 8);
    assert.ok([...byUse.values()].every((key) => key.length >= 16 && key.length <= 255));
  },
  "stays the same after a restart and a redrive": async ({ open }) => {
    const keys: string[] = [];
    const handler = defineHandler("work", {
      on: plain,
      handle(_event, ctx) {
        keys.push(ctx.idempotencyKey("charge"));
        if (keys.length < 3) throw new NonRetryableError("no");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    await engine.queue.operate.redrive({ all: true }, { reason: "again" });
    await engine.settle();
    await engine.restart("clean");
    await engine.queue.operate.redrive({ all: true }, { reason: "again" });
    await engine.settle();
    assert.equal(keys.length, 3);
    assert.equal(new Set(keys).size, 1);
  },
});
