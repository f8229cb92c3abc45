/** The order pipeline's stacks as the evaluator sees them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import orders from "../../examples/order-pipeline/app.ts";
import { policyStack, type PolicyStack } from "../../src/audit/permissions/policies.ts";
import { deploymentOf } from "../../src/core/deployment.ts";
import type { Topology } from "../../src/core/topology.ts";
import { infrastructureOf, parseEnvironment, type Environment } from "../../src/synth/index.ts";
import { projectRoot } from "../support/tree.ts";

export type Stack = PolicyStack;

export function stackOf(topology: Topology, environment: Environment): Stack {
  // As the files hold them, not as the program does.
  const written = [...infrastructureOf(topology, environment).policies].map(
    ([name, document]) => [name, JSON.parse(JSON.stringify(document)) as unknown] as const,
  );
  return policyStack({ topology, environment, deployment: deploymentOf(topology, environment.environment) }, new Map(written));
}

/** The order pipeline's stack of that name, with other values where some are given. */
export function loadStack(name: string, changed: Partial<Environment> = {}): Stack {
  const values = JSON.parse(readFileSync(join(projectRoot, "infra/stacks", name, "environment.json"), "utf8")) as Readonly<Record<string, unknown>>;
  return stackOf(orders.topology, parseEnvironment({ ...values, ...changed }));
}
