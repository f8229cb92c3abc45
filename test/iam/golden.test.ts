import { describe, expect, test } from "vitest";
import { decide, real } from "./compare.ts";
import { goldenCases } from "./golden.ts";
import { naiveEvaluate } from "./naive.ts";

describe("AWS's rules", () => {
  test.each(goldenCases.map((one) => [one.rule, one] as const))("%s", (_, { request, policies, decision }) => {
    expect(decide(real, request, policies).decision).toBe(decision);
    expect(naiveEvaluate(request, policies)).toBe(decision);
  });

  test("each has a name of its own", () => {
    expect(new Set(goldenCases.map(({ rule }) => rule)).size).toBe(goldenCases.length);
  });

  test("an answer says which statement of which policy decided, or what is missing", () => {
    const [first] = goldenCases.filter(({ decision }) => decision === "explicit-deny");
    expect(first === undefined ? undefined : decide(real, first.request, first.policies).reasons).toEqual([
      { policy: "identity 1", kind: "identity", statement: 0, sid: undefined, text: "identity 1, statement 0, denies sqs:SendMessage" },
    ]);
    const [none] = goldenCases;
    expect(none === undefined ? undefined : decide(real, none.request, none.policies).reasons).toEqual([
      { policy: "identity", kind: "identity", statement: undefined, sid: undefined, text: "no statement says that an identity policy allows it" },
    ]);
  });
});
