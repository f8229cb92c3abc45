import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeJson, encodeJson, sameJson } from "./json.ts";

const encode = (value: unknown, maxBytes = 1_000): string => encodeJson(value, "The value", maxBytes);
const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

describe("encodeJson", () => {
  test("keeps every JSON value as it is", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(decodeJson(encode(value, 1_000_000))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("drops undefined properties, as JSON does, and keeps null", () => {
    expect(encode({ a: undefined, b: null, "": undefined })).toBe('{"b":null}');
  });

  test("takes what has a toJSON, a date for one, as what it gives", () => {
    expect(encode({ at: new Date(0), link: new URL("https://example.org/") })).toBe('{"at":"1970-01-01T00:00:00.000Z","link":"https://example.org/"}');
    expect(encode(Object.assign(Object.create(null) as object, { a: 1 }))).toBe('{"a":1}');
  });

  const giving = (value: unknown): object =>
    new (class Money {
      toJSON(): unknown {
        return value;
      }
    })();
  const itself: Record<string, unknown> = {};
  itself["self"] = itself;

  test.each([
    ["undefined", undefined, ""],
    ["NaN", { a: NaN }, "a"],
    ["an infinite number", [1, -Infinity], "1"],
    ["a bigint", { a: { b: 1n } }, "a.b"],
    ["a function", { a: [() => 1] }, "a.0"],
    ["a symbol", Symbol("s"), ""],
    ["undefined in a list", { list: [1, undefined] }, "list.1"],
    ["a hole in a list", new Array(1), "0"],
    ["a Map", { a: new Map() }, "a"],
    ["an Error", new Error("x"), ""],
    ["a boxed number", { a: Object(1) as object }, "a"],
    [
      "an instance of a class",
      {
        a: new (class Money {
          amount = 1;
        })(),
      },
      "a",
    ],
    ["a key named __proto__", JSON.parse('{"a":{"__proto__":1}}'), "a"],
    ["an invalid date, which would turn into null", { at: new Date(NaN) }, "at"],
    ["a toJSON that gives nothing", giving(undefined), ""],
    ["a toJSON that gives what is not JSON", { a: giving({ b: NaN }) }, "a.b"],
  ])("refuses %s and says where it is", (_what, value, path) => {
    expect(() => encode(value)).toThrow(expect.objectContaining({ code: "PAYLOAD_UNSERIALISABLE", issues: [{ path, message: expect.any(String) as string }] }));
  });

  test("takes 32 levels of nesting and refuses 33, or a value that contains itself", () => {
    expect(encode(nested(32))).toHaveLength(65);
    expect(() => encode(nested(33))).toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_DEEP" }));
    expect(() => encode(giving(nested(33)))).toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_DEEP" }));
    expect(() => encode(itself)).toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_DEEP" }));
    expect(() => encode(nested(5_000))).toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_DEEP" }));
  });

  test("counts bytes of UTF-8, not characters: the limit itself passes, one byte more does not", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
        const bytes = Buffer.byteLength(JSON.stringify(text));
        expect(encode(text, bytes)).toBe(JSON.stringify(text));
        expect(() => encode(text, bytes - 1)).toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }));
      }),
    );
  });

  test("keeps half a surrogate pair, which UTF-8 alone would lose", () => {
    expect(decodeJson(Buffer.from(encode("\ud800")).toString())).toBe("\ud800");
  });

  test("does not repeat the data in its message", () => {
    expect(() => encode({ card: "4242", bad: 1n })).toThrow(/^(?!.*4242)/);
  });
});

describe("sameJson", () => {
  test("is true for equal values whatever the order of their keys", () => {
    expect(sameJson({ a: 1, b: [{ c: null, d: "x" }] }, { b: [{ d: "x", c: null }], a: 1 })).toBe(true);
  });

  test.each([
    [1, "1"],
    [null, {}],
    [[], {}],
    [
      [1, 2],
      [2, 1],
    ],
    [{ a: 1 }, { a: 1, b: 1 }],
    [
      { a: 1, b: 1 },
      { a: 1, c: 1 },
    ],
    [{ a: { b: 1 } }, { a: { b: 2 } }],
    [{ toString: 1 }, { valueOf: 1 }],
  ])("tells %j from %j", (left, right) => {
    expect(sameJson(left, right)).toBe(false);
    expect(sameJson(right, left)).toBe(false);
  });

  test("agrees with deep equality", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (left, right) => {
        const [a, b] = [left, right].map((value) => JSON.parse(JSON.stringify(value)) as unknown);
        expect(sameJson(a, structuredClone(a))).toBe(true);
        expect(sameJson(a, b)).toBe(JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)));
      }),
    );
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return { object: entries.map(([key, item]) => [key, sorted(item)]) };
}
