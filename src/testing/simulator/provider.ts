import type { SeededRandom } from "../random.ts";
import type { History, Run } from "./history.ts";

/** A payment provider outside, which forgets nothing when the engine dies. */
export interface Provider {
  /** Charges once for each key, and gives the same answer again. Throws when the network is down, before or after the charge. */
  charge(key: string, orderId: string, run: Run): string;
  /** The handler has the answer, and its step is remembered. */
  answered(key: string, run: Run): void;
  /** From now on the network is up. */
  mend(): void;
}

export function createProvider(random: SeededRandom, history: History): Provider {
  const answers = new Map<string, string>();
  const known = new Map<string, Run>();
  let isMended = false;
  return {
    charge(key, orderId, run) {
      // A run that is delivered twice has the same life and attempt: only a later one must have remembered.
      const repeated = isLater(run, known.get(key));
      history.charges.push({ key, orderId, repeated });
      if (!isMended && random.chance(0.05)) throw new Error("the network is down");
      const answer = answers.get(key) ?? (random.chance(0.2) ? "declined" : "charged");
      answers.set(key, answer);
      if (!isMended && random.chance(0.05)) throw new Error("the answer is lost");
      return answer;
    },
    answered(key, run) {
      const before = known.get(key);
      if (before === undefined || isLater(run, before)) known.set(key, run);
    },
    mend() {
      isMended = true;
    },
  };
}

function isLater(run: Run, before: Run | undefined): boolean {
  return before !== undefined && (run.life > before.life || (run.life === before.life && run.attempt > before.attempt));
}
