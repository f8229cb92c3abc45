/** A synthesized stack as the evaluator sees it: who there is, what there is, and which policies meet where. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PulseQueueError } from "pulsequeue";
import orders from "../../examples/order-pipeline/app.ts";
import { evaluate } from "../../src/audit/iam/evaluate.ts";
import { parsePolicy } from "../../src/audit/iam/parse.ts";
import type { Answer, Policy, PolicyKind, Principal, Request } from "../../src/audit/iam/types.ts";
import { deploymentOf, type Deployment } from "../../src/core/deployment.ts";
import type { Topology } from "../../src/core/topology.ts";
import { infrastructureOf, parseEnvironment, type Environment } from "../../src/synth/index.ts";
import { projectRoot } from "../support/tree.ts";

export interface Stack {
  readonly topology: Topology;
  readonly deployment: Deployment;
  readonly environment: Environment;
  /** Every policy, by the name of its file. */
  readonly policies: ReadonlyMap<string, Policy>;
  /** Names of all roles. */
  readonly roles: readonly string[];
}

const kinds: Readonly<Record<string, PolicyKind>> = { role: "identity", trust: "trust", boundary: "boundary" };

export function stackOf(topology: Topology, environment: Environment): Stack {
  const policies = new Map<string, Policy>();
  for (const [name, document] of infrastructureOf(topology, environment).policies) {
    // As the file holds it, not as the program does.
    const written: unknown = JSON.parse(JSON.stringify(document));
    policies.set(name, parsePolicy(kinds[/^\w+/.exec(name)?.[0] ?? ""] ?? "resource", name, written));
  }
  const roles = [...policies.keys()].filter((name) => name.startsWith("role.")).map((name) => name.slice("role.".length));
  return { topology, deployment: deploymentOf(topology, environment.environment), environment, policies, roles };
}

/** The order pipeline's stack of that name, with other values where some are given. */
export function loadStack(name: string, changed: Partial<Environment> = {}): Stack {
  const values = JSON.parse(readFileSync(join(projectRoot, "infra/stacks", name, "environment.json"), "utf8")) as Readonly<Record<string, unknown>>;
  return stackOf(orders.topology, parseEnvironment({ ...values, ...changed }));
}

/** The session in which a role's function asks. */
export function sessionOf({ environment }: Stack, role: string): Principal {
  return { type: "session", roleArn: `arn:aws:iam::${environment.account}:role/${role}`, sessionName: "run" };
}

/** What is decided in `stack` when a principal with that policy asks; a role is bounded where `boundary` says so. */
export function ask(stack: Stack, request: Request, identity: Policy | undefined, boundary?: Policy): Answer {
  const resource = policyOn(stack, request);
  const owned = /^(?:\*|arn:[^:]*:[^:]*:[^:]*::.*)$/.test(request.resource) ? { ...request, resourceAccount: stack.environment.account } : request;
  return evaluate(owned, {
    ...(identity === undefined ? {} : { identity: [identity] }),
    ...(boundary === undefined ? {} : { boundary }),
    ...(resource === undefined ? {} : { resource }),
  });
}

export function rolePolicy(stack: Stack, role: string): Policy {
  return policyOf(stack, `role.${role}`);
}

export function policyOf({ policies }: Stack, name: string): Policy {
  const policy = policies.get(name);
  if (policy === undefined) throw new PulseQueueError("INTERNAL", `There is no policy ${name}`);
  return policy;
}

/** The policy of the resource itself. A table's is also that of its indexes, and a stream has its own, which is not synthesized. */
function policyOn({ policies }: Stack, { resource, action }: Request): Policy | undefined {
  const [, , service, , , ...rest] = resource.split(":");
  const name = rest.join(":");
  if (service === "sqs") return policies.get(`queue.${name}`);
  if (service === "kms") return policies.get("key");
  if (service === "events" && name.startsWith("event-bus/")) return policies.get("bus");
  if (service === "dynamodb") return name.includes("/stream/") ? undefined : policies.get(`table.${name.split("/")[1] ?? ""}`);
  return service === "iam" && action.startsWith("sts:") ? policies.get(`trust.${name.slice("role/".length)}`) : undefined;
}
