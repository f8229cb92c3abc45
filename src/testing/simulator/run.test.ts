import { describe, expect, it } from "vitest";
import { seededRandom } from "../random.ts";
import { drawPlan } from "./plan.ts";
import { runSeed } from "./run.ts";

describe("a simulated seed", () => {
  it.each([1, 2, 3, 5, 8, 13, 21, 34])("%i keeps every rule", async (seed) => {
    const result = await runSeed(seed);
    expect(result.violations).toEqual([]);
    expect(result.events).toBeGreaterThan(10);
    expect(result.steps).toBeGreaterThan(200);
  });

  it("gives the same trace each time, and another one than its neighbour", async () => {
    const [first, again, other] = [await runSeed(34), await runSeed(34), await runSeed(35)];
    expect(again).toEqual(first);
    expect(other.hash).not.toBe(first.hash);
  });

  it("is planned anew: seeds differ in kind, and each has a kill in its plan", () => {
    const plans = Array.from({ length: 200 }, (_, seed) => drawPlan(seededRandom(seed)));
    expect(plans.every((plan) => plan.kills.length > 0 && plan.steps >= 200)).toBe(true);
    expect(new Set(plans.flatMap((plan) => plan.kills.map((kill) => kill.point))).size).toBe(14);
    for (const pick of ["duplicates", "failures", "keys", "concurrency", "attempts"] as const) expect(new Set(plans.map((plan) => plan[pick])).size).toBe(3);
  });
});
