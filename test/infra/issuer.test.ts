/** Who verifies tokens is told whose: the door does it by itself, behind API Gateway too. */
import { parse } from "@cdktn/hcl2json";
import { join } from "node:path";
import { expect, it } from "vitest";
import orders from "../../examples/order-pipeline/app.ts";
import { openModules, stackInfra } from "../../src/audit/infra/index.ts";
import { deploymentOf } from "../../src/core/deployment.ts";
import { projectRoot } from "../support/tree.ts";

const folder = join(projectRoot, "infra");

it("the functions behind the API, and no others, have issuer, audience and keys of their environment", async () => {
  const files = await openModules(folder, parse);
  const environment = "staging";
  const told = new Map<string, unknown>();
  for (const { type, values } of stackInfra(files, folder, environment).resources) {
    if (type !== "aws_lambda_function") continue;
    const [block] = values["environment"] as readonly { readonly variables: Readonly<Record<string, unknown>> }[];
    const name = values["function_name"];
    const { PULSEQUEUE_ENVIRONMENT: _environment, PULSEQUEUE_ACCOUNT: _account, ...more } = block?.variables ?? {};
    if (Object.keys(more).length > 0) told.set(typeof name === "string" ? name : "", more);
  }
  const { endpoints, api } = deploymentOf(orders.topology, environment);
  expect([...told.keys()].sort()).toEqual([...endpoints.values(), api].sort());
  for (const variables of told.values())
    expect(variables).toEqual({
      PULSEQUEUE_JWT_ISSUER: "https://id.example.com/staging",
      PULSEQUEUE_JWT_AUDIENCE: "orders",
      PULSEQUEUE_JWT_KEYS: "https://id.example.com/staging/keys",
    });
});
