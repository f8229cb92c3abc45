/** The checker: a pure function over what the client saw and what the file holds. */
import type { Evidence } from "../evidence.ts";
import { attempts, deadLetters, drained, order, steps } from "./deliveries.ts";
import { effectsOnce, onTime, outbox, stockKept, totals } from "./effects.ts";
import { collectFacts, type Invariant } from "./facts.ts";
import { acknowledged, backups, chain, identity } from "./journal.ts";
import { operations, processes, requests, views } from "./outside.ts";

export const invariants: readonly Invariant[] = [
  acknowledged,
  identity,
  effectsOnce,
  totals,
  outbox,
  order,
  attempts,
  deadLetters,
  steps,
  stockKept,
  requests,
  onTime,
  operations,
  drained,
  chain,
  backups,
  views,
  processes,
];

export interface Violation {
  readonly invariant: string;
  readonly subject: string;
  readonly message: string;
}

/** Everything that does not hold. */
export function check(evidence: Evidence): readonly Violation[] {
  const facts = collectFacts(evidence);
  return invariants.flatMap((invariant) => {
    const violations: Violation[] = [];
    invariant.check(facts, (subject, message) => violations.push({ invariant: invariant.name, subject, message }));
    return violations;
  });
}
