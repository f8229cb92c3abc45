import { faultPoints, type FaultPoint } from "../../engines/local/index.ts";
import type { SeededRandom } from "../random.ts";

/** What one seed does: drawn anew for each, so that seeds differ in kind and not only in luck. */
export interface Plan {
  /** Decisions of the scheduler while faults are on. */
  readonly steps: number;
  /** Points at which the engine is killed, in turn: each at its n-th passing in the life of that time. */
  readonly kills: readonly { readonly point: FaultPoint; readonly passing: number }[];
  /** Chances per decision. */
  readonly chance: {
    readonly client: number;
    readonly operator: number;
    readonly timer: number;
    readonly kill: number;
    readonly restart: number;
    readonly wallJump: number;
  };
  /** Share of deliveries that are delivered twice. */
  readonly duplicates: number;
  readonly reorder: boolean;
  /** Share of deliveries that fail in some way. */
  readonly failures: number;
  /** Keys of ordered events and groups of limited ones: few make hot keys. */
  readonly keys: number;
  readonly items: number;
  readonly concurrency: number;
  readonly attempts: number;
  readonly groupLimit: number;
}

export function drawPlan(random: SeededRandom): Plan {
  const often = (): number => random.pick([0, 0.01, 0.03]);
  return {
    steps: 200 + random.below(200),
    kills: Array.from({ length: 1 + random.below(4) }, () => ({ point: random.pick(faultPoints), passing: 1 + random.below(random.pick([2, 8, 30])) })),
    chance: {
      client: random.pick([0.1, 0.2, 0.4]),
      operator: random.pick([0, 0.01, 0.04]),
      timer: random.pick([0.01, 0.05, 0.2]),
      kill: random.pick([0, 0.002, 0.01]),
      restart: random.pick([0, 0.002, 0.01]),
      wallJump: often(),
    },
    duplicates: random.pick([0, 0.1, 0.5]),
    reorder: random.chance(0.5),
    failures: random.pick([0, 0.1, 0.4]),
    keys: random.pick([1, 3, 20]),
    items: random.pick([1, 3]),
    concurrency: random.pick([1, 2, 8]),
    attempts: random.pick([1, 3, 5]),
    groupLimit: random.pick([1, 2]),
  };
}
