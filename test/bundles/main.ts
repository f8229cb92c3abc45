/** `npm run check:bundles`: builds functions as `pulsequeue build` does and runs them under AWS's own runtime client. */
import { deepEqual } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import orders from "../../examples/order-pipeline/app.ts";
import { behaviours, starts, type Check } from "./checks.ts";
import parcels from "./parcels.ts";
import { runtimeClient } from "./runtime-client.ts";
import { environment, openWorld, type Built, type World } from "./world.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** AWS clients of each kind of function: no other may be in its bundle. */
const clients: Readonly<Record<string, string>> = {
  handler: "dynamodb sqs",
  endpoint: "dynamodb lambda sqs",
  api: "cloudwatch dynamodb lambda sqs",
  relay: "dynamodb eventbridge scheduler sqs",
  ticker: "dynamodb",
};
/** What only a developer's machine has. */
const development = ["better-sqlite3", "vitest", "commander", "esbuild", "node_modules", root];

function build(app: string, out: string): Built {
  const args = ["--conditions=source", "--import", "tsx", "src/cli/main.ts", "build", "--env", environment, "--app", app, "--out", out, "--json"];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 })) as Built;
}

function ofBuilds(first: Built, second: Built): readonly Check[] {
  return [
    {
      name: "two builds are equal byte by byte, and every bundle is within its budget",
      run() {
        deepEqual(
          first.bundles.map(({ hash }) => hash),
          second.bundles.map(({ hash }) => hash),
        );
        deepEqual(first.over, []);
      },
    },
    {
      name: "every bundle holds the AWS clients that it uses and no others, and nothing of a developer's machine",
      run() {
        for (const { name, kind, clients: held } of first.bundles) {
          const more = name.endsWith("payment-webhook") ? ["secrets-manager"] : [];
          deepEqual([name, held], [name, [...(clients[kind] ?? "").split(" "), ...more].sort()]);
          const files = unzipSync(readFileSync(join(first.folder, `${name}.zip`)));
          const code = Buffer.from(files["index.mjs"] ?? []).toString();
          deepEqual([name, Object.keys(files), development.filter((text) => code.includes(text))], [name, ["index.mjs"], []]);
        }
        deepEqual(
          readdirSync(first.folder).filter((file) => !/\.(?:zip|map)$/.test(file)),
          [],
        );
      },
    },
  ];
}

async function runAll(checks: readonly Check[]): Promise<number> {
  let failed = 0;
  for (const { name, run } of checks) {
    const reason = await Promise.resolve()
      .then(run)
      .then(
        () => undefined,
        (thrown: unknown) => (thrown instanceof Error ? thrown.message : "an error that is none"),
      );
    if (reason !== undefined) failed += 1;
    process.stdout.write(reason === undefined ? `ok      ${name}\n` : `FAILED  ${name}: ${reason}\n`);
  }
  return failed;
}

async function main(client: string, folder: string): Promise<void> {
  const [first, second] = [build("examples/order-pipeline/app.ts", join(folder, "first")), build("examples/order-pipeline/app.ts", join(folder, "second"))];
  const small = build("test/bundles/parcels.ts", join(folder, "small"));
  const worlds: World[] = [];
  const open = async (...given: Parameters<typeof openWorld>): Promise<World> => {
    const world = await openWorld(...given);
    worlds.push(world);
    return world;
  };
  try {
    const names = first.bundles.map(({ name }) => name);
    const checks = [...ofBuilds(first, second), ...starts(await open(orders, first, client), names), ...behaviours(await open(parcels, small, client))];
    const failed = await runAll(checks);
    process.stdout.write(`${String(checks.length - failed)} passed, ${String(failed)} failed\n`);
    process.exitCode = failed === 0 ? 0 : 1;
  } finally {
    for (const world of worlds) await world.close();
  }
}

function clientOrReason(): { readonly client: string } | { readonly reason: string } {
  try {
    return { client: runtimeClient() };
  } catch (thrown) {
    return { reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

const found = clientOrReason();
if ("reason" in found) {
  process.stdout.write(`SKIPPED, built functions under AWS's runtime client: ${found.reason}\n1 skipped\n`);
} else {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-built-"));
  try {
    await main(found.client, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
