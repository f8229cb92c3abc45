/** `npm run e2e:aws`: deploys the order pipeline as it is built to an emulator of AWS that runs functions, and drives it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import orderApp from "../../examples/order-pipeline/app.ts";
import { deploymentOf, openAws, resourcesOf } from "../../src/engines/aws/index.ts";
import { infrastructureOf, parseEnvironment } from "../../src/synth/index.ts";
import { createIssuer } from "../support/issuer.ts";
import { createApi } from "./api.ts";
import { accountOf, clientsOf, close, deploy } from "./deploy.ts";
import { scenarios } from "./pipeline.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const secret = "whsec_e2e";

async function main(endpoint: string, folder: string): Promise<void> {
  const environment = parseEnvironment(JSON.parse(readFileSync(join(root, "infra/stacks/dev/environment.json"), "utf8")));
  const { region } = environment;
  process.env["AWS_REGION"] = region;
  const args = ["--conditions=source", "--import", "tsx", "src/cli/main.ts", "build", "--env", environment.environment];
  execFileSync(process.execPath, [...args, "--app", "examples/order-pipeline/app.ts", "--out", folder], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  const clients = clientsOf();
  const deployment = deploymentOf(orderApp.topology, environment.environment);
  const place = { account: await accountOf(clients, `${deployment.prefix}-e2e`), region, endpoint };
  const { variables } = infrastructureOf(orderApp.topology, environment);
  const issuer = await createIssuer();
  await deploy({ clients, variables, folder: join(folder, environment.environment), place, secret, issuer });
  const resources = resourcesOf(place);
  const api = await createApi({ variables, place, resources });
  const queue = await openAws(orderApp, { ...place, environment: environment.environment, clients, secrets: () => secret });
  let failed = 0;
  const all = scenarios({ clients, queue, deployment, resources, issuer, api, secret });
  for (const { name, run } of all) {
    const begun = performance.now();
    const wrong = await run().then(
      () => undefined,
      (thrown: unknown) => (thrown instanceof Error ? thrown.message : "an error that is none"),
    );
    if (wrong !== undefined) failed += 1;
    const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
    process.stdout.write(wrong === undefined ? `ok      ${name} (${seconds} s)\n` : `FAILED  ${name}: ${wrong} (${seconds} s)\n`);
  }
  await queue.close();
  close(clients);
  process.stdout.write(`${String(all.length - failed)} passed, ${String(failed)} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
if (endpoint === "") {
  process.stdout.write(
    "SKIPPED, the order pipeline on an emulator of AWS: AWS_ENDPOINT_URL names none. It must run functions behind HTTP APIs, and be empty.\n1 skipped\n",
  );
} else {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-e2e-"));
  try {
    await main(endpoint, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
