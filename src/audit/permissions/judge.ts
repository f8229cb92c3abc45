/** What the committed policies allow, against what is declared. */
import { isPulseQueueError } from "../../core/errors.ts";
import { policyFolder } from "../../synth/index.ts";
import { fits, globOf } from "../iam/pattern.ts";
import type { Policy } from "../iam/types.ts";
import type { Project, StackData } from "../project.ts";
import { covers, declaredBy } from "./declared.ts";
import { ask, policyStack, rolePolicy, sessionOf, type PolicyStack } from "./policies.ts";
import { probesOf, thingsOf, type Probe } from "./universe.ts";

/** A stack's committed policies; a text that says what is wrong with them. */
export function readPolicies({ app }: Pick<Project, "app">, { deployment, environment, found }: StackData): PolicyStack | string {
  try {
    const paths = [...found.keys()].filter((path) => path.startsWith(`${policyFolder}/`));
    const documents = paths.map((path) => [path.slice(policyFolder.length + 1, -".json".length), JSON.parse(found.get(path) ?? "") as unknown] as const);
    return policyStack({ topology: app.topology, deployment, environment }, new Map(documents));
  } catch (thrown) {
    return isPulseQueueError(thrown) ? `${thrown.code}: ${thrown.message}` : "a policy is no JSON";
  }
}

/** The stack that is nearest to users: the last of dev, staging, prod; they differ by values only, which is a check of its own. */
export function strictestStack({ stacks }: Pick<Project, "stacks">): StackData | undefined {
  return stacks.find(({ name }) => name === "prod") ?? stacks.at(-1);
}

export interface Permitted {
  readonly role: string;
  readonly asked: number;
  /** Allowed though nothing declares it. */
  readonly extra: readonly string[];
  /** Declared and not allowed. */
  readonly missing: readonly string[];
  readonly allowed: readonly Probe[];
}

const secure = { "aws:SecureTransport": "true" };
/** By the texts of the policies that decide: a changed one is judged anew, the others are not asked again. */
const judged = new Map<string, Permitted>();
const universes = new WeakMap<PolicyStack["topology"], Map<string, readonly Probe[]>>();

export function universeOf(stack: PolicyStack): readonly Probe[] {
  const known = universes.get(stack.topology) ?? new Map<string, readonly Probe[]>();
  universes.set(stack.topology, known);
  const key = `${stack.deployment.prefix} ${stack.environment.account} ${stack.roles.join()}`;
  const probes = known.get(key) ?? probesOf(thingsOf(stack));
  known.set(key, probes);
  return probes;
}

/** Every role against every action on everything there is. */
export function permissionsOf(stack: PolicyStack): readonly Permitted[] {
  const declared = declaredBy(stack);
  const probes = universeOf(stack);
  const resources = JSON.stringify([...stack.policies].filter(([name]) => !name.startsWith("role.")));
  return stack.roles.map((role) => {
    const identity = rolePolicy(stack, role);
    const rules = declared.get(role) ?? [];
    const key = JSON.stringify([role, identity, rules, stack.deployment.prefix, probes.length, resources]);
    const known = judged.get(key);
    if (known !== undefined) return known;
    const result = judge(stack, role, identity, probes, (probe) => rules.some((rule) => covers(rule, probe)));
    judged.set(key, result);
    return result;
  });
}

/** Whether any statement allows the action, on whatever, to whomever. */
function grantedBy(policies: readonly Policy[]): (action: string) => boolean {
  const allowing = policies.flatMap(({ statements }) => statements).filter(({ effect }) => effect === "Allow");
  const known = new Map<string, boolean>();
  return (action) => {
    const name = action.toLowerCase();
    const found = known.get(name) ?? allowing.some(({ actions }) => actions.not || actions.items.some((pattern) => fits(globOf(pattern.toLowerCase()), name)));
    known.set(name, found);
    return found;
  };
}

function judge(stack: PolicyStack, role: string, identity: Policy, probes: readonly Probe[], isDeclared: (probe: Probe) => boolean): Permitted {
  const [extra, missing, allowed]: [string[], string[], Probe[]] = [[], [], []];
  const principal = sessionOf(stack, role);
  const granted = grantedBy([identity, ...[...stack.policies].filter(([name]) => !name.startsWith("role.")).map(([, policy]) => policy)]);
  for (const probe of probes) {
    const { action, resource, context, part } = probe;
    // What no statement anywhere allows needs not be asked.
    const isAllowed = granted(action) && ask(stack, { principal, action, resource, context: { ...context, ...secure } }, identity).decision === "allow";
    if (isAllowed) allowed.push(probe);
    if (isAllowed !== isDeclared(probe)) (isAllowed ? extra : missing).push(`${action} on ${resource} ${part}`.trimEnd());
  }
  return { role, asked: probes.length, extra, missing, allowed };
}
