/** What judges and makes the values of the audit's experiment with a million of them. */
import { describe, expect, test } from "vitest";
import type { Json } from "pulsequeue";
import { randomOf } from "../../src/audit/fuzz/random.ts";
import { changed, validValue } from "../../src/audit/fuzz/samples.ts";
import { validatorOf } from "../../src/audit/fuzz/validator.ts";

describe("a JSON Schema allows and refuses what the standard says", () => {
  test.each<readonly [schema: Json, allowed: readonly Json[], refused: readonly Json[]]>([
    [true, [null, 1], []],
    [false, [], [null, 1]],
    [{ type: "integer" }, [1, -0, 1e3], [1.5, "1", null, true]],
    [{ type: ["string", "null"] }, ["", null], [0, []]],
    [{ type: "object" }, [{}], [[], null]],
    [{ enum: [1, "a", { b: 1 }] }, [1, "a", { b: 1 }], ["1", { b: 2 }]],
    [{ const: null }, [null], [0]],
    [{ minimum: 1, exclusiveMaximum: 3 }, [1, 2.9, "not a number"], [0.9, 3]],
    [{ multipleOf: 5 }, [0, 10], [7]],
    [{ minLength: 2, maxLength: 3 }, ["ab", "😀😀", "😀😀😀"], ["a", "😀", "abcd"]],
    [{ pattern: "^[a-z]+$" }, ["abc", 1], ["ABC", ""]],
    [{ minItems: 1, maxItems: 2, items: { type: "string" } }, [["a"], ["a", "b"]], [[], [1], ["a", "b", "c"]]],
    [{ prefixItems: [{ type: "string" }], items: { type: "number" } }, [["a", 1], []], [[1], ["a", "b"]]],
    [{ required: ["a"], properties: { a: { type: "number" } }, additionalProperties: false }, [{ a: 1 }], [{}, { a: "1" }, { a: 1, b: 1 }]],
    [{ required: ["toString"] }, [{ toString: 1 }], [{}]],
    [{ propertyNames: { maxLength: 1 }, minProperties: 1, maxProperties: 2 }, [{ a: 1 }], [{}, { ab: 1 }, { a: 1, b: 1, c: 1 }]],
    [{ anyOf: [{ type: "string" }, { minimum: 3 }] }, ["a", 3], [2]],
    [{ oneOf: [{ minimum: 1 }, { maximum: 5 }] }, [0, 6], [3]],
    [{ allOf: [{ minimum: 1 }, { maximum: 5 }] }, [3], [0, 6]],
    [
      { $defs: { a: { type: "object", properties: { next: { $ref: "#/$defs/a" } }, additionalProperties: false } }, $ref: "#/$defs/a" },
      [{ next: { next: {} } }],
      [{ next: { other: 1 } }],
    ],
  ])("%j", (schema, allowed, refused) => {
    const allows = validatorOf(schema);
    expect([allowed.filter((value) => !allows(value)), refused.filter((value) => allows(value))]).toEqual([[], []]);
  });

  test("and a rule that is not known is an error, never passed over", () => {
    expect(() => validatorOf({ properties: { a: { unevaluatedItems: false } } })).toThrow("the keyword unevaluatedItems is not known here");
    expect(() => validatorOf({ $ref: "https://example.org/a" })({})).toThrow("is elsewhere");
  });
});

describe("values that are made from a schema", () => {
  const schema = {
    type: "object",
    properties: {
      id: { type: "string", pattern: "^(?:order|refund):[A-Z][\\w-]{7,63}\\.\\d+$" },
      code: { type: "string", pattern: "^[A-Z]{3}$" },
      name: { type: "string", minLength: 3, maxLength: 4 },
      count: { type: "integer", minimum: 1, maximum: 20 },
      lines: { type: "array", minItems: 1, items: { enum: ["a", "b"] } },
      note: { anyOf: [{ type: "null" }, { const: "x" }] },
    },
    required: ["id", "code", "name", "count", "lines"],
    additionalProperties: false,
  };
  const allows = validatorOf(schema);

  test("are valid, and most that differ in one place are not", () => {
    const random = randomOf(3);
    const valid = Array.from({ length: 500 }, () => validValue(schema, random));
    expect(valid.filter((value) => !allows(value))).toEqual([]);
    const broken = valid.map((value) => changed(value, random)).filter((value) => !allows(value));
    expect(broken.length).toBeGreaterThan(250);
    expect(broken.length).toBeLessThan(500);
  });

  test("are the same for the same seed", () => {
    expect(validValue(schema, randomOf(5))).toEqual(validValue(schema, randomOf(5)));
  });

  test("are plain texts where the pattern is not understood", () => {
    expect(validValue({ type: "string", pattern: "^(?!a)[^b]$" }, randomOf(1))).toBe("text");
  });
});
