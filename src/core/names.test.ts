import { describe, expect, test } from "vitest";
import { checkIdentifier, checkName, checkSource, checkTraceparent } from "./names.ts";

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

describe("checkSource", () => {
  test.each(["shop", "https://example.org/shop?a=b#c", "/relative/path", "urn:shop:1", "./a:b", "a%20b"])("accepts %s", (value) => {
    expect(checkSource(value)).toBe(value);
  });

  test.each(["", "order service", "söurce", "1:2", "a%2", "a#b#c", "<shop>", "x".repeat(257), undefined, 5])("refuses %j", (value) => {
    expect(() => checkSource(value as string)).toThrow(expect.objectContaining({ code: "ID_INVALID" }));
  });
});

describe("checkTraceparent", () => {
  test("accepts a W3C trace context and nothing else", () => {
    const value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    expect(checkTraceparent(value)).toBe(value);
    for (const other of ["", value.slice(1), value.toUpperCase(), `${value}-more`, undefined]) {
      expect(() => checkTraceparent(other as string)).toThrow(expect.objectContaining({ code: "ID_INVALID" }));
    }
  });
});
