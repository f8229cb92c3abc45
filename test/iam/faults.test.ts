import { expect, test } from "vitest";
import { applyReplacements, readSource } from "../crash/build.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { compare, decide, real, withDeny, withoutAllow } from "./compare.ts";
import { faults } from "./faults.ts";
import { randomCase } from "./generate.ts";
import { runMutants } from "./mutants.ts";

test.each(faults.map((fault) => [fault.name, fault.replacements] as const))("the evaluator has exactly one place for the fault: %s", (_, replacements) => {
  const changed = applyReplacements(replacements, readSource);
  expect([...changed].filter(([path, text]) => text === readSource(path))).toEqual([]);
});

test("each planted fault is found, and nothing in the evaluator as it is", { timeout: 120_000 }, async () => {
  const [control, ...results] = await runMutants({ cases: 1_000, from: 1, onFault: () => undefined });
  expect(control).toEqual({ name: "no fault", by: undefined });
  expect(results.filter(({ by }) => by === undefined)).toEqual([]);
});

test("both evaluators agree on random cases, of which many are allowed and many denied", () => {
  const { difference, decisions } = compare(real, { cases: 1_000, from: 1_000_000 });
  expect(difference).toBeUndefined();
  expect(Math.min(...Object.values(decisions))).toBeGreaterThan(100);
});

const seeds = Array.from({ length: 300 }, (_, index) => index + 1);

test("one Deny more never allows", () => {
  for (const seed of seeds) {
    const { request, policies } = randomCase(seededRandom(seed));
    const before = decide(real, request, policies).decision;
    const after = withDeny(policies).map((changed) => decide(real, request, changed).decision);
    expect(before === "allow" ? [] : after.filter((decision) => decision === "allow"), `seed ${seed}`).toEqual([]);
  }
});

test("one Allow less never allows", () => {
  for (const seed of seeds) {
    const { request, policies } = randomCase(seededRandom(seed));
    const before = decide(real, request, policies).decision;
    const after = withoutAllow(policies).map((changed) => decide(real, request, changed).decision);
    expect(before === "allow" ? [] : after.filter((decision) => decision === "allow"), `seed ${seed}`).toEqual([]);
  }
});
