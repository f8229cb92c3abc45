import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineEvent } from "./event.ts";
import { defineSchedule, nextTick } from "./schedule.ts";

const due = defineEvent("due", { schema: z.object({ scheduledAt: z.string() }) });
const warn = defineEvent("warn", { schema: z.object({ scheduledAt: z.string() }) });

describe("defineSchedule", () => {
  test("emits each declared event with the tick as its data, where it has no handle", async () => {
    const emit = vi.fn();
    await defineSchedule("s", { every: "1m", emits: [due, warn] }).handle({ scheduledAt: "2026-01-01T00:00:00Z" }, { emit } as never);
    expect(emit.mock.calls).toEqual([
      [due, { scheduledAt: "2026-01-01T00:00:00Z" }],
      [warn, { scheduledAt: "2026-01-01T00:00:00Z" }],
    ]);
  });

  test("has UTC as the default timezone", () => {
    expect(defineSchedule("s", { cron: "0 0 * * *", emits: [due] }).cadence).toEqual({ cron: "0 0 * * *", timezone: "UTC" });
  });

  test.each([
    ["neither cron nor every", {}],
    ["both", { cron: "* * * * *", every: "1m" }],
    ["less than a second", { every: "999ms" }],
    ["no duration", { every: "often" }],
    ["no cron", { cron: "often" }],
    ["no timezone of this world", { cron: "* * * * *", timezone: "Europe/Atlantis" }],
    ["an event that is undefined", { every: "1m", emits: [undefined] }],
  ])("refuses %s", (_what, options) => {
    expect(() => defineSchedule("s", options as never)).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });
});

describe("nextTick", () => {
  test("of `every` is the next multiple since 1970, strictly after", () => {
    const schedule = defineSchedule("s", { every: "15m", emits: [due] });
    expect(nextTick(schedule, 0)).toBe(900_000);
    expect(nextTick(schedule, 899_999)).toBe(900_000);
    expect(nextTick(schedule, 900_000)).toBe(1_800_000);
  });

  test("of `every` never skips and never repeats, wherever it is asked from", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 1e9 }), fc.nat(2e12), (every, after) => {
        const next = nextTick(defineSchedule("s", { every, emits: [due] }), after) ?? -1;
        expect(next % every).toBe(0);
        expect(next).toBeGreaterThan(after);
        expect(next - after).toBeLessThanOrEqual(every);
      }),
    );
  });

  test("of `cron` follows its timezone", () => {
    const schedule = defineSchedule("s", { cron: "0 3 * * *", timezone: "Asia/Tokyo", emits: [due] });
    expect(nextTick(schedule, Date.parse("2026-01-01T00:00:00Z"))).toBe(Date.parse("2026-01-01T18:00:00Z"));
  });
});
