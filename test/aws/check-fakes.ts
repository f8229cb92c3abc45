// The behaviours that the fakes of AWS show in the tests, asked of moto's server by the SDK's own clients: what both show, both know from AWS.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Place } from "./behaviours/behaviour.ts";
import { dataPlane } from "./behaviours/index.ts";

/** How long the server may take to start, milliseconds. */
const patience = 60_000;
const total = Object.values(dataPlane).flat().length;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function start(port: number): Promise<ChildProcess> {
  const server = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  for (let waited = 0; waited < patience; waited += 100) {
    if (server.exitCode !== null) break;
    const answers = await fetch(`http://127.0.0.1:${String(port)}/moto-api/`).then(
      (response) => response.ok,
      () => false,
    );
    if (answers) return server;
    await setTimeout(100);
  }
  server.kill("SIGKILL");
  throw new Error("moto_server did not start");
}

function placeAt(endpoint: string): Place & { destroy(): void } {
  const options = { endpoint, region: "eu-central-1", credentials: { accessKeyId: "test", secretAccessKey: "test" }, maxAttempts: 1 };
  const clients = { dynamodb: new DynamoDBClient(options), sqs: new SQSClient(options) };
  let count = 0;
  return {
    ...clients,
    unique: (prefix) => `${prefix}-${String((count += 1))}`,
    wait: async (milliseconds) => {
      await setTimeout(milliseconds);
    },
    destroy: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

async function check(place: Place): Promise<void> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [service, behaviours] of Object.entries(dataPlane)) {
    for (const { name, run, motoDiffers } of behaviours) {
      const error = await run(place).then(
        () => undefined,
        (thrown: unknown) => (thrown instanceof Error ? thrown.message : "an error that is none"),
      );
      const verdict = error === undefined ? "ok     " : motoDiffers === undefined ? "FAILED " : "SKIPPED";
      counts[error === undefined ? "passed" : motoDiffers === undefined ? "failed" : "skipped"] += 1;
      const detail = error === undefined ? (motoDiffers === undefined ? "" : "; it was expected to differ, and does not") : `: ${motoDiffers ?? error}`;
      process.stdout.write(`${verdict} ${service}: ${name}${detail}\n`);
    }
  }
  process.stdout.write(`SKIPPED, since moto is known to differ from AWS: ${String(counts.skipped)}\n`);
  process.stdout.write(`${String(counts.passed)} passed, ${String(counts.failed)} failed\n`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

if (spawnSync("moto_server", ["--help"], { stdio: "ignore" }).status !== 0) {
  process.stdout.write(`SKIPPED, since moto_server is not on this machine's PATH: ${String(total)} behaviours\n0 passed, 0 failed\n`);
} else {
  const port = await freePort();
  const server = await start(port);
  const place = placeAt(`http://127.0.0.1:${String(port)}`);
  try {
    await check(place);
  } finally {
    place.destroy();
    server.kill("SIGTERM");
    if (server.exitCode === null) await once(server, "exit");
  }
}
