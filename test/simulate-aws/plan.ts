import { calmAwsPlan, drawAwsPlan, type AwsFaultPlan, type SeededRandom } from "pulsequeue/testing";

/** What one seed does: drawn anew for each, so that seeds differ in kind and not only in luck. Times in milliseconds, shares from 0 to 1. */
export interface Plan {
  readonly faults: AwsFaultPlan;
  /** How long faults are on. */
  readonly trouble: number;
  readonly shards: number;
  readonly schedules: boolean;
  readonly skus: number;
  /** Units of each SKU. */
  readonly units: number;
  readonly orders: number;
  /** In which the orders are placed: in a rush they meet at the same rows. */
  readonly rush: number;
  /** Events that clients publish themselves. */
  readonly notes: number;
  /** Keys of these. */
  readonly keys: number;
  /** Share of calls that are made twice. */
  readonly duplicates: number;
  readonly cancels: number;
  readonly refunds: number;
  /** Of the payment provider. */
  readonly declines: number;
  readonly timeouts: number;
  readonly failures: number;
  /** Share of deliveries to the chronicle that fail in some way. */
  readonly poison: number;
  /** Calls of an operator: pauses, resumes, redrives. */
  readonly operations: number;
}

export function drawPlan(random: SeededRandom): Plan {
  const isCalm = random.chance(0.05);
  const trouble = random.pick([500, 10_000, 60_000, 300_000]);
  const rare = (): number => random.pick([0, 0, 0.2, 0.5]);
  return {
    faults: isCalm ? calmAwsPlan : drawAwsPlan(random),
    trouble,
    shards: 1 + random.below(3),
    schedules: random.chance(0.15),
    skus: 1 + random.below(2),
    units: 1 + random.below(4),
    orders: 1 + random.below(5),
    rush: random.pick([trouble, trouble, 500]),
    notes: random.pick([0, 3, 8]),
    keys: random.pick([1, 3]),
    duplicates: random.pick([0, 0.2, 0.5]),
    cancels: rare(),
    refunds: rare(),
    declines: rare(),
    timeouts: rare(),
    failures: rare(),
    poison: random.pick([0, 0.1, 0.4]),
    operations: random.pick([0, 0, 2]),
  };
}
