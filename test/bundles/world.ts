/** What the checks share: the built functions, AWS on loopback with the tables of the order pipeline, and events on their way. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SQSClient } from "@aws-sdk/client-sqs";
import { unzipSync } from "fflate";
import type { App } from "../../src/core/app.ts";
import { deploymentOf, type Deployment } from "../../src/core/deployment.ts";
import { openAws, type AwsQueue, type SqsRecord } from "../../src/engines/aws/index.ts";
import { readDelivery, type DeliveryRecord } from "../../src/engines/aws/items/deliveries.ts";
import { createTables } from "../aws/tables.ts";
import { createIssuer, type Issuer } from "../support/issuer.ts";
import { startFunction, type RunningFunction } from "./runtime-api.ts";
import { startServices, type Input, type Services } from "./services.ts";

export const environment = "dev";
export const webhookSecret = "whsec_bundles";
const account = "123456789012";
const region = "eu-central-1";

export interface Built {
  readonly folder: string;
  readonly over: readonly string[];
  readonly bundles: readonly {
    readonly name: string;
    readonly kind: string;
    readonly bytes: number;
    readonly hash: string;
    readonly clients: readonly string[];
  }[];
}

/** One start of one function: the name of its bundle and what it needs to reach AWS. */
export interface World {
  readonly app: App;
  readonly deployment: Deployment;
  readonly services: Services;
  readonly queue: AwsQueue;
  /** Whose tokens its functions take. */
  readonly issuer: Issuer;
  /** Starts a built function with nothing but its zip. `env`: variables besides those of its deployment; `undefined` takes one away. */
  start(name: string, env?: Readonly<Record<string, string | undefined>>): Promise<RunningFunction>;
  /** What the journal's stream holds since the last call, as the relay gets it. */
  streamed(): readonly object[];
  /** Messages that EventBridge makes of what was put on the bus since the last call, of these types. */
  delivered(...types: readonly string[]): readonly SqsRecord[];
  deliveries(): readonly DeliveryRecord[];
  close(): Promise<void>;
}

/** `client`: AWS's runtime client. */
export async function openWorld(app: App, built: Built, client: string): Promise<World> {
  const deployment = deploymentOf(app.topology, environment);
  const names = deployment.secrets;
  const services = await startServices(Object.fromEntries([...names.values()].map((name) => [name, webhookSecret])));
  createTables(services.aws, deployment, app.topology);
  const options = { endpoint: services.address, region, credentials: { accessKeyId: "test", secretAccessKey: "test" }, maxAttempts: 1 };
  const clients = { dynamodb: new DynamoDBClient(options), sqs: new SQSClient(options), lambda: new LambdaClient(options) };
  const queue = await openAws(app, { environment, account, region, endpoint: services.address, clients, secrets: () => webhookSecret });
  const issuer = await createIssuer();
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-bundles-"));
  const running: RunningFunction[] = [];
  const seen = new Set<object>();
  let put = 0;
  let messages = 0;
  return {
    app,
    deployment,
    services,
    queue,
    issuer,
    async start(name, env = {}) {
      const place = join(folder, `${name}-${String(running.length)}`);
      mkdirSync(place);
      for (const [file, bytes] of Object.entries(unzipSync(readFileSync(join(built.folder, `${name}.zip`))))) writeFileSync(join(place, file), bytes);
      const given: Readonly<Record<string, string | undefined>> = {
        PULSEQUEUE_ENVIRONMENT: environment,
        PULSEQUEUE_ACCOUNT: account,
        AWS_ENDPOINT_URL: services.address,
        ...issuer.variables,
        ...env,
      };
      const defined = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const one = await startFunction({ client, folder: place, name, env: Object.fromEntries(defined) });
      running.push(one);
      return one;
    },
    streamed() {
      const records = services.aws.dynamodb.tables.get(deployment.journal)?.stream?.shards.flat() ?? [];
      const fresh = records.filter((record) => !seen.has(record)); // of several shards, so not the last ones
      for (const record of fresh) seen.add(record);
      return fresh;
    },
    delivered(...types) {
      const entries = services.sent
        .slice(put)
        .flatMap(({ operation, input }) => (operation === "AWSEvents.PutEvents" ? (input["Entries"] as readonly Input[]) : []));
      put = services.sent.length;
      return entries
        .filter((entry) => types.includes(String(entry["DetailType"])))
        .map((entry) => {
          messages += 1;
          const detail = JSON.parse(String(entry["Detail"])) as unknown;
          return messageOf(JSON.stringify({ version: "0", "detail-type": entry["DetailType"], source: entry["Source"], account, region, detail }), messages);
        });
    },
    deliveries: () => (services.aws.dynamodb.tables.get(deployment.deliveries)?.all() ?? []).flatMap(({ item }) => ("st" in item ? [readDelivery(item)] : [])),
    async close() {
      await Promise.all(running.map((one) => one.stop()));
      await queue.close();
      for (const each of Object.values(clients)) each.destroy();
      await services.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As Lambda hands a message in. */
export function messageOf(body: string, number: number, receives = 1): SqsRecord {
  const id = `m-${String(number)}`;
  return { messageId: id, receiptHandle: id, body, attributes: { ApproximateReceiveCount: String(receives) } };
}
