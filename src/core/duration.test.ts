import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  test.each([
    [0, 0],
    [500, 500],
    ["0ms", 0],
    ["250ms", 250],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["7d", 604_800_000],
    ["0.0015s", 2],
  ] as const)("reads %j as %d milliseconds", (duration, milliseconds) => {
    expect(parseDuration(duration)).toBe(milliseconds);
  });

  test.each(["", "s", "5", "5 s", "5S", "-5s", "+5s", "1e3s", ".5s", "5.s", "5sm", " 5s", "5s\n", "Infinitys", NaN, Infinity, -1, null, undefined, {}, true])(
    "refuses %j and says how to write one",
    (duration) => {
      expect(() => parseDuration(duration as never)).toThrow(
        expect.objectContaining({ code: "DECLARATION_INVALID", message: expect.stringContaining('"30s"') as string }),
      );
    },
  );

  test("a whole number of a unit is that many milliseconds, whatever the unit", () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
    fc.assert(
      fc.property(fc.nat(10_000), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])), (count, unit) => {
        expect(parseDuration(`${count}${unit}`)).toBe(count * units[unit]);
      }),
    );
  });
});
