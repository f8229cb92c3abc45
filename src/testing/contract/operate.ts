import assert from "node:assert/strict";
import { defineApp, type App } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { keyed, plain, rejects, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const reason = "the provider is down";

function two(): { readonly app: App; readonly seen: string[] } {
  const seen: string[] = [];
  const handlers = ["one", "two"].map((name) =>
    defineHandler(name, { on: [plain, keyed], ordered: true, handle: (event) => void seen.push(`${name} ${String(event.data.n)}`) }),
  );
  return { app: defineApp("contract", { handlers }), seen };
}

export const pauseCases = casesOf("pause", {
  "stops one handler; events are still accepted for it, and other handlers go on": async ({ open }) => {
    const { app, seen } = two();
    const engine = await open(app);
    assert.deepEqual(await engine.queue.operate.pause("one", { reason }), { count: 1, dryRun: false });
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(seen, ["two 1"]);
    const waiting = single(await engine.queue.inspect.deliveries({ handler: "one" }));
    assert.equal(waiting.state, "ready");
    assert.match(waiting.reason, /paused/i);
    await engine.queue.operate.resume("one", { reason: "it is up again" });
    await engine.settle();
    assert.deepEqual(seen, ["two 1", "one 1"]);
  },
  "outlives a restart, with its reason": async ({ open }) => {
    const { app, seen } = two();
    const engine = await open(app);
    await engine.queue.operate.pause("one", { reason });
    await engine.restart("clean");
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(seen, ["two 1"]);
    const views = await engine.queue.inspect.handlers();
    assert.deepEqual(
      views.map(({ name, paused, pauseReason }) => [name, paused, pauseReason]),
      [
        ["one", true, reason],
        ["two", false, undefined],
      ],
    );
    await engine.queue.operate.resume("one", { reason: "up" });
    await engine.restart("clean");
    await engine.settle();
    assert.deepEqual(seen, ["two 1", "one 1"]);
  },
  "needs a reason and a handler that exists, and is recorded": async ({ open }) => {
    const { queue } = await open(two().app);
    await rejects(queue.operate.pause("one", { reason: "" }), "OPERATION_INVALID");
    await rejects(queue.operate.pause("three", { reason }), "HANDLER_UNKNOWN");
    await rejects(queue.operate.resume("three", { reason }), "HANDLER_UNKNOWN");
    await queue.operate.pause("one", { reason, dryRun: true });
    assert.equal((await queue.inspect.handlers())[0]?.paused, false);
    await queue.operate.pause("one", { reason, by: "ada" });
    const recorded = single(await queue.ledger.entries({ result: "ok" }));
    assert.deepEqual([recorded.by, recorded.action, recorded.subject, recorded.reason], ["ada", "pause", "one", reason]);
  },
  "holds retries and scheduled events too": async ({ open }) => {
    const runs: number[] = [];
    const handler = defineHandler("one", {
      on: plain,
      handle: (event, ctx) => {
        runs.push(event.data.n);
        if (event.data.n === 1 && ctx.attempt === 1) throw new Error("again");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.queue.publish(plain, { n: 2 }, { delay: "10s" });
    await engine.drain();
    await engine.queue.operate.pause("one", { reason });
    await engine.pass("1h");
    assert.deepEqual(runs, [1]);
    await engine.queue.operate.resume("one", { reason });
    await engine.settle();
    assert.deepEqual([...runs].sort(), [1, 1, 2]);
  },
});

export const replayCases = casesOf("replay", {
  "delivers past events once more, to one handler, in their order": async ({ open }) => {
    const { app, seen } = two();
    const engine = await open(app);
    const from = engine.clock.now();
    for (const n of upTo(5)) {
      await engine.queue.publish(keyed, { key: "a", n });
      await engine.pass("1m");
    }
    seen.length = 0;
    await engine.queue.operate.pause("one", { reason });
    const result = await engine.queue.operate.replay({ handler: "one", from: from + 60_000, to: new Date(from + 240_000), reason });
    assert.deepEqual(result, { count: 3, dryRun: false });
    assert.deepEqual(
      (await engine.queue.inspect.deliveries({ handler: "one" })).map((delivery) => delivery.replay),
      [true, true, true],
    );
    await engine.queue.operate.resume("one", { reason });
    await engine.settle();
    assert.deepEqual(seen, ["one 2", "one 3", "one 4"]);
    assert.equal((await engine.queue.inspect.events()).length, 5);
  },
  "may be done again": async ({ open }) => {
    const { app, seen } = two();
    const engine = await open(app);
    const from = engine.clock.now();
    await engine.queue.publish(plain, { n: 1 });
    await engine.pass("1s");
    for (let time = 0; time < 2; time += 1) {
      await engine.queue.operate.replay({ handler: "one", from, to: engine.clock.now() + 1, reason });
      await engine.settle();
    }
    assert.deepEqual(seen.filter((entry) => entry === "one 1").length, 3);
  },
  "as a dry run only counts": async ({ open }) => {
    const { app, seen } = two();
    const engine = await open(app);
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    seen.length = 0;
    assert.deepEqual(await engine.queue.operate.replay({ handler: "one", from: 0, to: engine.clock.now() + 1, reason, dryRun: true }), {
      count: 1,
      dryRun: true,
    });
    await engine.settle();
    assert.deepEqual(seen, []);
  },
  "needs a reason and a handler that exists, and is recorded": async ({ open }) => {
    const engine = await open(two().app);
    const range = { from: 0, to: engine.clock.now() + 1 };
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    await rejects(engine.queue.operate.replay({ handler: "one", ...range, reason: "" }), "OPERATION_INVALID");
    await rejects(engine.queue.operate.replay({ handler: "three", ...range, reason }), "HANDLER_UNKNOWN");
    await engine.queue.operate.replay({ handler: "two", ...range, reason });
    const recorded = single(await engine.queue.ledger.entries({ result: "ok" }));
    assert.deepEqual([recorded.action, recorded.detail["count"], recorded.reason], ["replay", 1, reason]);
  },
});
