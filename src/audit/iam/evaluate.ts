/**
 * Decides requests as AWS does:
 *
 * 1. A `Deny` that applies, in any policy, denies.
 * 2. Each level of control policies must allow: service control policies for users and roles, resource control policies for the
 *    resources of the services that they reach.
 * 3. Within one account the identity's policies allow, or the resource's policy does. What the latter gives to a role is still
 *    bounded by the permissions boundary and the session policy; what it gives to a user, a session or everybody is not.
 * 4. Keys and roles are ruled by their own policy: it must name the principal, or its account, and then the identity's policies decide.
 * 5. Across accounts both sides must allow. A service and an identity provider have no policies: the resource's decides alone.
 *
 * Where AWS does not say what happens, the reading that lets in more is taken: an audit should rather find too much.
 */
import { holds, lookupIn } from "./conditions.ts";
import { fits, globOf, resolve, variablesOf } from "./pattern.ts";
import { namingOf, type Naming } from "./principals.ts";
import { checkRequest, type CheckedRequest } from "./request.ts";
import type { Answer, Policies, Policy, PolicyKind, Reason, Request, Statement } from "./types.ts";

/** Throws `IAM_REQUEST_INVALID` where the question makes no sense; policies are refused by `parsePolicy`. */
export function evaluate(request: Request, policies: Policies): Answer {
  const checked = checkRequest(request);
  const denials = applicable(checked, policies).flatMap((policy) => reasonsOf(policy, "Deny", checked));
  if (denials.length > 0) return { decision: "explicit-deny", reasons: denials };
  const outcomes = [...controls(checked, policies), grant(checked, policies)];
  const missing = outcomes.filter((outcome) => !outcome.allowed);
  const reasons = (missing.length > 0 ? missing : outcomes).flatMap((outcome) => outcome.reasons);
  return { decision: missing.length > 0 ? "implicit-deny" : "allow", reasons };
}

interface Outcome {
  readonly allowed: boolean;
  readonly reasons: readonly Reason[];
}

/** Whether service control policies, boundaries and identity policies exist for the principal at all. */
function hasIdentity(request: CheckedRequest): boolean {
  return request.principalAccount !== undefined;
}

function applicable(request: CheckedRequest, policies: Policies): readonly Policy[] {
  const { identity = [], boundary, session, scps = [], rcps = [], resource } = policies;
  const ofPrincipal = hasIdentity(request) ? [...identity, ...listed(boundary), ...listed(session), ...scps.flat()] : [];
  return [...ofPrincipal, ...(request.action.controlled ? rcps.flat() : []), ...listed(resource)];
}

function controls(request: CheckedRequest, { scps = [], rcps = [] }: Policies): readonly Outcome[] {
  const levels = (kind: PolicyKind, all: readonly (readonly Policy[])[]): readonly Outcome[] =>
    all.map((level, index) => allowedBy(level, kind, `level ${String(index)} of the control policies (${kind}) allows it`, request));
  return [...(hasIdentity(request) ? levels("scp", scps) : []), ...(request.action.controlled ? levels("rcp", rcps) : [])];
}

function grant(request: CheckedRequest, policies: Policies): Outcome {
  const own = identitySide(request, policies);
  const bounds = boundsOf(request, policies);
  const naming = (["itself", "role", "account"] as const).find((kind) => grantsTo(kind, request, policies.resource));
  const theirs = naming === undefined ? nothing("resource", "the resource's policy does not allow it") : allowing(policies.resource, request, naming);
  if (!hasIdentity(request)) return theirs;
  if (request.principalAccount !== request.resourceAccount) return all([own, theirs]);
  if (naming === "itself") return theirs;
  if (naming === "role") return all([theirs, ...bounds]);
  if (!ownPolicyRules(request)) return own;
  return naming === "account" ? all([own, theirs]) : theirs;
}

/** Keys of KMS and, as things to be assumed, roles: the account's identity policies mean nothing there before the resource's own policy lets them. */
function ownPolicyRules({ action }: CheckedRequest): boolean {
  return (action.name.startsWith("kms:") && action.needsResource) || action.name.startsWith("sts:AssumeRole");
}

function identitySide(request: CheckedRequest, policies: Policies): Outcome {
  return all([allowedBy(policies.identity ?? [], "identity", "an identity policy allows it", request), ...boundsOf(request, policies)]);
}

function boundsOf(request: CheckedRequest, { boundary, session }: Policies): readonly Outcome[] {
  return [...listed(boundary), ...listed(session)].map((policy) => allowedBy([policy], policy.kind, `the ${policy.kind} policy allows it`, request));
}

function all(outcomes: readonly Outcome[]): Outcome {
  const missing = outcomes.filter((outcome) => !outcome.allowed);
  return { allowed: missing.length === 0, reasons: (missing.length > 0 ? missing : outcomes).flatMap((outcome) => outcome.reasons) };
}

function nothing(kind: PolicyKind, text: string): Outcome {
  return { allowed: false, reasons: [{ policy: kind, kind, statement: undefined, sid: undefined, text }] };
}

function allowedBy(policies: readonly Policy[], kind: PolicyKind, claim: string, request: CheckedRequest): Outcome {
  const reasons = policies.flatMap((policy) => reasonsOf(policy, "Allow", request));
  return reasons.length > 0 ? { allowed: true, reasons } : nothing(kind, `no statement says that ${claim}`);
}

function grantsTo(naming: Naming, request: CheckedRequest, policy: Policy | undefined): boolean {
  return policy !== undefined && allowing(policy, request, naming).allowed;
}

function allowing(policy: Policy | undefined, request: CheckedRequest, naming: Naming): Outcome {
  const reasons = policy === undefined ? [] : reasonsOf(policy, "Allow", request, naming);
  return { allowed: reasons.length > 0, reasons };
}

function reasonsOf(policy: Policy, effect: Statement["effect"], request: CheckedRequest, naming?: Naming): readonly Reason[] {
  return policy.statements
    .filter((statement) => statement.effect === effect && applies(statement, request, naming))
    .map(({ index, sid }) => {
      const verb = effect === "Allow" ? "allows" : "denies";
      return {
        policy: policy.name,
        kind: policy.kind,
        statement: index,
        sid,
        text: `${policy.name}, statement ${sid ?? String(index)}, ${verb} ${request.action.name}`,
      };
    });
}

function applies(statement: Statement, request: CheckedRequest, naming: Naming | undefined): boolean {
  const { actions, principals, conditions } = statement;
  if (actions.items.some((pattern) => fits(globOf(pattern.toLowerCase()), request.action.name.toLowerCase())) === actions.not) return false;
  if (principals !== undefined) {
    const found = namingOf(principals, request.principal);
    if (found === undefined || (naming !== undefined && found !== naming)) return false;
  }
  return isResolved(statement, request) && coversResource(statement, request) && conditions.every((condition) => holds(condition, request.context));
}

/** A variable that has neither value nor default makes the whole statement void, as AWS warns. */
function isResolved({ resources, conditions }: Statement, { context }: CheckedRequest): boolean {
  const lookup = lookupIn(context);
  return [...(resources?.items ?? []), ...conditions.flatMap((condition) => condition.values)].every((pattern) =>
    variablesOf(pattern).variables.every(({ key, fallback }) => lookup(key) !== undefined || fallback !== undefined),
  );
}

/** Over the whole ARN: a `*` also passes colons. */
function coversResource({ resources }: Statement, { resource, context }: CheckedRequest): boolean {
  if (resources === undefined) return true;
  const covered = resources.items.some((pattern) => {
    const pieces = resolve(pattern, lookupIn(context));
    return pieces !== undefined && fits(pieces, resource);
  });
  return covered !== resources.not;
}

function listed(policy: Policy | undefined): readonly Policy[] {
  return policy === undefined ? [] : [policy];
}
