import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isStorableText } from "./names.ts";
import { compareText, defineTable, displayKey, encodeFields, encodeKeyValue, givenKey, indexEntries, rowKey } from "./table.ts";

const schema = z.object({ tenant: z.string(), sku: z.string(), count: z.number(), at: z.number() });

describe("defineTable", () => {
  test("keeps its key and indexes as lists of fields, and cannot be changed", () => {
    const table = defineTable("stock", { schema, key: ["tenant", "sku"], indexes: { byCount: "count", byTime: ["tenant", "at"] }, pii: ["note"] });
    expect(table.keyFields).toEqual(["tenant", "sku"]);
    expect([...table.indexFields]).toEqual([
      ["byCount", ["count"]],
      ["byTime", ["tenant", "at"]],
    ]);
    expect([table, table.keyFields, table.indexes, table.pii].every(Object.isFrozen)).toBe(true);
  });

  test.each([
    ["a name that is none", "my stock", { schema, key: "sku" }],
    ["no schema", "stock", { key: "sku" }],
    ["no key", "stock", { schema }],
    ["an empty key", "stock", { schema, key: [] }],
    ["three key fields", "stock", { schema, key: ["tenant", "sku", "at"] }],
    ["the same field twice", "stock", { schema, key: ["sku", "sku"] }],
    ["a key that is no text", "stock", { schema, key: 5 }],
    ["an index without a field", "stock", { schema, key: "sku", indexes: { byNothing: "" } }],
    ["personal data as a key", "stock", { schema, key: "sku", pii: ["sku"] }],
    ["personal data in an index", "stock", { schema, key: "sku", indexes: { byTenant: ["tenant", "at"] }, pii: ["tenant.name"] }],
    ["a path of personal data that is none", "stock", { schema, key: "sku", pii: ["customer..name"] }],
    ["an index name that is none", "stock", { schema, key: "sku", indexes: { "by count": "count" } }],
  ])("refuses %s", (_what, name, options) => {
    expect(() => defineTable(name, options as never)).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });
});

/** How a store orders texts: by the bytes of their UTF-8. */
const compare = (left: string, right: string): number => Math.sign(Buffer.compare(Buffer.from(left), Buffer.from(right)));
const codePoints = (left: string, right: string): number => {
  const [a, b] = [Array.from(left), Array.from(right)].map((text) => text.map((character) => character.codePointAt(0) ?? 0)) as [number[], number[]];
  const different = a.findIndex((point, index) => point !== b[index]);
  return different < 0 ? Math.sign(a.length - b.length) : Math.sign((a[different] ?? 0) - (b[different] ?? -1));
};
const text = fc.string({ unit: "binary", minLength: 1, maxLength: 8 }).filter(isStorableText);
const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
const value = fc.oneof(text, number);

test("compareText orders texts as a store does", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (left, right) => {
      expect(Math.sign(compareText(left, right))).toBe(compare(left, right));
    }),
  );
  expect(["\u{1f600}", "\uffff", "a", "", "ab"].sort(compareText)).toEqual(["", "a", "ab", "\uffff", "\u{1f600}"]);
});

describe("encoded key values", () => {
  test("keep the order of numbers, negative ones and both zeros included", () => {
    fc.assert(
      fc.property(number, number, (left, right) => {
        expect(compare(encodeKeyValue("k", left), encodeKeyValue("k", right))).toBe(Math.sign(left - right) + 0);
      }),
    );
    expect(encodeKeyValue("k", -0)).toBe(encodeKeyValue("k", 0));
    expect([-1e308, -2, -1, -Number.MIN_VALUE, 0, Number.MIN_VALUE, 1, 2, 1e308].map((each) => encodeKeyValue("k", each))).toEqual(
      [1e308, 2, 1, Number.MIN_VALUE, 0, -Number.MIN_VALUE, -1, -2, -1e308].map((each) => encodeKeyValue("k", each)).sort(),
    );
  });

  test("keep the order of strings by code point", () => {
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(compare(encodeKeyValue("k", left), encodeKeyValue("k", right))).toBe(codePoints(left, right));
      }),
    );
  });

  test("are equal exactly where the values are, over both types", () => {
    fc.assert(
      fc.property(value, value, (left, right) => {
        expect(encodeKeyValue("k", left) === encodeKeyValue("k", right)).toBe(left === right);
      }),
    );
    expect(encodeKeyValue("k", "1")).not.toBe(encodeKeyValue("k", 1));
  });

  test.each(["", "x".repeat(257), "a\u0000b", "\ud800", NaN, Infinity, null, undefined, true, 5n, {}, ["a"]])("refuse %s", (bad) => {
    expect(() => encodeKeyValue("The key", bad)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }));
  });
});

describe("encoded compound keys", () => {
  const fields = ["tenant", "sku"];
  const encode = (tenant: unknown, sku: unknown): string => encodeFields("k", fields, { tenant, sku });

  test("are equal exactly where both fields are", () => {
    fc.assert(
      fc.property(value, value, value, value, (a, b, c, d) => {
        expect(encode(a, b) === encode(c, d)).toBe(a === c && b === d);
      }),
    );
    expect(encode("ab", "c")).not.toBe(encode("a", "bc"));
  });

  test("are ordered by the first field, then by the second", () => {
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        expect(compare(encode(a, b), encode(c, d))).toBe(a === c ? codePoints(b, d) : codePoints(a, c));
      }),
    );
    expect(compare(encode("a", "z"), encode("a!", "a"))).toBe(-1);
  });

  test("start with the text of their first field alone, and only they do", () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(encode(a, b).startsWith(encodeFields("k", ["tenant"], { tenant: c }))).toBe(a === c);
      }),
    );
  });
});

describe("keys of rows", () => {
  const one = defineTable("one", { schema, key: "sku" });
  const two = defineTable("two", { schema, key: ["tenant", "sku"] });

  test("a key as a handler gives it finds the row that holds it", () => {
    const row = { tenant: "t", sku: "s", count: 1, at: 2 };
    expect(givenKey(one, "s")).toBe(rowKey(one, row));
    expect(givenKey(two, { sku: "s", tenant: "t" })).toBe(rowKey(two, row));
  });

  test.each([
    ["an undefined key", one, undefined],
    ["null", one, null],
    ["an object without the field", one, {}],
    ["one value for two fields", two, "t"],
    ["an object with one field of two", two, { tenant: "t" }],
    ["a list", two, ["t", "s"]],
  ])("%s is refused and the field is named", (_what, table, key) => {
    expect(() => givenKey(table, key)).toThrow(
      expect.objectContaining({ code: "KEY_INVALID", message: expect.stringMatching(/table (?:one|two).*(?:sku|tenant)/) as string }),
    );
  });
});

describe("keys as people read them", () => {
  test("are the fields as they were given, whatever their type", () => {
    const table = defineTable("t", { schema: z.object({ a: z.union([z.string(), z.number()]), b: z.union([z.string(), z.number()]) }), key: ["a", "b"] });
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(displayKey(`t/${rowKey(table, { a, b })}`)).toBe(`t/${[a, b].map((field) => String(field)).join(",")}`);
      }),
    );
  });
});

describe("index entries", () => {
  const table = defineTable("t", { schema, key: "sku", indexes: { byCount: "count", byTime: ["tenant", "at"] } });

  test("are there for each index that the row has all fields of", () => {
    expect([...indexEntries(table, { sku: "s", count: 1, tenant: "t", at: null }).keys()]).toEqual(["byCount"]);
    expect(indexEntries(table, { sku: "s", tenant: "t", at: 5 }).get("byTime")).toBe(encodeFields("k", ["tenant", "at"], { tenant: "t", at: 5 }));
  });

  test("are refused where a field is there and cannot be a key", () => {
    expect(() => indexEntries(table, { sku: "s", count: true })).toThrow(expect.objectContaining({ code: "KEY_INVALID" }));
  });
});
