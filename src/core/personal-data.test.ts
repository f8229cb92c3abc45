import { describe, expect, test } from "vitest";
import { redact } from "./personal-data.ts";

describe("redact", () => {
  test("replaces what is at a path, at any depth, and leaves the original alone", () => {
    const value = { email: "a@b.c", customer: { name: "Ada", age: 36 } };
    expect(redact(value, ["email", "customer.name"])).toEqual({ email: "[redacted]", customer: { name: "[redacted]", age: 36 } });
    expect(value.email).toBe("a@b.c");
  });

  test("goes through lists, at any depth, and to a named item", () => {
    expect(redact({ lines: [{ email: "a" }, { email: "b" }], tags: ["x", "y"] }, ["lines.email", "tags.1"])).toEqual({
      lines: [{ email: "[redacted]" }, { email: "[redacted]" }],
      tags: ["x", "[redacted]"],
    });
    expect(redact([[{ email: "a" }]], ["email"])).toEqual([[{ email: "[redacted]" }]]);
    expect(redact({ lines: ["a", "b"] }, ["lines.*"])).toEqual({ lines: ["[redacted]", "[redacted]"] });
  });

  test("hides a whole subtree, and a null as well", () => {
    expect(redact({ customer: { name: "Ada" }, email: null }, ["customer", "email"])).toEqual({ customer: "[redacted]", email: "[redacted]" });
  });

  test("a path that leads nowhere changes nothing", () => {
    const value = { a: { d: 1 }, b: null };
    expect(redact(value, ["x", "a.b", "b.c", "toString"])).toEqual(value);
  });

  test("data of another shape than declared shows nothing rather than too much", () => {
    expect(redact({ customer: "Ada", age: 36 }, ["customer.name", "age.years"])).toEqual({ customer: "[redacted]", age: "[redacted]" });
    expect(redact("Ada", ["name"])).toBe("[redacted]");
  });
});
