/** Both evaluators on the same random cases, and what must stay true when a policy changes a little. */
import { evaluate } from "../../src/audit/iam/evaluate.ts";
import { parsePolicy } from "../../src/audit/iam/parse.ts";
import { seededRandom } from "../../src/testing/random.ts";
import type { Answer, Policies, Request } from "../../src/audit/iam/types.ts";
import { randomCase, type Case } from "./generate.ts";
import { naiveEvaluate, type RawPolicies, type RawPolicy } from "./naive.ts";

/** The evaluator under test: the real one, or one with a fault in it. */
export interface Subject {
  readonly evaluate: typeof evaluate;
  readonly parsePolicy: typeof parsePolicy;
}
export const real: Subject = { evaluate, parsePolicy };

export function decide({ evaluate: judge, parsePolicy: parse }: Subject, request: Request, raw: RawPolicies): Answer {
  const kind = request.action.toLowerCase().startsWith("sts:assumerole") ? "trust" : "resource";
  const policies: Policies = {
    ...(raw.identity === undefined ? {} : { identity: raw.identity.map((policy, index) => parse("identity", `identity ${index}`, policy)) }),
    ...(raw.boundary === undefined ? {} : { boundary: parse("boundary", "boundary", raw.boundary) }),
    ...(raw.session === undefined ? {} : { session: parse("session", "session", raw.session) }),
    ...(raw.scps === undefined ? {} : { scps: raw.scps.map((level) => level.map((policy, index) => parse("scp", `scp ${index}`, policy))) }),
    ...(raw.rcps === undefined ? {} : { rcps: raw.rcps.map((level) => level.map((policy, index) => parse("rcp", `rcp ${index}`, policy))) }),
    ...(raw.resource === undefined ? {} : { resource: parse(kind, kind, raw.resource) }),
  };
  return judge(request, policies);
}

export interface Comparison {
  readonly cases: number;
  readonly decisions: Readonly<Record<Answer["decision"], number>>;
  /** The first difference: its seed gives the case again. */
  readonly difference: { readonly seed: number; readonly text: string } | undefined;
}

export interface CompareOptions {
  readonly cases: number;
  readonly from: number;
  readonly onCase?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** Ends at the first difference. */
export function compare(subject: Subject, { cases, from, onCase, signal }: CompareOptions): Comparison {
  const decisions = { allow: 0, "explicit-deny": 0, "implicit-deny": 0 };
  for (let done = 0; done < cases && signal?.aborted !== true; done += 1) {
    const seed = from + done;
    const text = differenceAt(subject, randomCase(seededRandom(seed)), decisions);
    if (text !== undefined) return { cases: done + 1, decisions, difference: { seed, text } };
    onCase?.(done + 1);
  }
  return { cases: decisions.allow + decisions["explicit-deny"] + decisions["implicit-deny"], decisions, difference: undefined };
}

function differenceAt(subject: Subject, one: Case, decisions: Record<Answer["decision"], number>): string | undefined {
  const wanted = naiveEvaluate(one.request, one.policies);
  try {
    const { decision, reasons } = decide(subject, one.request, one.policies);
    decisions[decision] += 1;
    if (decision !== wanted) return `${decision}, the naive evaluator says ${wanted}: ${JSON.stringify(one)}`;
    if (reasons.length === 0) return `no reason is given for ${decision}: ${JSON.stringify(one)}`;
    return undefined;
  } catch (thrown) {
    return `${String(thrown)}: ${JSON.stringify(one)}`;
  }
}

/** The policies with one statement more in the policy of each kind, one at a time. */
export function withDeny(policies: RawPolicies): readonly RawPolicies[] {
  const deny = { Effect: "Deny", Action: ["*"], Resource: ["*"] } as const;
  const add = (policy: RawPolicy): RawPolicy => ({ ...policy, Statement: [...policy.Statement, deny] });
  return [
    ...(policies.identity === undefined ? [] : [{ ...policies, identity: policies.identity.map(add) }]),
    ...(policies.boundary === undefined ? [] : [{ ...policies, boundary: add(policies.boundary) }]),
    ...(policies.session === undefined ? [] : [{ ...policies, session: add(policies.session) }]),
    ...(policies.scps === undefined ? [] : [{ ...policies, scps: policies.scps.map((level) => level.map(add)) }]),
  ];
}

/** The policies without one of their `Allow` statements, for each of them. */
export function withoutAllow(policies: RawPolicies): readonly RawPolicies[] {
  const less = (policy: RawPolicy): readonly RawPolicy[] =>
    policy.Statement.filter(({ Effect }) => Effect === "Allow")
      .map((gone) => ({ ...policy, Statement: policy.Statement.filter((statement) => statement !== gone) }))
      .filter(({ Statement }) => Statement.length > 0);
  return [
    ...(policies.identity ?? []).flatMap((policy, at) =>
      less(policy).map((one) => ({ ...policies, identity: (policies.identity ?? []).map((other, index) => (index === at ? one : other)) })),
    ),
    ...(policies.boundary === undefined ? [] : less(policies.boundary).map((boundary) => ({ ...policies, boundary }))),
    ...(policies.resource === undefined ? [] : less(policies.resource).map((resource) => ({ ...policies, resource }))),
  ];
}
