import { expect, test } from "vitest";
import { applyReplacements, readSource } from "../../crash/build.ts";
import { fuzzFaults } from "./faults.ts";

test.each(fuzzFaults.map((fault) => [fault.name, fault.replacements] as const))("the door has exactly one place for the fault: %s", (_, replacements) => {
  const changed = applyReplacements(replacements, readSource);
  expect([...changed].filter(([path, text]) => text === readSource(path))).toEqual([]);
});

test("each fault has a name of its own", () => {
  expect(new Set(fuzzFaults.map(({ name }) => name)).size).toBe(fuzzFaults.length);
});
