import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Json } from "../../core/json.ts";
import { jsonSchemaOf, type Schema } from "../../core/schema.ts";
import { narrowings } from "./narrowings.ts";

const json = (schema: Schema): Json => jsonSchemaOf(schema) ?? null;
const between = (before: Schema, after: Schema): readonly string[] => narrowings(json(before), json(after)).map(({ path, reason }) => `${path}: ${reason}`);

const widenings: readonly (readonly [name: string, before: Schema, after: Schema])[] = [
  ["nothing changes", z.object({ a: z.string() }), z.object({ a: z.string() })],
  ["a new optional field", z.object({ a: z.string() }), z.object({ a: z.string(), b: z.number().optional() })],
  ["a new field with a default", z.object({ a: z.string() }), z.object({ a: z.string(), b: z.number().default(0) })],
  ["a field becomes optional", z.object({ a: z.string() }), z.object({ a: z.string().optional() })],
  ["a field becomes nullable", z.object({ a: z.string() }), z.object({ a: z.string().nullable() })],
  ["a field goes, where others are let through", z.object({ a: z.string(), b: z.string() }), z.object({ a: z.string() })],
  ["integers become numbers", z.int(), z.number()],
  ["bounds widen", z.string().min(2).max(5), z.string().min(1).max(9)],
  ["a bound goes", z.array(z.string()).min(1), z.array(z.string())],
  ["above 0 becomes at least 1 for whole numbers", z.int().positive(), z.int().min(1)],
  ["a choice more", z.enum(["a", "b"]), z.enum(["a", "b", "c"])],
  ["choices become any text", z.enum(["a", "b"]), z.string()],
  ["choices become alternatives", z.enum(["a", "b"]), z.union([z.literal("a"), z.literal("b"), z.number()])],
  ["one shape becomes one of several", z.object({ a: z.string() }), z.union([z.object({ n: z.number() }), z.object({ a: z.string() })])],
  ["text or null becomes alternatives", z.string().nullable(), z.union([z.string().min(0), z.null(), z.boolean()])],
  ["anything becomes anything", z.any(), z.unknown()],
  ["a text becomes anything", z.string(), z.any()],
  ["a format goes", z.email(), z.string()],
  ["a described field", z.object({ a: z.string() }), z.object({ a: z.string().describe("the a") })],
  ["a list within bounds of its values", z.literal([1, 2]), z.number().min(1).max(2)],
  ["a tuple gets an open end", z.tuple([z.string()]), z.tuple([z.string()]).rest(z.number())],
  ["a record takes more", z.record(z.string(), z.int()), z.record(z.string(), z.number())],
];

const breaks: readonly (readonly [name: string, before: Schema, after: Schema, found: readonly string[]])[] = [
  ["a new required field", z.object({}), z.object({ a: z.string() }), ["a: it is now required"]],
  ["an optional field becomes required", z.object({ a: z.string().optional() }), z.object({ a: z.string() }), ["a: it is now required"]],
  [
    "a type changes, deep inside",
    z.object({ a: z.array(z.object({ b: z.string() })) }),
    z.object({ a: z.array(z.object({ b: z.number() })) }),
    ["a.*.b: string is no longer accepted"],
  ],
  ["null goes", z.string().nullable(), z.string(), [": null is no longer accepted"]],
  [
    "numbers become integers",
    z.number(),
    z.int(),
    [": number is no longer accepted", ": smaller numbers were accepted before", ": larger numbers were accepted before"],
  ],
  ["a bound appears", z.string(), z.string().min(3), [": smaller texts were accepted before"]],
  ["a bound tightens", z.number().max(10), z.number().max(9), [": larger numbers were accepted before"]],
  ["a bound becomes exclusive", z.number().min(0), z.number().positive(), [": smaller numbers were accepted before"]],
  ["a list becomes shorter", z.array(z.any()).max(5), z.array(z.any()).max(4), [": larger lists were accepted before"]],
  ["a choice less", z.enum(["a", "b"]), z.enum(["a"]), [': "b" is no longer accepted']],
  ["any text becomes choices", z.string(), z.enum(["a", "b"]), [': only "a", "b" is still accepted']],
  ["a format appears", z.string(), z.email(), [': the rule "format" is new or changed, so values that were accepted may be refused']],
  ["a pattern appears", z.string(), z.string().regex(/^a/), [': the rule "pattern" is new or changed, so values that were accepted may be refused']],
  ["other fields are refused", z.object({ a: z.string() }), z.strictObject({ a: z.string() }), [": other fields are refused now"]],
  ["a field goes where others are refused", z.strictObject({ a: z.string(), b: z.string() }), z.strictObject({ a: z.string() }), ["b: it is refused now"]],
  ["an alternative goes", z.union([z.string(), z.object({ a: z.string() })]), z.string(), [": object is no longer accepted"]],
  [
    "no alternative fits",
    z.object({ a: z.string() }),
    z.union([z.object({ a: z.number() }), z.object({ b: z.string() })]),
    [": no alternative accepts all that was accepted"],
  ],
  ["anything becomes a text", z.any(), z.string(), [": null, boolean, number, array, object are no longer accepted"]],
  ["a tuple's place changes", z.tuple([z.string(), z.string()]), z.tuple([z.string(), z.number()]), ["1: string is no longer accepted"]],
  ["a record takes less", z.record(z.string(), z.number()), z.record(z.string(), z.string()), ["*: number is no longer accepted"]],
  ["nothing is accepted", z.object({ a: z.string() }), z.object({ a: z.never() }), ["a: nothing is accepted here any more"]],
];

describe("a schema that takes all that the older one took", () => {
  test.each(widenings)("%s", (_name, before, after) => {
    expect(between(before, after)).toEqual([]);
  });
});

describe("a schema that refuses something is found, with the place and the reason", () => {
  test.each(breaks)("%s", (_name, before, after, found) => {
    expect(between(before, after)).toEqual(found);
  });
});

describe("recursive schemas", () => {
  const tree = (leaf: Schema): Json => {
    const node: z.ZodType = z.object({ value: leaf as z.ZodType, children: z.lazy(() => z.array(node)) });
    return json(node);
  };

  test("end, and are compared at each level", () => {
    expect(narrowings(tree(z.string()), tree(z.string()))).toEqual([]);
    expect(narrowings(tree(z.string()), tree(z.number()))).toContainEqual({ path: "value", reason: "string is no longer accepted" });
  });

  test("a reference that leads nowhere or in a circle is said to be unknown", () => {
    const reason = "it refers to a schema outside the document, so values that were accepted may be refused";
    expect(narrowings({ type: "string" }, { $ref: "https://example.org/a" })).toEqual([{ path: "", reason }]);
    expect(narrowings({ type: "string" }, { $ref: "#/$defs/none" })).toEqual([{ path: "", reason }]);
    expect(narrowings({ type: "string" }, { $ref: "#" })).toEqual([{ path: "", reason }]);
  });

  test("what stands beside a reference counts", () => {
    const definitions = { text: { type: "string" } };
    expect(narrowings({ type: "string" }, { $ref: "#/$defs/text", $defs: definitions, minLength: 2 })).toEqual([
      { path: "", reason: "smaller texts were accepted before" },
    ]);
  });
});

describe("no break is missed", () => {
  const schemas: fc.Arbitrary<z.ZodType> = fc.letrec<{ node: z.ZodType }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom<z.ZodType>(
        z.string(),
        z.number(),
        z.int(),
        z.boolean(),
        z.null(),
        z.literal("a"),
        z.enum(["a", "b"]),
        z.string().min(1),
        z.string().max(1),
        z.number().min(0),
        z.int().max(1),
        z.any(),
      ),
      fc
        .record({ a: tie("node"), optional: fc.boolean(), b: fc.boolean(), make: fc.constantFrom(z.object, z.strictObject) })
        .map(({ a, optional, b, make }) => make({ a: optional ? a.optional() : a, ...(b ? { b: z.any().optional() } : {}) })),
      tie("node").map((value) => z.record(z.string(), value)),
      tie("node").map((item) => z.array(item).max(1)),
      fc.tuple(tie("node"), tie("node")).map(([left, right]) => z.union([left, right])),
      tie("node").map((inner) => inner.nullable()),
    ),
  })).node;
  const simple = fc.constantFrom<Json>(null, true, 0, 1, -1, 0.5, "", "a", "b", "ab", []);
  const data: fc.Arbitrary<Json> = fc.oneof(
    simple,
    fc.array(simple, { maxLength: 2 }),
    fc.record<Record<string, Json>>({ a: simple, b: simple }, { requiredKeys: [] }),
    fc.record<Record<string, Json>>({ a: fc.record<Record<string, Json>>({ a: simple, b: simple }), b: simple }, { requiredKeys: [] }),
  );

  test("what the older schema takes, a schema without findings takes too", () => {
    fc.assert(
      fc.property(schemas, schemas, fc.array(data, { minLength: 20, maxLength: 20 }), (before, after, values) => {
        if (narrowings(json(before), json(after)).length > 0) return;
        for (const value of values) if (before.safeParse(value).success) expect(after.safeParse(value).success).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
