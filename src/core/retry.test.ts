import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NonRetryableError, RetryAfterError } from "./retry-errors.ts";
import { retryDelay, retryPolicy } from "./retry.ts";

describe("retryPolicy", () => {
  test("has the documented defaults", () => {
    expect(retryPolicy("h")).toEqual({ attempts: 5, min: 1_000, max: 300_000 });
  });

  test("takes one field and keeps the others", () => {
    expect(retryPolicy("h", { attempts: 1 })).toEqual({ attempts: 1, min: 1_000, max: 300_000 });
  });

  test.each([{ attempts: 0 }, { attempts: 101 }, { attempts: 1.5 }, { attempts: NaN }, { min: "10m" }, { min: "2s", max: "1s" }, { max: "soon" }])(
    "refuses %j",
    (options) => {
      expect(() => retryPolicy("h", options as never)).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
    },
  );
});

describe("retryDelay", () => {
  const policy = retryPolicy("h", { attempts: 100, min: "1s", max: "5m" });

  test("is drawn from zero up to a bound that doubles with each attempt, until the greatest", () => {
    const bounds = [1, 2, 3, 4, 9, 10, 100].map((attempt) => retryDelay(policy, attempt, () => 1 - Number.EPSILON / 2));
    expect(bounds).toEqual([1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
    expect(retryDelay(policy, 5, () => 0)).toBe(0);
    expect(retryDelay(policy, 3, () => 0.5)).toBe(2_000);
  });

  test("stays a whole number within its bounds for every policy, attempt and draw", () => {
    fc.assert(
      fc.property(
        fc.nat(1e7),
        fc.nat(1e9),
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (min, more, attempt, draw) => {
          const delay = retryDelay({ attempts: 100, min, max: min + more }, attempt, () => draw);
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(min + more);
        },
      ),
    );
  });
});

describe("errors that a handler throws on purpose", () => {
  test("carry their code, reason, cause and wait", () => {
    const cause = new Error("declined");
    expect(new NonRetryableError("no such card", { cause })).toMatchObject({
      name: "NonRetryableError",
      code: "NON_RETRYABLE",
      message: "no such card",
      cause,
      retry: "never",
    });
    expect(new RetryAfterError("30s", "busy")).toMatchObject({ name: "RetryAfterError", code: "RETRY_AFTER", retryAfter: 30_000, retry: "later" });
  });
});
