/** A payment provider that lives outside of the process: what it did stays done. The same key is one charge. */
import { setTimeout } from "node:timers/promises";
import type { SeededRandom } from "../../src/testing/random.ts";
import type { Charge } from "./app.ts";

export interface Provider {
  charge(key: string): Charge;
  /** How long an answer takes, milliseconds: mostly little, now and then longer than a process gets to close. */
  answer(charge: Charge): Promise<Charge>;
}

export function createProvider(random: SeededRandom): Provider {
  const charges = new Map<string, number>();
  let calls = 0;
  return {
    charge(key) {
      calls += 1;
      const charge = charges.get(key) ?? charges.size + 1;
      charges.set(key, charge);
      return { charge, call: calls };
    },
    answer: (charge) => setTimeout(random.chance(0.02) ? 150 + random.below(250) : random.below(4), charge),
  };
}
