import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import type { Context } from "../../core/context.ts";
import { defineHandler } from "../../core/handler.ts";
import type { Schema } from "../../core/schema.ts";
import { defineTable } from "../../core/table.ts";
import { counters, loosely, plain, rejects, shape, upTo } from "./fixtures.ts";
import { casesOf, type ContractEngine, type ContractHarness } from "./types.ts";

const lines = defineTable("lines", {
  schema: shape({ order: "string", line: "number", sku: "string", tag: "any" }),
  key: ["order", "line"],
  indexes: { bySku: "sku", bySkuAndLine: ["sku", "line"] },
});
type LinesContext = Context<readonly [], readonly [typeof lines]>;
const line = (order: string, number: number, sku: string): { order: string; line: number; sku: string; tag: unknown } => ({
  order,
  line: number,
  sku,
  tag: null,
});

/** Runs each of `works` as a delivery of its own, one after the other. */
async function each({ open }: ContractHarness, ...works: readonly ((ctx: LinesContext) => Promise<void> | void)[]): Promise<ContractEngine> {
  const handler = defineHandler("work", { on: plain, writes: [lines], handle: (event, ctx) => works[event.data.n]?.(ctx) });
  const engine = await open(defineApp("contract", { handlers: [handler] }));
  for (const n of works.keys()) {
    await engine.queue.publish(plain, { n });
    await engine.settle();
  }
  assert.deepEqual(
    (await engine.queue.inspect.deadLetters()).map((letter) => letter.failure?.message),
    [],
  );
  return engine;
}

export const tableCases = casesOf("tables", {
  "a row that is not there is undefined": async (harness) => {
    const seen: unknown[] = [];
    await each(harness, async ({ tables }) => void seen.push(await tables.lines.get({ order: "a", line: 1 })));
    assert.deepEqual(seen, [undefined]);
  },
  "a compound key is an object, to read, write and delete": async (harness) => {
    const seen: unknown[] = [];
    const engine = await each(
      harness,
      ({ tables }) => {
        tables.lines.put(line("a", 1, "x"));
        tables.lines.put(line("a", 2, "x"));
        tables.lines.put(line("b", 1, "x"));
      },
      async ({ tables }) => {
        seen.push(await tables.lines.get({ order: "a", line: 2 }));
        tables.lines.delete({ order: "a", line: 1 });
      },
    );
    assert.deepEqual(seen, [line("a", 2, "x")]);
    assert.deepEqual(await engine.queue.inspect.table(lines).all(), [line("a", 2, "x"), line("b", 1, "x")]);
    assert.deepEqual(await engine.queue.inspect.table(lines).get({ order: "b", line: 1 }), line("b", 1, "x"));
  },
  "a query by the partition gives its rows by the sort field, numbers by their size": async (harness) => {
    const seen: number[][] = [];
    const numbers = [10, -1, 2, 0.5, -20, 1_000, 0];
    await each(
      harness,
      ({ tables }) => {
        for (const number of numbers) tables.lines.put(line("a", number, "x"));
        tables.lines.put(line("ab", 1, "x"));
        tables.lines.put(line("b", 3, "x"));
      },
      async ({ tables }) => void seen.push((await tables.lines.query({ equals: { order: "a" } })).map((row) => row.line)),
    );
    assert.deepEqual(seen, [[-20, -1, 0, 0.5, 2, 10, 1_000]]);
  },
  "a query by an index gives the rows by its second field, or by the key": async (harness) => {
    const seen: string[][] = [];
    const names = (rows: readonly { readonly order: string; readonly line: number }[]): string[] => rows.map((row) => `${row.order}${String(row.line)}`);
    await each(
      harness,
      ({ tables }) => {
        for (const row of [line("c", 2, "x"), line("a", 3, "x"), line("b", 1, "x"), line("a", 1, "y")]) tables.lines.put(row);
      },
      async ({ tables }) => {
        seen.push(names(await tables.lines.query({ index: "bySkuAndLine", equals: { sku: "x" } })));
        seen.push(names(await tables.lines.query({ index: "bySku", equals: { sku: "x" } })));
        seen.push(names(await tables.lines.query({ index: "bySkuAndLine", equals: { sku: "x", line: 2 } })));
        seen.push(names(await tables.lines.query({ index: "bySku", equals: { sku: "z" } })));
      },
    );
    assert.deepEqual(seen, [["b1", "c2", "a3"], ["a3", "b1", "c2"], ["c2"], []]);
  },
  "an index follows its rows when they change and go": async (harness) => {
    const seen: number[][] = [];
    const look = async ({ tables }: LinesContext): Promise<void> => {
      const counted = await Promise.all(["x", "y"].map((sku) => tables.lines.query({ index: "bySku", equals: { sku } })));
      seen.push(counted.map((rows) => rows.length));
    };
    await each(
      harness,
      ({ tables }) => {
        tables.lines.put(line("a", 1, "x"));
        tables.lines.put(line("a", 2, "x"));
      },
      look,
      async (ctx) => {
        ctx.tables.lines.put(line("a", 1, "y"));
        await look(ctx);
      },
      look,
      async (ctx) => {
        ctx.tables.lines.delete({ order: "a", line: 2 });
        await look(ctx);
      },
      look,
    );
    assert.deepEqual(seen, [
      [2, 0],
      [1, 1],
      [1, 1],
      [0, 1],
      [0, 1],
    ]);
  },
  "a query sees the handler's own rows in their place, within its limit": async (harness) => {
    const seen: number[][] = [];
    await each(
      harness,
      ({ tables }) => {
        for (const number of [2, 4, 6]) tables.lines.put(line("a", number, "x"));
      },
      async ({ tables }) => {
        tables.lines.put(line("a", 3, "x"));
        tables.lines.delete({ order: "a", line: 2 });
        tables.lines.put(line("a", 9, "x"));
        seen.push((await tables.lines.query({ equals: { order: "a" } })).map((row) => row.line));
        seen.push((await tables.lines.query({ equals: { order: "a" }, limit: 2 })).map((row) => row.line));
        seen.push((await tables.lines.query({ index: "bySkuAndLine", equals: { sku: "x" }, limit: 3 })).map((row) => row.line));
      },
    );
    assert.deepEqual(seen, [
      [3, 4, 6, 9],
      [3, 4],
      [3, 4, 6],
    ]);
  },
  "a query gives at most 100 rows unless it asks for more or less": async ({ open }) => {
    const seen: number[] = [];
    const fill = defineHandler("work", {
      on: plain,
      writes: [lines],
      async handle({ data }, { tables }) {
        if (data.n < 4) for (const number of upTo(40)) tables.lines.put(line("a", data.n * 100 + number, "x"));
        else
          for (const limit of [undefined, 5])
            seen.push((await tables.lines.query({ equals: { order: "a" }, ...(limit === undefined ? {} : { limit }) })).length);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [fill] }));
    for (const n of upTo(4)) {
      await engine.queue.publish(plain, { n });
      await engine.settle();
    }
    assert.deepEqual(seen, [100, 5]);
  },
  "a query without the field it needs is refused": async (harness) => {
    const codes: string[] = [];
    const refusal = (ctx: LinesContext, query: unknown): Promise<unknown> =>
      rejects(
        Promise.resolve().then(() => loosely(ctx.tables.lines, "query", query)),
        "QUERY_UNINDEXED",
      );
    await each(harness, async (ctx) => {
      for (const query of [
        { equals: {} },
        { equals: { line: 1 } },
        { index: "bySku", equals: {} },
        { index: "none", equals: { sku: "x" } },
        { equals: { order: "a", sku: "x" } },
      ]) {
        codes.push(JSON.stringify(query));
        await refusal(ctx, query);
      }
    });
    assert.equal(codes.length, 5);
  },
  "keys that look alike are different rows": async ({ open }) => {
    const ids = ["a", "A", "a ", "a%", "a_", "a'", 'a"', "a/b", "ä", "a\u0308", "🙂", "1", "-1"];
    const handler = defineHandler("work", {
      on: plain,
      writes: [counters],
      handle: (_event, ctx) => {
        for (const [index, id] of ids.entries()) ctx.tables.counters.put({ id, count: index });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    for (const [index, id] of ids.entries()) assert.deepEqual(await engine.queue.inspect.table(counters).get(id), { id, count: index });
    assert.deepEqual(
      (await engine.queue.inspect.table(counters).all()).map((row) => row.id),
      [...ids].sort(),
    );
  },
  "stored is the input of a row's schema, and handlers see its output": async ({ open }) => {
    const schema: Schema<{ readonly id: string; readonly day: string }, { readonly id: string; readonly day: Date }> = {
      "~standard": {
        version: 1,
        vendor: "pulsequeue",
        validate: (value) => {
          const row = value as { readonly id: string; readonly day: unknown };
          return typeof row.day === "string" ? { value: { id: row.id, day: new Date(row.day) } } : { issues: [{ message: "not a day", path: ["day"] }] };
        },
      },
    };
    const days = defineTable("days", { schema, key: "id" });
    const seen: unknown[] = [];
    const handler = defineHandler("work", {
      on: plain,
      writes: [days],
      async handle(event, { tables }) {
        if (event.data.n === 1) tables.days.put({ id: "a", day: "2026-05-01T00:00:00.000Z" });
        seen.push((await tables.days.get("a"))?.day);
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    await engine.queue.publish(plain, { n: 2 });
    await engine.settle();
    const day = new Date("2026-05-01T00:00:00.000Z");
    assert.deepEqual(seen, [day, day]);
    assert.deepEqual((await engine.queue.inspect.table(days).get("a"))?.day, day);
  },
});

/** Fills in a state, and writes ids in lower case. */
const tidied: Schema<{ readonly id: string; readonly state?: string }, { readonly id: string; readonly state: string }> = {
  "~standard": {
    version: 1,
    vendor: "pulsequeue",
    validate: (value) => {
      const row = value as { readonly id: string; readonly state?: string };
      return { value: { id: row.id.toLowerCase(), state: row.state ?? "open" } };
    },
  },
};

export const schemaCases = casesOf("tables", {
  "keys and indexes are those of the schema's output, which handlers see": async ({ open }) => {
    const tickets = defineTable("tickets", { schema: tidied, key: "id", indexes: { byState: "state" } });
    const seen: unknown[] = [];
    const handler = defineHandler("work", {
      on: plain,
      writes: [tickets],
      async handle({ data }, { tables }) {
        if (data.n === 1) tables.tickets.put({ id: "A1" });
        seen.push(await tables.tickets.get("a1"), await tables.tickets.query({ index: "byState", equals: { state: "open" } }));
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    for (const n of [1, 2]) {
      await engine.queue.publish(plain, { n });
      await engine.settle();
    }
    const row = { id: "a1", state: "open" };
    assert.deepEqual(seen, [row, [row], row, [row]]);
    assert.deepEqual(await engine.queue.inspect.table(tickets).get("a1"), row);
  },
});
