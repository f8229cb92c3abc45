/** No synthesized policy of any stack says more than it should, or something that has no effect. */
import { expect, it } from "vitest";
import { lintPolicy } from "../../src/audit/iam/lint.ts";
import { loadStack } from "./stack.ts";

/** Queues, tables and the bus: their endpoints take requests without TLS, or their policies may be asked to refuse them. */
const carriesData = (name: string): boolean => /^(?:queue|table)\.|^bus$/.test(name);

it.each(["dev", "staging", "prod"])("the policies of %s are clean", (name) => {
  const { policies } = loadStack(name);
  const problems = [...policies].flatMap(([file, policy]) => lintPolicy(policy, { secureTransport: carriesData(file) }));
  expect(problems.map(({ policy, statement, rule, text }) => `${policy} ${String(statement)} ${rule}: ${text}`)).toEqual([]);
  expect(policies.size).toBeGreaterThan(70);
});
