import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { jsonSchemaOf, parseWith, type Schema } from "./schema.ts";

/** The same schema in each library: an id, and items with a positive quantity. */
const libraries: readonly (readonly [string, Schema])[] = [
  ["zod", z.object({ id: z.string(), items: z.array(z.object({ quantity: z.number().positive() })), at: z.string().transform((text) => new Date(text)) })],
  [
    "valibot",
    v.object({
      id: v.string(),
      items: v.array(v.object({ quantity: v.pipe(v.number(), v.minValue(1)) })),
      at: v.pipe(
        v.string(),
        v.transform((text) => new Date(text)),
      ),
    }),
  ],
  ["arktype", type({ id: "string", items: type({ quantity: "number > 0" }).array(), at: type("string").pipe((text) => new Date(text)) })],
];

describe.each(libraries)("a schema of %s", (_library, schema) => {
  test("gives its output for a valid value", () => {
    const value = { id: "1", items: [{ quantity: 2 }], at: "2026-01-01T00:00:00Z" };
    expect(parseWith(schema, value, "PAYLOAD_INVALID", "Event e")).toEqual({ ...value, at: new Date("2026-01-01T00:00:00Z") });
  });

  test("names every path and reason for an invalid one", () => {
    const value = { id: "1", items: [{ quantity: 2 }, { quantity: -1 }] };
    const message = expect.any(String) as string;
    expect(() => parseWith(schema, value, "PAYLOAD_INVALID", "Event e")).toThrow(
      expect.objectContaining({
        code: "PAYLOAD_INVALID",
        message: expect.stringMatching(/^Event e is not valid: .*items\.1\.quantity: /) as string,
        issues: expect.arrayContaining([
          { path: "items.1.quantity", message },
          { path: "at", message },
        ]) as unknown,
      }),
    );
  });

  test("calls the value itself the root", () => {
    expect(() => parseWith(schema, "text", "ROW_INVALID", "A row")).toThrow(
      expect.objectContaining({ code: "ROW_INVALID", message: expect.stringContaining("(root): ") as string }),
    );
  });
});

describe("parseWith", () => {
  const answering = (result: unknown): Schema => ({ "~standard": { version: 1, vendor: "test", validate: () => result as never } });

  test("refuses a schema that answers later, also one that fails then", () => {
    const asynchronous = z.string().refine(() => Promise.resolve(true));
    expect(() => parseWith(asynchronous, "x", "PAYLOAD_INVALID", "Event e")).toThrow(expect.objectContaining({ code: "SCHEMA_ASYNC" }));
    expect(() => parseWith(answering(Promise.reject(new Error("later"))), 1, "PAYLOAD_INVALID", "Event e")).toThrow(
      expect.objectContaining({ code: "SCHEMA_ASYNC" }),
    );
  });

  test("keeps 20 issues at most, each short", () => {
    const issues = Array.from({ length: 100 }, () => ({ message: "m".repeat(10_000), path: [{ key: "p".repeat(10_000) }] }));
    try {
      parseWith(answering({ issues }), 1, "PAYLOAD_INVALID", "Event e");
      expect.unreachable();
    } catch (error) {
      const kept = (error as { issues: readonly { path: string; message: string }[] }).issues;
      expect(kept.map((issue) => [issue.path.length, issue.message.length])).toEqual(Array.from({ length: 20 }, () => [200, 300]));
    }
  });

  test("reads a path of keys, of numbers and of segments", () => {
    const issues = [{ message: "no", path: ["a", 0, { key: "b" }] }];
    expect(() => parseWith(answering({ issues }), 1, "PAYLOAD_INVALID", "Event e")).toThrow(
      expect.objectContaining({ issues: [{ path: "a.0.b", message: "no" }] }),
    );
  });
});

describe("jsonSchemaOf", () => {
  test("is JSON Schema 2020-12 of the input, where the library offers it", () => {
    const schema = jsonSchemaOf(z.object({ id: z.string(), at: z.string().transform((text) => new Date(text)) }));
    expect(schema).toMatchObject({ type: "object", properties: { id: { type: "string" }, at: { type: "string" } }, required: ["id", "at"] });
    expect(jsonSchemaOf(type({ id: "string" }))).toMatchObject({ type: "object", properties: { id: { type: "string" } }, required: ["id"] });
  });

  test("is undefined where the library has none, or has none for this schema", () => {
    expect(jsonSchemaOf(v.object({ id: v.string() }))).toBeUndefined();
    expect(jsonSchemaOf(z.object({ call: z.custom(() => true), big: z.bigint() }))).toBeUndefined();
  });
});
