/** The bench's own judgement: a run that did not do its work must not get a figure, and ratios are taken within a repetition. */
import { describe, expect, it } from "vitest";
import { checkHandledOnce, checkOrders } from "../bench/src/check.ts";
import { judge, type GoalResult } from "../bench/src/goals.ts";
import { job, jobChunks, type FollowUp, type Job, type Total } from "../bench/src/job.ts";
import type { Sample, Subject } from "../bench/src/sample.ts";
import { percentile, spread } from "../bench/src/statistics.ts";
import type { Work } from "../bench/src/works/index.ts";

describe("the jobs", () => {
  it("are 182 bytes of JSON each", () => {
    expect(new Set([0, 1, 96, 97, 9_999, 50_000_000].map((number) => JSON.stringify(job(number)).length))).toEqual(new Set([182]));
  });

  it("come in lists of the asked size, the last one shorter, without a gap", () => {
    const chunks = [...jobChunks(25, { first: 5, size: 10 })];
    expect(chunks.map((chunk) => chunk.length)).toEqual([10, 10, 5]);
    expect(chunks.flat()).toEqual(Array.from({ length: 25 }, (_, index) => job(5 + index)));
  });
});

describe("the check of work A", () => {
  const jobs = [job(1), job(2), job(3)];
  const orderIds = jobs.map(({ orderId }) => orderId);

  it("accepts each job once, in any order", () => {
    expect(() => {
      checkHandledOnce(orderIds.toReversed(), jobs);
    }).not.toThrow();
  });

  it("refuses a job that was handled twice, never, or not published", () => {
    for (const wrong of [[...orderIds, orderIds[0] ?? ""], orderIds.slice(1), [...orderIds.slice(1), job(4).orderId]]) {
      expect(() => {
        checkHandledOnce(wrong, jobs);
      }).toThrow(/handled/);
    }
  });
});

describe("the check of work B", () => {
  const jobs = Array.from({ length: 9 }, (_, number) => job(number, 2));
  const run = (): { readonly totals: Total[]; readonly followUps: FollowUp[] } => effectsOf(jobs);

  it("accepts every effect once", () => {
    const { totals, followUps } = run();
    expect(() => {
      checkOrders(jobs, totals, followUps);
    }).not.toThrow();
  });

  it("refuses a lost update, even where the stored count is right", () => {
    const { totals, followUps } = run();
    const repeated = followUps.map((followUp) => (followUp.count === 3 ? { ...followUp, count: 2 } : followUp));
    expect(() => {
      checkOrders(jobs, totals, repeated);
    }).toThrow(/came twice/);
  });

  it.each<[string, (totals: Total[], followUps: FollowUp[]) => { totals: Total[]; followUps: FollowUp[] }]>([
    ["a count that is too low", (totals, followUps) => ({ totals: totals.map((total) => ({ ...total, count: total.count - 1 })), followUps })],
    ["a count that is too high", (totals, followUps) => ({ totals: totals.map((total) => ({ ...total, count: total.count + 1 })), followUps })],
    ["a row that is missing", (totals, followUps) => ({ totals: totals.slice(1), followUps })],
    ["an amount of nobody's", (totals, followUps) => ({ totals: totals.map((total) => ({ ...total, amount: 1 })), followUps })],
    ["a follow-up that is missing", (totals, followUps) => ({ totals, followUps: followUps.slice(1) })],
    ["a follow-up too many", (totals, followUps) => ({ totals, followUps: [...followUps, ...followUps.slice(0, 1)] })],
    [
      "a follow-up of another order",
      (totals, followUps) => ({ totals, followUps: followUps.map((one) => ({ ...one, orderId: followUps[0]?.orderId ?? "" })) }),
    ],
  ])("refuses %s", (_, spoil) => {
    const right = run();
    const { totals, followUps } = spoil(right.totals, right.followUps);
    expect(() => {
      checkOrders(jobs, totals, followUps);
    }).toThrow();
  });
});

describe("the goals", () => {
  it("compare within a repetition, and take the median over the repetitions", () => {
    const samples = [
      ...pair(1, 300, 100), // 3×
      ...pair(2, 90, 90), // 1×
      ...pair(3, 200, 100), // 2×
    ];
    expect(goal(samples, 3)).toMatchObject({ value: { median: 2, min: 1, max: 3 }, reached: true });
  });

  it("are not reached below the target, and not judged while a figure is missing", () => {
    expect(goal(pair(1, 140, 100), 1)).toMatchObject({ reached: false });
    expect(goal(pair(1, 300, 100), 2)).toMatchObject({ value: undefined, reached: undefined });
  });

  it("take the fastest rival of the repetition for work B", () => {
    const samples = [sample("b", "pulsequeue", 1, 300), sample("b", "bullmq", 1, 10), sample("b", "graphile-worker", 1, 50), sample("b", "pg-boss", 1, 150)];
    expect(judge(samples, 1).find((one) => one.work === "B, end to end")?.value?.median).toBe(2);
  });

  function goal(samples: readonly Sample[], repetitions: number): GoalResult | undefined {
    return judge(samples, repetitions).find((one) => one.work === "A, end to end" && one.against === "graphile-worker");
  }

  function pair(repetition: number, ours: number, theirs: number): readonly Sample[] {
    return [sample("a", "pulsequeue", repetition, ours), sample("a", "graphile-worker", repetition, theirs)];
  }

  function sample(work: Work, subject: Subject, repetition: number, endToEndPerSecond: number): Sample {
    return { work, subject, repetition, figures: { endToEndPerSecond } };
  }
});

describe("the statistics", () => {
  it("are values that were measured", () => {
    expect(spread([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
    expect(percentile([4, 3, 2, 1], 0.5)).toBe(2);
    expect(
      percentile(
        Array.from({ length: 500 }, (_, index) => index + 1),
        0.99,
      ),
    ).toBe(495);
  });
});

/** What work B leaves behind when it is done right. */
function effectsOf(jobs: readonly Job[]): { readonly totals: Total[]; readonly followUps: FollowUp[] } {
  const totals = new Map<string, Total>();
  const followUps = jobs.map(({ orderId, customerId, amount }) => {
    const count = (totals.get(customerId)?.count ?? 0) + 1;
    totals.set(customerId, { customerId, count, amount });
    return { orderId, customerId, count };
  });
  return { totals: [...totals.values()], followUps };
}
