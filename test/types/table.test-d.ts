import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineHandler, defineTable, type Row, type RowInput, type RowKey } from "pulsequeue";
import { orderPlaced, orders, stock } from "./declarations.ts";

describe("which tables a handler sees", () => {
  test("a written one can be read and written", () => {
    defineHandler("h", {
      on: orderPlaced,
      writes: [orders],
      async handle(_event, ctx) {
        expectTypeOf(await ctx.tables.orders.get("1")).toEqualTypeOf<Row<typeof orders> | undefined>();
        ctx.tables.orders.put({ id: "1", state: "open", total: 5 });
        ctx.tables.orders.delete("1");
      },
    });
  });

  test("a read one has neither put nor delete", () => {
    defineHandler("h", {
      on: orderPlaced,
      reads: [orders],
      async handle(_event, ctx) {
        await ctx.tables.orders.get("1");
        // @ts-expect-error -- read-only
        ctx.tables.orders.put({ id: "1", state: "open", total: 5 });
        // @ts-expect-error -- read-only
        ctx.tables.orders.delete("1");
      },
    });
  });

  test("one that is declared for both is writable", () => {
    defineHandler("h", {
      on: orderPlaced,
      reads: [orders, stock],
      writes: [orders],
      handle(_event, ctx) {
        ctx.tables.orders.delete("1");
        // @ts-expect-error -- only read
        ctx.tables.stock.delete({ tenant: "t", shelf: 1 });
      },
    });
  });

  test("an undeclared one does not exist", () => {
    defineHandler("h", {
      on: orderPlaced,
      writes: [stock],
      handle(_event, ctx) {
        expectTypeOf<keyof typeof ctx.tables>().toEqualTypeOf<"stock">();
        // @ts-expect-error -- not declared
        void ctx.tables.orders;
      },
    });
  });
});

describe("rows and keys", () => {
  test("a key has the type of its field, a compound one is an object of both", () => {
    expectTypeOf<RowKey<typeof orders>>().toEqualTypeOf<string>();
    expectTypeOf<RowKey<typeof stock>>().toEqualTypeOf<{ tenant: string; shelf: number }>();
  });

  test("another key does not compile", () => {
    defineHandler("h", {
      on: orderPlaced,
      writes: [orders, stock],
      async handle(_event, ctx) {
        await ctx.tables.stock.get({ tenant: "t", shelf: 1 });
        // @ts-expect-error -- the key is a string
        await ctx.tables.orders.get(1);
        // @ts-expect-error -- one field, not an object
        await ctx.tables.orders.get({ id: "1" });
        // @ts-expect-error -- the sort field is missing
        await ctx.tables.stock.get({ tenant: "t" });
        // @ts-expect-error -- shelf is a number
        ctx.tables.stock.delete({ tenant: "t", shelf: "1" });
        // @ts-expect-error -- not a part of the key
        ctx.tables.stock.delete({ tenant: "t", shelf: 1, onHand: 1 });
      },
    });
  });

  test("a row of another shape does not compile", () => {
    defineHandler("h", {
      on: orderPlaced,
      writes: [orders],
      handle(_event, ctx) {
        // @ts-expect-error -- no such state
        ctx.tables.orders.put({ id: "1", state: "lost", total: 5 });
        // @ts-expect-error -- total is missing
        ctx.tables.orders.put({ id: "1", state: "open" });
        // @ts-expect-error -- no such field
        ctx.tables.orders.put({ id: "1", state: "open", total: 5, colour: "red" });
      },
    });
  });

  test("put takes the schema's input, get gives its output", () => {
    const table = defineTable("t", { schema: z.object({ id: z.string(), at: z.iso.datetime().transform((text) => new Date(text)) }), key: "id" });
    expectTypeOf<RowInput<typeof table>>().toEqualTypeOf<{ id: string; at: string }>();
    expectTypeOf<Row<typeof table>>().toEqualTypeOf<{ id: string; at: Date }>();
  });
});

describe("queries", () => {
  test("by the table's own key: the fields of the key, each of its type", () => {
    defineHandler("h", {
      on: orderPlaced,
      reads: [stock],
      async handle(_event, ctx) {
        expectTypeOf(await ctx.tables.stock.query({ equals: { tenant: "t" }, limit: 5 })).toEqualTypeOf<readonly Row<typeof stock>[]>();
        // @ts-expect-error -- onHand is not a part of the key
        await ctx.tables.stock.query({ equals: { onHand: 1 } });
        // @ts-expect-error -- tenant is a string
        await ctx.tables.stock.query({ equals: { tenant: 1 } });
        // @ts-expect-error -- this table has no index
        await ctx.tables.stock.query({ index: "byTenant", equals: { tenant: "t" } });
      },
    });
  });

  test("by an index: one that is declared, with its fields", () => {
    defineHandler("h", {
      on: orderPlaced,
      reads: [orders],
      async handle(_event, ctx) {
        await ctx.tables.orders.query({ index: "byState", equals: { state: "open" } });
        await ctx.tables.orders.query({ index: "byStateAndTotal", equals: { state: "open", total: 5 } });
        // @ts-expect-error -- no such index
        await ctx.tables.orders.query({ index: "byTotal", equals: { total: 5 } });
        // @ts-expect-error -- total is not a field of this index
        await ctx.tables.orders.query({ index: "byState", equals: { total: 5 } });
        // @ts-expect-error -- no such state
        await ctx.tables.orders.query({ index: "byState", equals: { state: "lost" } });
      },
    });
  });
});

describe("declaring a table", () => {
  const schema = z.object({ id: z.string(), count: z.number(), tags: z.array(z.string()), note: z.string().optional() });

  test("a key or an index is a field that holds a string or a number", () => {
    defineTable("t", { schema, key: ["id", "count"], indexes: { byCount: "count" } });
    // @ts-expect-error -- no such field
    defineTable("t", { schema, key: "name" });
    // @ts-expect-error -- a list cannot be a key
    defineTable("t", { schema, key: "tags" });
    // @ts-expect-error -- an optional field cannot be a key
    defineTable("t", { schema, key: "note" });
    // @ts-expect-error -- three fields are too many
    defineTable("t", { schema, key: ["id", "count", "id"] });
    // @ts-expect-error -- no such field
    defineTable("t", { schema, key: "id", indexes: { byName: "name" } });
  });

  test("the invariant sees the row and answers with a boolean", () => {
    defineTable("t", { schema, key: "id", invariant: (row) => row.count >= 0 });
    // @ts-expect-error -- no such field
    defineTable("t", { schema, key: "id", invariant: (row) => row.total >= 0 });
    // @ts-expect-error -- a number is no answer
    defineTable("t", { schema, key: "id", invariant: (row) => row.count });
  });
});
