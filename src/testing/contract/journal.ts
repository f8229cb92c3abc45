import assert from "node:assert/strict";
import { defineApp, type App } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError } from "../../core/retry-errors.ts";
import { count, counters, follow, plain, rejects, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

function working(): App {
  const first = defineHandler("first", {
    on: plain,
    writes: [counters],
    emits: [follow],
    retry: { attempts: 3 },
    async handle({ data }, ctx) {
      await count(ctx.tables.counters, `n${String(data.n)}`);
      ctx.emit(follow, { n: data.n });
      if (data.n % 10 === 0) throw new NonRetryableError("ten is refused");
      if (ctx.attempt <= data.n % 3) throw new Error("again");
    },
  });
  const second = defineHandler("second", { on: follow, writes: [counters], handle: ({ data }, ctx) => count(ctx.tables.counters, `f${String(data.n)}`) });
  return defineApp("contract", { handlers: [first, second] });
}

export const effectCases = casesOf("effects", {
  "of a crowd of events, some failing, happen once": async ({ open }) => {
    const engine = await open(working());
    await Promise.all(upTo(100).map((n) => engine.queue.publish(plain, { n })));
    await engine.settle();
    const rows = await engine.queue.inspect.table(counters).all();
    assert.ok(rows.every((row) => row.count === 1));
    assert.equal(rows.length, 180);
    assert.equal((await engine.queue.inspect.deadLetters()).length, 10);
    assert.equal((await engine.queue.inspect.events({ type: "follow.happened", limit: 1_000 })).length, 90);
  },
});

export const journalCases = casesOf(
  "journal",
  {
    "its chain is whole after work, failures and restarts": async ({ open }) => {
      const engine = await open(working());
      for (const round of upTo(3)) {
        await engine.queue.publishMany(
          plain,
          upTo(20).map((n) => ({ n: round * 100 + n })),
        );
        await engine.settle();
        await engine.restart("clean");
      }
      assert.deepEqual(await engine.verify(), []);
    },
  },
  ["verify"],
);

export const retentionCases = casesOf(
  "retention",
  {
    "removes finished events after their time, and keeps what is not finished": async ({ open }) => {
      const handler = defineHandler("work", {
        on: plain,
        handle: ({ data }) => {
          if (data.n === 2) throw new NonRetryableError("no");
        },
      });
      const paused = defineHandler("paused", { on: follow, handle: () => undefined });
      const engine = await open(defineApp("contract", { handlers: [handler, paused] }), { retention: "7d" });
      await engine.queue.operate.pause("paused", { reason: "for the test" });
      await engine.queue.publishMany(plain, [{ n: 1 }, { n: 2 }]);
      await engine.queue.publish(follow, { n: 3 });
      await engine.pass("6d");
      assert.equal((await engine.queue.inspect.events()).length, 3);
      await engine.queue.publish(plain, { n: 4 });
      await engine.pass("3d");
      const left = await engine.queue.inspect.events({ after: 0 });
      assert.deepEqual(
        left.map((event) => event.data),
        [{ n: 2 }, { n: 3 }, { n: 4 }],
      );
      assert.deepEqual(single(await engine.queue.inspect.deadLetters()).event.data, { n: 2 });
      assert.deepEqual(await engine.verify(), []);
    },
  },
  ["retention", "verify"],
);

/** Publishes in one turn of the event loop: more than an engine should keep in memory. */
const flood = 40_000;

export const backpressureCases = casesOf(
  "backpressure",
  {
    "refuses to publish once too much waits, says when to come back, and drops nothing that it took": async ({ open }) => {
      const engine = await open(defineApp("contract", { handlers: [defineHandler("slow", { on: plain, handle: () => undefined })] }), { start: false });
      const results = await Promise.allSettled(upTo(flood).map((n) => engine.queue.publish(plain, { n })));
      const refused = results.filter((result) => result.status === "rejected");
      assert.ok(refused.length > 0 && refused.length < flood);
      for (const { reason } of refused.slice(0, 10)) {
        const error = await rejects(Promise.reject(asError(reason)), "BACKPRESSURE");
        assert.equal(error.status, 429);
        assert.ok((error.retryAfter ?? 0) > 0);
      }
      assert.equal((await engine.queue.inspect.handlers())[0]?.counts.ready, flood - refused.length);
      await engine.queue.publish(plain, { n: 0 });
    },
  },
  ["backpressure"],
);

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
