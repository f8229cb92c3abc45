import { describe, expect, test } from "vitest";
import { checkCron, nextCron } from "./cron.ts";

/** The next `count` times after `after`, as ISO texts. */
function times(expression: string, timezone: string, after: string, count: number): readonly string[] {
  const found: string[] = [];
  let last = Date.parse(after);
  while (found.length < count) {
    const next = nextCron("S", expression, timezone, last);
    if (next === undefined) break;
    expect(next).toBeGreaterThan(last);
    last = next;
    found.push(new Date(next).toISOString());
  }
  return found;
}

describe("nextCron", () => {
  test("is strictly after the given time", () => {
    expect(times("*/5 * * * *", "UTC", "2026-01-01T00:05:00Z", 2)).toEqual(["2026-01-01T00:10:00.000Z", "2026-01-01T00:15:00.000Z"]);
    expect(times("*/5 * * * *", "UTC", "2026-01-01T00:04:59.999Z", 1)).toEqual(["2026-01-01T00:05:00.000Z"]);
  });

  test("follows the wall clock of its timezone over the year", () => {
    expect(times("0 9 1 1,7 *", "Europe/Berlin", "2025-12-31T00:00:00Z", 2)).toEqual(["2026-01-01T08:00:00.000Z", "2026-07-01T07:00:00.000Z"]);
  });

  test("a time that the change to summer time skips comes at the end of the gap, that day only", () => {
    expect(times("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3)).toEqual([
      "2026-03-28T01:30:00.000Z",
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test("a time that the change to winter time repeats comes once, at the first", () => {
    expect(times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual(["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]);
  });

  test("an hourly cron comes every real hour through both changes", () => {
    const hours = (after: string): readonly number[] => times("0 * * * *", "Europe/Berlin", after, 6).map((time) => Date.parse(time));
    for (const after of ["2026-03-28T22:30:00Z", "2026-10-24T22:30:00Z"]) {
      const found = hours(after);
      expect(found.slice(1).map((time, index) => time - (found[index] ?? 0))).toEqual([3_600_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000]);
    }
  });

  test("the 29th of February waits for a leap year", () => {
    expect(times("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2)).toEqual(["2028-02-29T00:00:00.000Z", "2032-02-29T00:00:00.000Z"]);
  });

  test("a day of the month and a day of the week together mean either", () => {
    expect(times("0 0 13 * FRI", "UTC", "2026-01-08T12:00:00Z", 3)).toEqual([
      "2026-01-09T00:00:00.000Z",
      "2026-01-13T00:00:00.000Z",
      "2026-01-16T00:00:00.000Z",
    ]);
  });
});

describe("checkCron", () => {
  test.each(["* * * * *", "0 0 L * *", "*/15 8-18 * * MON-FRI", "0 0 29 2 *"])("accepts %s", (expression) => {
    expect(() => checkCron("S", expression, "America/New_York")).not.toThrow();
  });

  test.each(["", "* * * *", "* * * * * *", "60 * * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "@daily", "2026-01-01T00:00:00"])(
    "refuses %j",
    (expression) => {
      expect(() => checkCron("S", expression, "UTC")).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
    },
  );

  test.each(["0 0 30 2 *", "0 0 31 4,6,9,11 *"])("refuses %s, whose date never comes", (expression) => {
    expect(() => checkCron("S", expression, "UTC")).toThrow(/never|no date/);
  });

  test.each(["", "Berlin", "Europe/Atlantis", "+25:00"])("refuses the timezone %j", (timezone) => {
    expect(() => checkCron("S", "* * * * *", timezone)).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });
});
