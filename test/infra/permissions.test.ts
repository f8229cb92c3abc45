/** The synthesized permissions of the order pipeline: what is declared is allowed, and nothing else in the whole universe is. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../src/audit/iam/types.ts";
import { covers, declaredBy } from "../../src/audit/permissions/declared.ts";
import { ask, rolePolicy, sessionOf } from "../../src/audit/permissions/policies.ts";
import { loadStack } from "./stack.ts";
import { probesOf, thingsOf, type Probe } from "../../src/audit/permissions/universe.ts";

const secure = { "aws:SecureTransport": "true" };

const prod = loadStack("prod");
const probes = probesOf(thingsOf(prod));
const declared = declaredBy(prod);

const sentence = (role: string, { action, resource, part }: Probe): string => `${role} ${action} ${resource} ${part}`.trimEnd();

function decisionOf(role: string, { action, resource, context }: Probe, more: Probe["context"] = secure): Answer["decision"] {
  return ask(prod, { principal: sessionOf(prod, role), action, resource, context: { ...context, ...more } }, rolePolicy(prod, role)).decision;
}

interface Permission {
  readonly role: string;
  readonly probe: Probe;
}

let permitted: readonly Permission[] = [];

beforeAll(() => {
  permitted = prod.roles.flatMap((role) => probes.filter((probe) => decisionOf(role, probe) === "allow").map((probe) => ({ role, probe })));
}, 120_000);

/** Permitted actions on what is of these services. */
function permittedOn(...services: readonly string[]): readonly Permission[] {
  const found = permitted.filter(({ probe }) => services.includes(probe.resource.split(":")[2] ?? ""));
  if (found.length === 0) throw new Error(`Nothing is permitted on ${services.join(", ")}: this would prove nothing`);
  return found;
}

describe("every role", () => {
  it("may do what is declared and nothing else, over every action on everything there is", () => {
    const meant = prod.roles.flatMap((role) =>
      probes.filter((probe) => declared.get(role)?.some((rule) => covers(rule, probe)) === true).map((probe) => sentence(role, probe)),
    );
    const found = permitted.map(({ role, probe }) => sentence(role, probe));
    expect(found.filter((line) => !meant.includes(line))).toEqual([]);
    expect(meant.filter((line) => !found.includes(line))).toEqual([]);
    process.stdout.write(
      `permissions: ${String(prod.roles.length * probes.length)} questions of ${String(prod.roles.length)} roles, ${String(found.length)} allowed, all of them declared\n`,
    );
  });

  it("is declared with things that the universe holds, or the comparison would be blind for them", () => {
    const asked = new Set(probes.flatMap(({ action, resource, part }) => [`${action} ${resource}`, `${action} ${resource} ${part}`]));
    const unasked = [...declared.values()]
      .flat()
      .flatMap(({ actions, resources, parts = [""] }) =>
        actions.flatMap((action) => resources.flatMap((resource) => parts.map((part) => `${action} ${resource} ${part}`.trimEnd()))),
      )
      .filter((line) => !asked.has(line));
    expect(unasked).toEqual([]);
    expect([...declared.keys()].sort()).toEqual([...prod.roles].sort());
  });

  it("may do nothing over an open line, where the resource has a policy of its own", () => {
    const open = permittedOn("sqs", "dynamodb", "events").filter(({ probe }) => !probe.resource.includes("/stream/"));
    expect(
      open
        .filter(({ role, probe }) => decisionOf(role, probe, { "aws:SecureTransport": "false" }) !== "explicit-deny")
        .map(({ role, probe }) => sentence(role, probe)),
    ).toEqual([]);
  });
});
