/** Faults in the policies themselves, one at a time: each must change what some role may do, or the comparison sees less than it says. */
import { expect, it } from "vitest";
import { parsePolicy } from "../../src/audit/iam/parse.ts";
import type { Policy } from "../../src/audit/iam/types.ts";
import { infrastructureOf, type Statement } from "../../src/synth/index.ts";
import { covers, declaredBy } from "../../src/audit/permissions/declared.ts";
import { smallApp } from "./small-app.ts";
import { ask, rolePolicy, sessionOf } from "../../src/audit/permissions/policies.ts";
import { loadStack, stackOf } from "./stack.ts";
import { probesOf, thingsOf, type Probe } from "../../src/audit/permissions/universe.ts";

interface Fault {
  readonly name: string;
  /** The service that the changed statement is about. */
  readonly service: string;
  readonly statements: readonly Statement[];
}

/** Everything that can be wrong with one statement. */
function faultsIn(statements: readonly Statement[]): readonly Fault[] {
  return statements.flatMap((statement, index) => {
    const service = statement.Action[0]?.split(":")[0] ?? "";
    const replaced = (name: string, ...by: readonly Statement[]): Fault => {
      return { name: `${statement.Sid} ${name}`, service, statements: statements.toSpliced(index, 1, ...by) };
    };
    const { Condition: condition, ...unconditional } = statement;
    const wider = statement.Resource?.map((resource) => resource.replace(/(orders-prod)[-/].*$/, "$1*")) ?? [];
    return [
      replaced("is missing"),
      replaced("grants the whole service without condition", { ...unconditional, Action: [`${service}:*`] }),
      ...(condition === undefined ? [] : [replaced("holds under no condition", unconditional)]),
      ...(wider.join() === statement.Resource?.join() ? [] : [replaced("names every resource of its kind", { ...statement, Resource: [...new Set(wider)] })]),
      ...statement.Action.map((action) => replaced(`lacks ${action}`, { ...statement, Action: statement.Action.filter((other) => other !== action) })).filter(
        () => statement.Action.length > 1,
      ),
    ];
  });
}

const values = { secrets: { "carrier-key": "the test" }, parameters: { "carrier-pin": "the test", notices: "the test" } };
const stack = stackOf(smallApp.topology, { ...loadStack("prod").environment, ...values });
const probes = probesOf(thingsOf(stack));
const declared = declaredBy(stack);

/** Whether the policy answers otherwise than the declaration. */
function differs(role: string, policy: Policy, probe: Probe): boolean {
  const { action, resource, context } = probe;
  const request = { principal: sessionOf(stack, role), action, resource, context: { ...context, "aws:SecureTransport": "true" } };
  return (ask(stack, request, policy).decision === "allow") !== (declared.get(role)?.some((rule) => covers(rule, probe)) ?? false);
}

it("what is declared is allowed and nothing else, in an app with one of everything", () => {
  expect(stack.roles.flatMap((role) => probes.filter((probe) => differs(role, rolePolicy(stack, role), probe)))).toEqual([]);
});

it("each fault in a role's policy is found", () => {
  const { policies } = infrastructureOf(stack.topology, stack.environment);
  let planted = 0;
  const missed: string[] = [];
  for (const role of stack.roles) {
    for (const fault of faultsIn(policies.get(`role.${role}`)?.Statement ?? [])) {
      planted += 1;
      const policy = parsePolicy("identity", role, { Version: "2012-10-17", Statement: fault.statements });
      const asked = probes.filter(({ action }) => action.startsWith(`${fault.service}:`));
      if (!asked.some((probe) => differs(role, policy, probe))) missed.push(`${role}: ${fault.name}`);
    }
  }
  expect(missed).toEqual([]);
  expect(planted).toBeGreaterThan(100);
  process.stdout.write(`permissions: ${String(planted)} faults in ${String(stack.roles.length)} roles, ${String(planted - missed.length)} found\n`);
}, 120_000);
