import { type } from "arktype";
import * as v from "valibot";
import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineEvent, defineTable, type EventData, type EventInput, type Row, type RowKey } from "pulsequeue";

/** What each library's event must come to. */
interface Wanted {
  input: { id: string; amount: number; at: string };
  output: { id: string; amount: number; at: Date };
}

describe("zod", () => {
  const event = defineEvent("e", {
    schema: z.object({ id: z.string(), amount: z.number(), at: z.string().transform((text) => new Date(text)) }),
    key: (data) => data.at.toISOString(),
    upcast: (_data, version) => ({ id: String(version), amount: 1, at: "" }),
  });

  test("gives an event its input and its output", () => {
    expectTypeOf<EventInput<typeof event>>().toEqualTypeOf<Wanted["input"]>();
    expectTypeOf<EventData<typeof event>>().toEqualTypeOf<Wanted["output"]>();
    expectTypeOf(event.name).toEqualTypeOf<"e">();
  });

  test("gives a table its row and its key", () => {
    const table = defineTable("t", { schema: z.object({ id: z.string(), at: z.number() }), key: ["id", "at"], indexes: { byTime: "at" } });
    expectTypeOf<Row<typeof table>>().toEqualTypeOf<{ id: string; at: number }>();
    expectTypeOf<RowKey<typeof table>>().toEqualTypeOf<{ id: string; at: number }>();
  });
});

describe("valibot", () => {
  const event = defineEvent("e", {
    schema: v.object({
      id: v.string(),
      amount: v.number(),
      at: v.pipe(
        v.string(),
        v.transform((text) => new Date(text)),
      ),
    }),
    key: (data) => data.at.toISOString(),
  });

  test("gives an event its input and its output", () => {
    expectTypeOf<EventInput<typeof event>>().toEqualTypeOf<Wanted["input"]>();
    expectTypeOf<EventData<typeof event>>().toEqualTypeOf<Wanted["output"]>();
  });

  test("gives a table its row and its key", () => {
    const table = defineTable("t", { schema: v.object({ id: v.string(), at: v.number() }), key: "at" });
    expectTypeOf<RowKey<typeof table>>().toEqualTypeOf<number>();
    // @ts-expect-error -- no such field
    defineTable("t", { schema: v.object({ id: v.string() }), key: "name" });
  });
});

describe("arktype", () => {
  const event = defineEvent("e", {
    schema: type({ id: "string", amount: "number", at: type("string").pipe((text) => new Date(text)) }),
    key: (data) => data.at.toISOString(),
  });

  test("gives an event its input and its output", () => {
    expectTypeOf<EventInput<typeof event>>().toEqualTypeOf<Wanted["input"]>();
    expectTypeOf<EventData<typeof event>>().toEqualTypeOf<Wanted["output"]>();
  });

  test("gives a table its row and its key", () => {
    const table = defineTable("t", { schema: type({ id: "string", at: "number" }), key: ["id", "at"] });
    expectTypeOf<RowKey<typeof table>>().toEqualTypeOf<{ id: string; at: number }>();
    // @ts-expect-error -- no such field
    defineTable("t", { schema: type({ id: "string" }), key: "name" });
  });
});

describe("declaring an event", () => {
  test("a schema is a Standard Schema, a key is a string, an upcast gives valid input", () => {
    // @ts-expect-error -- not a schema
    void (() => defineEvent("e", { schema: { id: "string" } }));
    // @ts-expect-error -- a key is a string
    defineEvent("e", { schema: z.object({ n: z.number() }), key: (data) => data.n });
    // @ts-expect-error -- no such field
    defineEvent("e", { schema: z.object({ n: z.number() }), key: (data) => data.id });
    // @ts-expect-error -- n is a number
    defineEvent("e", { schema: z.object({ n: z.number() }), version: 2, upcast: () => ({ n: "1" }) });
  });
});
