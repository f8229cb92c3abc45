/** The permissions boundary: it takes nothing from any role, and holds one that was granted everything. */
import { expect, it } from "vitest";
import { parsePolicy } from "../../src/audit/iam/parse.ts";
import type { Policy } from "../../src/audit/iam/types.ts";
import { covers, declaredBy } from "../../src/audit/permissions/declared.ts";
import { ask, policyOf, rolePolicy, sessionOf } from "../../src/audit/permissions/policies.ts";
import { loadStack, type Stack } from "./stack.ts";
import { probesOf, thingsOf, type Probe } from "../../src/audit/permissions/universe.ts";

const prod = loadStack("prod");
const boundary = policyOf(prod, "boundary");
const { account, region } = prod.environment;
/** As if no queue, table or bus had a policy of its own, so that nothing but the boundary holds. A key without one would serve nobody. */
const bare: Stack = { ...prod, policies: new Map([["key", policyOf(prod, "key")]]) };
const everything = parsePolicy("identity", "injected", { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } });

function may(stack: Stack, role: string, identity: Policy, { action, resource, context }: Probe, transport = "true", bounds = boundary): boolean {
  const request = { principal: sessionOf(prod, role), action, resource, context: { ...context, "aws:SecureTransport": transport } };
  return ask(stack, request, identity, bounds).decision === "allow";
}

/** What a role that was granted everything may still do. */
function injected(probes: readonly Probe[], transport?: string): readonly Probe[] {
  return probes.filter((probe) => may(bare, "orders-prod-keep-stock", everything, probe, transport));
}

const probes = probesOf(thingsOf(prod));
const declared = [...declaredBy(prod)];

it("takes from no role what it is declared with", () => {
  const taken = declared.flatMap(([role, rules]) =>
    probes
      .filter((probe) => rules.some((rule) => covers(rule, probe)) && !may(prod, role, rolePolicy(prod, role), probe))
      .map(({ action, resource, part }) => `${role} ${action} ${resource} ${part}`),
  );
  expect(taken).toEqual([]);
});

it("holds a role that was granted everything to what some role of the deployment does, none of which changes the infrastructure", () => {
  const actions = new Set(declared.flatMap(([, rules]) => rules.flatMap((rule) => rule.actions)));
  const left = injected(probes);
  expect([...new Set(left.map(({ action }) => action))].filter((action) => !actions.has(action))).toEqual([]);
  expect(left.length).toBeGreaterThan(100);
  const building = /:(?:Delete|Create|Put|Update|Attach|Set)(?:Table|Queue|Role|Key|Function|Policy|Resource|Secret|Parameter)/;
  expect(probes.some(({ action }) => building.test(action))).toBe(true);
  expect(left.filter(({ action }) => building.test(action))).toEqual([]);
});

it("holds it to its own deployment: another environment's things are out of reach", () => {
  const theirs = probesOf(thingsOf(loadStack("prod", { environment: "staging" }))).filter(({ resource }) => resource.includes("orders-staging"));
  expect(theirs.length).toBeGreaterThan(1_000);
  expect(injected(theirs)).toEqual([]);
});

it("lets parameters through where the environment has some, and those of its own deployment alone", () => {
  const question = (name: string): Probe => ({
    action: "ssm:GetParameter",
    resource: `arn:aws:ssm:${region}:${account}:parameter/${name}`,
    part: "",
    context: {},
  });
  const open = policyOf(loadStack("prod", { secrets: {}, parameters: { "payments-webhook": "payments team" } }), "boundary");
  const mayIn = (bounds: Policy, name: string): boolean => may(bare, "orders-prod-keep-stock", everything, question(name), "true", bounds);
  expect([mayIn(open, "orders-prod/payments-webhook"), mayIn(open, "orders-staging/payments-webhook"), mayIn(open, "shared")]).toEqual([true, false, false]);
  expect(mayIn(boundary, "orders-prod/payments-webhook")).toBe(false);
});

it("holds it to an encrypted line", () => {
  expect(injected(probes, "false")).toEqual([]);
});
