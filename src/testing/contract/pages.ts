import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import type { DeliveryView } from "../../core/queue.ts";
import { NonRetryableError, RetryAfterError } from "../../core/retry-errors.ts";
import type { TableInspector } from "../../core/table-inspector.ts";
import { defineTable } from "../../core/table.ts";
import { keyed, plain, rejects, shape, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const items = defineTable("items", { schema: shape({ group: "string", n: "number" }), key: ["group", "n"] });

/** Every page, until one is shorter than its limit. */
async function pagesOf(read: (after: string | undefined) => Promise<readonly DeliveryView[]>, limit: number): Promise<readonly DeliveryView[]> {
  const all: DeliveryView[] = [];
  for (let after: string | undefined; ;) {
    const page = await read(after);
    assert.ok(page.length <= limit);
    all.push(...page);
    if (page.length < limit) return all;
    after = page.at(-1)?.id;
  }
}

const fill = defineHandler("fill", {
  on: plain,
  writes: [items],
  handle(_event, ctx) {
    for (const group of ["b", "a", "\u{1f600}"]) for (const n of [10, 9, -1]) ctx.tables.items.put({ group, n });
  },
});

/** The rows of every page. */
async function rowsOf(table: TableInspector<typeof items>, limit: number): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (let after: string | undefined; ;) {
    const { rows, next } = await table.rows({ limit, ...(after === undefined ? {} : { after }) });
    assert.ok(rows.length <= limit);
    found.push(...rows);
    if (next === undefined) return found;
    after = next;
  }
}

export const pageCases = casesOf("pages", {
  "of deliveries hold each of them once, in order, whatever their state": async ({ open }) => {
    const refuse = defineHandler("refuse", {
      on: keyed,
      ordered: true,
      handle({ data }) {
        if (data.key === "dead") throw new NonRetryableError("no");
        if (data.key === "later") throw new RetryAfterError("1h", "busy");
      },
    });
    const slow = defineHandler("slow", { on: [keyed, plain], handle: () => undefined });
    const engine = await open(defineApp("contract", { handlers: [slow, refuse] }));
    const { queue } = engine;
    await queue.operate.pause("slow", { reason: "for the test" });
    for (const n of upTo(4)) for (const key of ["dead", "later", "done"]) await queue.publish(keyed, { key, n });
    await engine.drain();
    for (const n of upTo(5)) await queue.publish(plain, { n });
    const all = await queue.inspect.deliveries({ limit: 1_000 });
    assert.equal(all.length, 12 + 5 + 4 + 4);
    for (const limit of [1, 3, 7])
      assert.deepEqual(await pagesOf((after) => queue.inspect.deliveries({ limit, ...(after === undefined ? {} : { after }) }), limit), all);
    for (const state of ["ready", "dead", "retrying", "parked"] as const)
      assert.deepEqual(
        await pagesOf((after) => queue.inspect.deliveries({ state, limit: 2, ...(after === undefined ? {} : { after }) }), 2),
        all.filter((delivery) => delivery.state === state),
        state,
      );
    await rejects(queue.inspect.deliveries({ after: "nothing" }), "OPERATION_INVALID");
  },
  "of deliveries find what is far behind": async ({ open }) => {
    const handler = defineHandler("work", { on: keyed, handle: () => undefined });
    const engine = await open(defineApp("contract", { handlers: [handler] }), { start: false });
    const { queue } = engine;
    await queue.publishMany(
      keyed,
      upTo(1_200).map((n) => ({ key: "many", n })),
    );
    const { id } = await queue.publish(keyed, { key: "one", n: 1 });
    assert.equal(single(await queue.inspect.deliveries({ key: "one" })).eventId, id);
    assert.equal(single(await queue.inspect.deliveries({ key: "one", state: "ready", limit: 1 })).eventId, id);
  },
  "of dead letters go on after one that was redriven meanwhile": async ({ open }) => {
    const handler = defineHandler("work", {
      on: plain,
      handle() {
        throw new NonRetryableError("no");
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    const { queue } = engine;
    for (const n of upTo(5)) await queue.publish(plain, { n });
    await engine.settle();
    const all = await queue.inspect.deadLetters();
    const first = await queue.inspect.deadLetters({ limit: 2 });
    const after = first.at(-1)?.id ?? "";
    await queue.operate.discard({ id: after }, { reason: "while somebody reads" });
    const next = await queue.inspect.deadLetters({ limit: 2, after });
    const last = await queue.inspect.deadLetters({ limit: 2, after: next.at(-1)?.id ?? "" });
    assert.deepEqual([...first, ...next, ...last], all);
  },
  "of rows hold each row once": async ({ open }) => {
    const engine = await open(defineApp("contract", { handlers: [fill] }));
    const table = engine.queue.inspect.table(items);
    assert.deepEqual(await table.rows(), { rows: [], next: undefined });
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    const all = await table.all();
    assert.equal(all.length, 9);
    const sorted = (rows: readonly unknown[]): readonly string[] => rows.map((row) => JSON.stringify(row)).sort();
    for (const limit of [1, 2, 3, 9, 10]) assert.deepEqual(sorted(await rowsOf(table, limit)), sorted(all));
    await rejects(table.rows({ limit: 0 }), "OPERATION_INVALID");
  },
});

export const rowOrderCases = casesOf(
  "pages",
  {
    "of rows come in the order of their keys": async ({ open }) => {
      const engine = await open(defineApp("contract", { handlers: [fill] }));
      await engine.queue.publish(plain, { n: 1 });
      await engine.settle();
      const table = engine.queue.inspect.table(items);
      const all = await table.all();
      for (const limit of [1, 4, 10]) assert.deepEqual(await rowsOf(table, limit), all);
    },
  },
  ["rowOrder"],
);
