/** A stack's policies as the evaluator sees them: who there is, what there is, and which policies meet where. */
import type { Deployment } from "../../core/deployment.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Topology } from "../../core/topology.ts";
import type { Environment } from "../../synth/index.ts";
import { evaluate } from "../iam/evaluate.ts";
import { parsePolicy } from "../iam/parse.ts";
import type { Answer, Policy, PolicyKind, Principal, Request } from "../iam/types.ts";

export interface PolicyStack {
  readonly topology: Topology;
  readonly deployment: Deployment;
  readonly environment: Environment;
  /** Every policy, by the name of its file. */
  readonly policies: ReadonlyMap<string, Policy>;
  /** Names of all roles. */
  readonly roles: readonly string[];
}

const kinds: Readonly<Record<string, PolicyKind>> = { role: "identity", trust: "trust", boundary: "boundary" };

/** `documents`: policies as parsed JSON, by the name of their file without its end. Throws `IAM_POLICY_INVALID`. */
export function policyStack(
  { topology, deployment, environment }: Pick<PolicyStack, "topology" | "deployment" | "environment">,
  documents: ReadonlyMap<string, unknown>,
): PolicyStack {
  const policies = new Map([...documents].map(([name, document]) => [name, parsePolicy(kinds[/^\w+/.exec(name)?.[0] ?? ""] ?? "resource", name, document)]));
  const roles = [...policies.keys()].filter((name) => name.startsWith("role.")).map((name) => name.slice("role.".length));
  return { topology, deployment, environment, policies, roles };
}

/** The session in which a role's function asks. */
export function sessionOf({ environment }: Pick<PolicyStack, "environment">, role: string): Principal {
  return { type: "session", roleArn: `arn:aws:iam::${environment.account}:role/${role}`, sessionName: "run" };
}

/** What is decided in `stack` when a principal with that policy asks; a role is bounded where `boundary` says so. */
export function ask(stack: PolicyStack, request: Request, identity: Policy | undefined, boundary?: Policy): Answer {
  const resource = policyOn(stack, request);
  const owned = /^(?:\*|arn:[^:]*:[^:]*:[^:]*::.*)$/.test(request.resource) ? { ...request, resourceAccount: stack.environment.account } : request;
  return evaluate(owned, {
    ...(identity === undefined ? {} : { identity: [identity] }),
    ...(boundary === undefined ? {} : { boundary }),
    ...(resource === undefined ? {} : { resource }),
  });
}

export function rolePolicy(stack: PolicyStack, role: string): Policy {
  return policyOf(stack, `role.${role}`);
}

export function policyOf({ policies }: PolicyStack, name: string): Policy {
  const policy = policies.get(name);
  if (policy === undefined) throw new PulseQueueError("INTERNAL", `There is no policy ${name}`);
  return policy;
}

/** The policy of the resource itself. A table's is also that of its indexes, and a stream has its own, which is not synthesized. */
function policyOn({ policies }: PolicyStack, { resource, action }: Request): Policy | undefined {
  const [, , service, , , ...rest] = resource.split(":");
  const name = rest.join(":");
  if (service === "sqs") return policies.get(`queue.${name}`);
  if (service === "kms") return policies.get("key");
  if (service === "events" && name.startsWith("event-bus/")) return policies.get("bus");
  if (service === "dynamodb") return name.includes("/stream/") ? undefined : policies.get(`table.${name.split("/")[1] ?? ""}`);
  return service === "iam" && action.startsWith("sts:") ? policies.get(`trust.${name.slice("role/".length)}`) : undefined;
}
