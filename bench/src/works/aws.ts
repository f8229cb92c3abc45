/** What a function on AWS costs, beside the same work done by hand with Powertools. AWS answers at once here: what remains is our time. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as Dynamo from "@aws-sdk/client-dynamodb";
import type { Context, SQSRecord } from "aws-lambda";
import { openAws, relayEntry, type SqsRecord } from "pulsequeue/aws";
import { handlerFunction } from "pulsequeue/lambda";
import app, { amounts, orderPlaced } from "../aws/app.ts";
import { fakeAws, type FakeAws } from "../aws/fakes.ts";
import { noteFunction } from "../aws/powertools.ts";
import { CheckFailed } from "../check.ts";
import type { Figures, MeasureOptions } from "../measurement.ts";
import { median } from "../statistics.ts";

const root = new URL("../../../", import.meta.url);
/** The module of the clients that PulseQueue itself has: this folder has another copy. */
const { DynamoDBClient } = createRequire(root)("@aws-sdk/client-dynamodb") as typeof Dynamo;

const place = { environment: "bench", account: "123456789012", region: "eu-central-1" } as const;
const batchSize = 10;
const warmUpEvents = 2_000;
const starts = 15;

/** One function, as it is built. */
interface Built {
  readonly bytes: number;
  readonly zip: Uint8Array;
}
type BundleOf = (entry: { readonly name: string; readonly kind: "handler"; readonly source: string }, appPath: string) => Promise<Built>;

const sources = {
  pulsequeue: `import { handlerFunction } from "pulsequeue/lambda"; import app from "./app.js"; export const handler = handlerFunction(app, "note");`,
  powertools: `export { handler } from "./powertools.js";`,
  empty: {
    pulsequeue: `import { DynamoDBClient } from "@aws-sdk/client-dynamodb"; import { SQSClient } from "@aws-sdk/client-sqs";
      new DynamoDBClient(); new SQSClient(); export const handler = async () => undefined;`,
    powertools: `import { DynamoDBClient } from "@aws-sdk/client-dynamodb"; new DynamoDBClient(); export const handler = async () => undefined;`,
  },
} as const;

type Side = "pulsequeue" | "powertools";

export async function onAws(side: Side, { place: { directory }, jobs }: MeasureOptions): Promise<Figures> {
  Object.assign(process.env, { PULSEQUEUE_ENVIRONMENT: place.environment, PULSEQUEUE_ACCOUNT: place.account, AWS_REGION: place.region });
  const costs = side === "pulsequeue" ? await ourCosts(jobs) : await theirCosts(jobs);
  return { ...costs, ...(await size(side, directory)) };
}

/** Bytes of the function, and how much longer than an empty one with the same clients it takes to start. */
async function size(side: Side, directory: string): Promise<Figures> {
  const { bundleOf } = (await import(new URL("dist/cli/build/bundle.js", root).href)) as { readonly bundleOf: BundleOf };
  const appPath = fileURLToPath(new URL("../aws/app.js", import.meta.url));
  const bundle = (name: string, source: string): Promise<Built> => bundleOf({ name, kind: "handler", source }, appPath);
  const [full, empty] = [await bundle("full", sources[side]), await bundle("empty", sources.empty[side])];
  const folder = join(directory, "functions");
  mkdirSync(folder);
  for (const [name, { zip }] of Object.entries({ full, empty })) writeFileSync(join(folder, `${name}.zip`), zip);
  const args = ["--conditions=source", "--import", "tsx", "test/bundles/start-times.ts", folder, String(starts)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: fileURLToPath(root), encoding: "utf8", env: { PATH: process.env["PATH"] } });
  if (status !== 0) throw new Error(`functions could not be started: ${stderr.trim().split("\n").slice(-6).join(" ")}`);
  const took = JSON.parse(stdout) as Readonly<Record<"full" | "empty", readonly number[]>>;
  return { bundleKb: full.bytes / 1_000, startMs: median(took.full), emptyStartMs: median(took.empty) };
}

/** From publishing over the relay to the function of the handler, with its log and metrics as on Lambda. */
async function ourCosts(jobs: number): Promise<Figures> {
  const aws = fakeAws();
  const queue = await openAws(app, { ...place, clients: { dynamodb: aws, sqs: aws, lambda: aws } as never });
  const events = jobs + warmUpEvents;
  for (let start = 0; start < events; start += 1_000) await queue.publishMany(orderPlaced, orders(start, Math.min(events, start + 1_000)));
  await queue.close();
  const relay = relayEntry(app, { ...place, dynamodb: aws, sqs: aws, events: aws, scheduler: aws } as never);
  const journal = aws.items.get("bench-bench-pq-journal") ?? [];
  const records = journal.map((NewImage, index) => ({ eventName: "INSERT" as const, dynamodb: { SequenceNumber: String(index), NewImage } }));
  for (let start = 0; start < records.length; start += 100) await relay({ Records: records.slice(start, start + 100) });
  const entries = aws.messages.length;
  DynamoDBClient.prototype.send = aws.send as never;
  const note = handlerFunction(app, "note");
  const took = await quietly(() => timed(aws, events, (Records) => note({ Records }, context)));
  checkOnce(aws, "bench-bench-amounts", events);
  return { ...took, busEntriesPerEvent: entries / events };
}

/** From the same messages. */
async function theirCosts(jobs: number): Promise<Figures> {
  const aws = fakeAws();
  const events = jobs + warmUpEvents;
  for (const [index, data] of orders(0, events).entries())
    aws.messages.push(JSON.stringify({ version: "0", "detail-type": orderPlaced.name, detail: { event: { id: `e-${String(index)}`, data } } }));
  const note = noteFunction(Object.assign(new DynamoDBClient(), { send: aws.send }) as never);
  const took = await quietly(() => timed(aws, events, (Records) => note({ Records: Records as SQSRecord[] }, context as unknown as Context)));
  checkOnce(aws, amounts.name, events);
  return { ...took, busEntriesPerEvent: 1 }; // by whoever publishes
}

const context = { awsRequestId: "1", functionName: "note", functionVersion: "1", getRemainingTimeInMillis: () => 60_000 };

/** Time of the processor, since nothing here waits: what else runs on this machine has no part in it. */
async function timed(
  aws: FakeAws,
  events: number,
  run: (records: readonly SqsRecord[]) => Promise<{ readonly batchItemFailures: readonly unknown[] }>,
): Promise<Figures> {
  let begun = process.cpuUsage();
  let requests = 0;
  for (let start = 0; start < events; start += batchSize) {
    if (start === warmUpEvents) [begun, requests] = [process.cpuUsage(), aws.dynamodbRequests];
    const records = aws.messages.slice(start, start + batchSize).map((body, index): SqsRecord => {
      const id = String(start + index);
      return { messageId: id, receiptHandle: id, body, attributes: { ApproximateReceiveCount: "1" } };
    });
    const { batchItemFailures } = await run(records);
    if (batchItemFailures.length > 0) throw new CheckFailed(`${String(batchItemFailures.length)} events of a batch were not handled`);
  }
  const measured = events - warmUpEvents;
  const { user, system } = process.cpuUsage(begun);
  return { msPerEvent: (user + system) / 1_000 / measured, requestsPerEvent: (aws.dynamodbRequests - requests) / measured };
}

/** The log of a function is its output, which is not what the bench says. */
async function quietly<Result>(run: () => Promise<Result>): Promise<Result> {
  const write = process.stdout.write;
  process.stdout.write = () => true;
  try {
    return await run();
  } finally {
    process.stdout.write = write;
  }
}

function orders(from: number, to: number): { orderId: string; customerId: string; amount: number; note: string }[] {
  return Array.from({ length: to - from }, (_, index) => ({
    orderId: `order-${String(from + index)}`,
    customerId: `customer-${String((from + index) % 97)}`,
    amount: index,
    note: "leave it at the door, the bell does not work",
  }));
}

function checkOnce(aws: FakeAws, table: string, events: number): void {
  const rows = aws.items.get(table) ?? [];
  if (rows.length !== events) throw new CheckFailed(`${String(rows.length)} rows were written, ${String(events)} are due`);
}
