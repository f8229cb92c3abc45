import { describe, expect, test } from "vitest";
import { checkIdentifier, checkName } from "./names.ts";

describe("checkName", () => {
  test.each(["a", "order.placed", "reserve-stock", "A_1.b-c", "x".repeat(128)])("accepts %s", (name) => {
    expect(() => {
      checkName("event", name);
    }).not.toThrow();
  });

  test.each(["", "1a", ".a", "-a", "_a", "a b", "a/b", "ä", "a\n", "x".repeat(129), undefined, null, 5, {}])("refuses %j", (name) => {
    expect(() => {
      checkName("event", name);
    }).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });

  test("shows a long name only in part", () => {
    expect(() => {
      checkName("event", "x".repeat(100_000));
    }).toThrow(/^.{150,400}$/);
  });
});

describe("checkIdentifier", () => {
  test.each(["1", "ö", "a b", "https://example.org/a?b#c", "🙂", "x".repeat(256)])("accepts %s", (value) => {
    expect(checkIdentifier("id", value)).toBe(value);
  });

  test.each(["", "x".repeat(257), "a\u0000b", "a\nb", "\u007f", "\u0085", "\ud800", "a\udc00b", undefined, null, 5])("refuses %j", (value) => {
    expect(() => checkIdentifier("id", value as string)).toThrow(expect.objectContaining({ code: "ID_INVALID" }));
  });
});
