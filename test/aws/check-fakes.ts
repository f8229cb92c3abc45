// The behaviours that the fakes of AWS show in the tests, asked of moto's server by the SDK's own clients: what both show, both know from AWS.
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Place } from "./behaviours/behaviour.ts";
import { dataPlane } from "./behaviours/index.ts";
import { withMoto } from "./moto.ts";

const total = Object.values(dataPlane).flat().length;

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
  if (counts.skipped > 0) process.stdout.write(`${String(counts.skipped)} skipped\n`);
  process.stdout.write(`${String(counts.passed)} passed, ${String(counts.failed)} failed\n`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

const found = await withMoto(async (endpoint) => {
  const place = placeAt(endpoint);
  try {
    await check(place);
  } finally {
    place.destroy();
  }
  return true;
});
if (found === undefined)
  process.stdout.write(`SKIPPED, since moto_server is not on this machine's PATH: ${String(total)} behaviours\n${String(total)} skipped\n0 passed, 0 failed\n`);
