/** What is done to each process. */
import type { SeededRandom } from "../../src/testing/random.ts";

/**
 * - `load`: killed under load.
 * - `point`: kills itself at a named point of the engine, before or after a commit of some kind.
 * - `start`: killed while it opens the file and recovers, or right after.
 * - `close`: killed while it closes.
 * - `backup`: killed while it copies the file.
 * - `freeze`: stopped and continued, with a second process on the same file meanwhile; then killed.
 * - `stop`: closed with SIGTERM under load.
 * - `rest`: closed with SIGTERM once all is done.
 */
export type CycleKind = "load" | "point" | "start" | "close" | "backup" | "freeze" | "stop" | "rest";

/**
 * A process that follows a kill claims one delivery at a time until it has seen what may have killed the one before; one that
 * follows a rest runs full batches. Faults hide in either, so both must be common.
 */
const weights: readonly (readonly [CycleKind, number])[] = [
  ["load", 28],
  ["rest", 22],
  ["point", 12],
  ["start", 12],
  ["stop", 7],
  ["close", 7],
  ["backup", 6],
  ["freeze", 6],
];

export type Plan = (cycle: number) => CycleKind;

export function mixedPlan(random: SeededRandom): Plan {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  return () => {
    let draw = random() * total;
    for (const [kind, weight] of weights) {
      draw -= weight;
      if (draw < 0) return kind;
    }
    return "load";
  };
}

/** Only kills under load. */
export const killPlan: Plan = () => "load";

/** No kill at all. */
export const calmPlan: Plan = () => "stop";

/** Only processes that meet a second one. */
export const freezePlan: Plan = () => "freeze";
