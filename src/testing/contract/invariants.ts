import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { defineTable } from "../../core/table.ts";
import { counters, plain, shape, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const bounded = defineTable("bounded", { schema: shape({ id: "string", free: "number" }), key: "id", invariant: (row) => row.free >= 0 });

export const invariantCases = casesOf("invariants", {
  "a commit that breaks one fails, and nothing of it is written": async ({ open }) => {
    const handler = defineHandler("work", {
      on: plain,
      writes: [bounded, counters],
      retry: { attempts: 2 },
      handle(event, ctx) {
        ctx.tables.counters.put({ id: `n${String(event.data.n)}`, count: 1 });
        ctx.tables.bounded.put({ id: "a", free: event.data.n });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }), { start: false });
    await engine.queue.publishMany(plain, [{ n: 3 }, { n: -1 }, { n: 2 }]);
    await engine.queue.start();
    await engine.settle();
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.deepEqual([dead.failure?.code, dead.attempts, dead.event.data], ["INVARIANT_VIOLATED", 2, { n: -1 }]);
    assert.deepEqual(await engine.queue.inspect.table(bounded).all(), [{ id: "a", free: 2 }]);
    assert.deepEqual(
      (await engine.queue.inspect.table(counters).all()).map((row) => row.id),
      ["n2", "n3"],
    );
  },
  "a rule is checked at the commit, not at each write": async ({ open }) => {
    const handler = defineHandler("work", {
      on: plain,
      writes: [bounded],
      handle: (_event, ctx) => {
        ctx.tables.bounded.put({ id: "a", free: -1 });
        ctx.tables.bounded.put({ id: "a", free: 1 });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(bounded).all(), [{ id: "a", free: 1 }]);
  },
  "stock is never sold twice, whatever runs at the same time": async ({ open }) => {
    const sell = (name: string): ReturnType<typeof defineHandler> =>
      defineHandler(name, {
        on: plain,
        writes: [bounded, counters],
        async handle(_event, { tables }) {
          const row = (await tables.bounded.get("a")) ?? { id: "a", free: 10 };
          if (row.free === 0) return;
          tables.bounded.put({ id: "a", free: row.free - 1 });
          const sold = await tables.counters.get("sold");
          tables.counters.put({ id: "sold", count: (sold?.count ?? 0) + 1 });
        },
      });
    const engine = await open(defineApp("contract", { handlers: [sell("one"), sell("two"), sell("three")] }));
    await Promise.all(upTo(20).map((n) => engine.queue.publish(plain, { n })));
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(bounded).all(), [{ id: "a", free: 0 }]);
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "sold", count: 10 }]);
  },
});
