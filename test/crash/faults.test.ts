import { expect, test } from "vitest";
import { applyReplacements, readSource } from "./build.ts";
import { invariants } from "./checker/check.ts";
import { faults } from "./faults.ts";

test.each(faults.map((fault) => [fault.name, fault.replacements] as const))("the engine has exactly one place for the fault: %s", (_, replacements) => {
  const changed = applyReplacements(replacements, readSource);
  expect([...changed].filter(([path, text]) => text === readSource(path))).toEqual([]);
});

test("each fault has a name of its own", () => {
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
});

test("each fault breaks invariants that there are", () => {
  const known = invariants.map(({ name }) => name);
  expect(faults.filter(({ by }) => by.length === 0 || by.some((name) => !known.includes(name)))).toEqual([]);
});

test("a text that is not there, or there twice, is refused", () => {
  const read = (): string => "one two two";
  expect(() => applyReplacements([{ file: "a.ts", find: "three", replace: "" }], read)).toThrow("a.ts holds this text 0 times instead of once: three");
  expect(() => applyReplacements([{ file: "a.ts", find: "two", replace: "" }], read)).toThrow("a.ts holds this text 2 times instead of once: two");
  expect(
    applyReplacements(
      [
        { file: "a.ts", find: "one ", replace: "" },
        { file: "a.ts", find: "two two", replace: "2" },
      ],
      read,
    ),
  ).toEqual(new Map([["a.ts", "2"]]));
});
