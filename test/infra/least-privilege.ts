/**
 * What the functions of the AWS engine really do, against what policies allow: both ways. Each request that the simulated AWS saw is
 * decided by the evaluator, on the policies that were synthesized for the very app that sent it; what decided is what was used.
 */
import { ask, sessionOf } from "../../src/audit/permissions/policies.ts";
import type { Policy, Principal } from "../../src/audit/iam/types.ts";
import { environmentOf } from "../../src/testing/aws/simulate-on.ts";
import type { Call } from "../../src/testing/aws/service/service.ts";
import { testEnvironment, type Witness } from "../aws/life.ts";
import { stackOf, type Stack } from "./stack.ts";

/** `handler Emit dynamodb:PutItem`: of what kind the policy's owner is, which of its statements, which action. */
export type Grant = string;

export interface Ledger {
  readonly granted: Set<Grant>;
  readonly used: Set<Grant>;
  /** Requests that the policies do not allow, each with the reason. */
  readonly denied: Set<string>;
}

export function openLedger(): Ledger {
  return { granted: new Set(), used: new Set(), denied: new Set() };
}

/** Who asks where no function does: someone at the operations API. */
const outside = "";

/** Kinds of policies by their names. A boundary has none, since it grants nothing; bus and tables only refuse. */
function kindsOf({ deployment, policies }: Stack): ReadonlyMap<string, string> {
  const { handlers, endpoints, api, relay, ticker } = deployment;
  return new Map([
    ...[...handlers.values()].flatMap(({ function: name, queue, deadLetterQueue }) => [
      [`role.${name}`, "handler"] as const,
      [`queue.${queue}`, "queue"] as const,
      [`queue.${deadLetterQueue}`, "dead-letter-queue"] as const,
    ]),
    ...[...endpoints.values()].map((name) => [`role.${name}`, "endpoint"] as const),
    ...Object.entries({ api, relay, ticker, scheduler: `${deployment.prefix}-pq-scheduler` }).map(([kind, name]) => [`role.${name}`, kind] as const),
    ["key", "key"] as const,
    ...[...policies.keys()].filter((name) => name.startsWith("trust.")).map((name) => [name, "trust"] as const),
  ]);
}

function grantsOf(kind: string, { statements }: Policy): readonly Grant[] {
  return statements
    .filter(({ effect }) => effect === "Allow")
    .flatMap(({ sid = "", actions }) => actions.items.map((action) => `${kind} ${sid} ${actions.not ? "all but " : ""}${action}`));
}

interface Place {
  readonly stack: Stack;
  readonly kinds: ReadonlyMap<string, string>;
  /** What was decided already, by the question. */
  readonly decided: Set<string>;
}

/** Someone who writes what one AWS grants and what is used of it into the ledger. `planted`: policies with a fault. */
export function witnessOf(ledger: Ledger, planted: (stack: Stack) => Stack = (stack) => stack): Witness {
  let place: Place | undefined;
  return {
    deployed(app, parameters) {
      const stack = planted(stackOf(app.topology, environmentOf(testEnvironment, app.topology, parameters)));
      const kinds = kindsOf(stack);
      place = { stack, kinds, decided: new Set() };
      for (const [name, policy] of stack.policies) {
        const kind = kinds.get(name);
        if (kind !== undefined) for (const grant of grantsOf(kind, policy)) ledger.granted.add(grant);
      }
    },
    record(call) {
      if (place !== undefined) decide(ledger, call, place);
    },
  };
}

function decide({ used, denied }: Ledger, call: Call, { stack, kinds, decided }: Place): void {
  const asks = askerOf(stack, call.function);
  // A function that the app no longer has may still run.
  if (asks === undefined) return;
  for (const { action, resource, context } of call.accesses) {
    const question = JSON.stringify([call.function, action, resource, context]);
    if (decided.has(question)) continue;
    decided.add(question);
    const request = { principal: asks.principal, action, resource, context: { "aws:SecureTransport": "true", ...context } };
    const { decision, reasons } = ask(stack, request, asks.identity, asks.identity === undefined ? undefined : stack.policies.get("boundary"));
    if (decision !== "allow")
      denied.add(`${asks.name}: ${action} on ${resource} ${JSON.stringify(context ?? {})}: ${reasons.map(({ text }) => text).join("; ")}`);
    else
      for (const { policy, sid = "" } of reasons) {
        const kind = kinds.get(policy);
        if (kind !== undefined) used.add(`${kind} ${sid} ${action}`);
      }
  }
}

interface Asker {
  readonly name: string;
  readonly principal: Principal;
  /** `undefined`: a service, which has none. */
  readonly identity: Policy | undefined;
}

function askerOf(stack: Stack, caller: string): Asker | undefined {
  if (caller.endsWith(".amazonaws.com")) return { name: caller, principal: { type: "service", name: caller }, identity: undefined };
  const name = caller === outside ? stack.deployment.api : caller;
  const identity = stack.policies.get(`role.${name}`);
  return identity === undefined ? undefined : { name, principal: sessionOf(stack, name), identity };
}

export interface Verdict {
  /** Grants that the engine must use. */
  readonly needed: readonly Grant[];
  readonly unused: readonly Grant[];
  readonly ungranted: readonly string[];
  /** Of what AWS asks for: said, but not granted, or used by the engine itself. */
  readonly misplaced: readonly string[];
}

export function verdictOf({ granted, used, denied }: Ledger, byAws: ReadonlyMap<Grant, string>): Verdict {
  const needed = [...granted].filter((grant) => !byAws.has(grant)).sort();
  return {
    needed,
    unused: needed.filter((grant) => !used.has(grant)),
    ungranted: [...denied].sort(),
    misplaced: [...byAws.keys()].flatMap((grant) => (!granted.has(grant) ? [`${grant} is not granted`] : used.has(grant) ? [`${grant} is used`] : [])),
  };
}
