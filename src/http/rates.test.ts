import { describe, expect, test } from "vitest";
import { createLimiter } from "./rates.ts";

const rate = { perSecond: 10, burst: 5 };

function limiterOf(most?: number): { readonly take: (caller: string, cost?: number) => number; readonly pass: (milliseconds: number) => void } {
  let now = 1_000_000;
  const limiter = createLimiter({ monotonic: () => now }, rate, most);
  return {
    /** 0, or the time to wait. */
    take(caller, cost = 1) {
      try {
        limiter.take(caller, cost);
        return 0;
      } catch (error) {
        return (error as { retryAfter: number }).retryAfter;
      }
    },
    pass(milliseconds) {
      now += milliseconds;
    },
  };
}

function takenAtOnce(take: (caller: string) => number, caller: string): number {
  let count = 0;
  while (take(caller) === 0) count += 1;
  return count;
}

describe("a limiter", () => {
  test("gives a burst at once, then the rate, and says how long to wait", () => {
    const { take, pass } = limiterOf();
    expect(takenAtOnce(take, "a")).toBe(5);
    expect(take("a")).toBe(100);
    expect(take("a", 3)).toBe(300);
    pass(99);
    expect(take("a")).toBe(1);
    pass(1);
    expect(take("a")).toBe(0);
    expect(takenAtOnce(take, "b")).toBe(5);
    pass(60_000);
    expect(takenAtOnce(take, "a")).toBe(5);
  });

  test("takes more than a burst from a full bucket only, and all of it counts", () => {
    const { take, pass } = limiterOf();
    expect(take("a", 20)).toBe(0);
    pass(1_500);
    expect(take("a")).toBe(100);
    pass(100);
    expect(take("a")).toBe(0);
    expect(take("a", 20)).toBe(500);
  });

  test("does not refill a bucket for who drives its owner out with other addresses", () => {
    const { take, pass } = limiterOf(10);
    expect(takenAtOnce(take, "mine")).toBe(5);
    for (let n = 0; n < 1_000; n += 1) take(`other-${String(n)}`);
    expect(take("mine")).toBeGreaterThan(0);
    pass(100);
    for (let n = 0; n < 1_000; n += 1) take(`other-${String(n)}`);
    expect(takenAtOnce(take, "mine")).toBe(1);
  });

  test("gives all callers that it cannot remember what one caller gets", () => {
    const { take, pass } = limiterOf(10);
    const admitted = (): number => Array.from({ length: 1_000 }, (_, n) => take(`one-time-${String(n)}`)).filter((wait) => wait === 0).length;
    for (let n = 0; n < 10; n += 1) for (let again = 0; again < 5; again += 1) take(`known-${String(n)}`);
    expect(admitted()).toBe(5);
    pass(200); // none of the known buckets is full again
    expect(admitted()).toBe(2);
  });

  test("makes room once buckets are full again", () => {
    const { take, pass } = limiterOf(10);
    for (let n = 0; n < 10; n += 1) take(`known-${String(n)}`);
    expect(take("new")).toBe(0);
    pass(100);
    for (let n = 0; n < 10; n += 1) expect(takenAtOnce(take, `newer-${String(n)}`)).toBe(5);
  });
});
