/**
 * The functions as `pulsequeue build` starts them, on the simulated AWS: with the door in front of endpoints and operators, with
 * values from Secrets Manager and Parameter Store and metrics from CloudWatch. The contract opens the same engine without any of these.
 */
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { createHmac } from "node:crypto";
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineSecret, defineTable } from "pulsequeue";
import * as awsEngine from "pulsequeue/aws";
import { settle, virtualClock } from "pulsequeue/testing";
import { z } from "zod";
import { deploymentOf } from "../../src/core/deployment.ts";
import type { GatewayRequest, GatewayResponse } from "../../src/engines/aws/entries/endpoint.ts";
import { apiFunction, doorFunction, handlerFunction, openBoth, openSecrets } from "../../src/lambda/index.ts";
import type { LambdaFunction } from "../../src/lambda/telemetry.ts";
import { fakeAws, type FakeClients } from "../../src/testing/aws/fake-aws.ts";
import { simulateOn } from "../../src/testing/aws/simulate-on.ts";
import type { AwsEngine } from "../../src/testing/aws/simulated-aws.ts";
import type { Access } from "../../src/testing/aws/service/service.ts";
import { FakeCloudWatch } from "../aws/cloudwatch.ts";
import { testEnvironment, type Witness } from "../aws/life.ts";

const placed = defineEvent("order.placed", { schema: z.object({ id: z.string(), text: z.string() }) });
const prices = defineTable("prices", { schema: z.object({ sku: z.string(), shelf: z.string() }), key: ["sku", "shelf"], indexes: { byShelf: "shelf" } });
const carts = defineTable("carts", { schema: z.object({ id: z.string() }), key: "id" });
const carrier = defineSecret("carrier");
const pin = defineSecret("pin");
const sender = defineSecret("sender");
const [carrierValue, pinValue, senderValue] = ["the carrier's", "the pin", Buffer.from("the sender's").toString("base64")];

const seen: { readonly bytes: number; readonly secret: string }[] = [];
const ship = defineHandler("ship", {
  on: placed,
  writes: [prices],
  secrets: [carrier, pin],
  handle({ data }, ctx) {
    ctx.tables.prices.put({ sku: "a", shelf: "1" });
    seen.push({ bytes: data.text.length, secret: `${ctx.secret(carrier)}, ${ctx.secret(pin)}` });
  },
});
const place = defineEndpoint("place", {
  method: "POST",
  path: "/orders",
  auth: "api-key",
  reads: [prices],
  writes: [carts],
  emits: [placed],
  secrets: [carrier, pin],
  async handle(_request, ctx) {
    await ctx.tables.prices.get({ sku: "a", shelf: "1" });
    await ctx.tables.prices.query({ equals: { sku: "a" } });
    await ctx.tables.prices.query({ index: "byShelf", equals: { shelf: "1" } });
    ctx.tables.carts.delete("c-1");
    ctx.emit(placed, { id: "o-1", text: "" });
    return { status: 202 };
  },
});
const notify = defineEndpoint("notify", {
  method: "POST",
  path: "/notices",
  auth: "webhook",
  webhook: { scheme: "standard", secret: sender },
  handle: () => ({ status: 204 }),
});
const app = defineApp("shop", { handlers: [ship], endpoints: [place, notify] });

/** What an SDK client's `send` does for the function that runs. */
type Send = (command: { readonly input: object }) => Promise<unknown>;
type Clients = Readonly<Record<"dynamodb" | "sqs" | "lambda" | "secrets" | "parameters" | "cloudwatch", Send>>;

const running = new AsyncLocalStorage<Clients>();
const sdk = {
  dynamodb: DynamoDBClient,
  sqs: SQSClient,
  lambda: LambdaClient,
  secrets: SecretsManagerClient,
  parameters: SSMClient,
  cloudwatch: CloudWatchClient,
} as const;

/** Functions make their clients themselves: so it is the SDK that sends to the simulation, until the answer is called. */
function divertSdk(): () => void {
  for (const [service, { prototype }] of Object.entries(sdk))
    Object.defineProperty(prototype, "send", {
      configurable: true,
      value: (command: { readonly input: object }) => {
        const clients = running.getStore();
        if (clients === undefined) throw new Error(`${service} was asked by no function`);
        return clients[service as keyof Clients](command);
      },
    });
  // Their own is inherited.
  return () => {
    for (const { prototype } of Object.values(sdk)) Reflect.deleteProperty(prototype, "send");
  };
}

/** Standard output, which is a function's log, goes to `ingest` line by line. */
function divertLog(ingest: (line: string) => void): () => void {
  const { stdout, stderr } = process;
  const [out, error] = [stdout.write, stderr.write];
  const write = (text: string | Uint8Array): boolean => {
    for (const line of String(text).split("\n")) ingest(line);
    return true;
  };
  Object.assign(stdout, { write });
  Object.assign(stderr, { write });
  return () => {
    Object.assign(stdout, { write: out });
    Object.assign(stderr, { write: error });
  };
}

function request(method: string, path: string, headers: Readonly<Record<string, string>>, body?: string): GatewayRequest {
  const requestContext = { domainName: "api.example.com", stage: "$default", http: { method, sourceIp: "192.0.2.1" } };
  const sent = { host: "api.example.com", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers };
  return { rawPath: path, rawQueryString: "", headers: sent, body, isBase64Encoded: false, requestContext };
}

/** Tells `witness` of what they ask for; throws where they do not answer as they should. */
export async function runDeployedFunctions(witness: Witness): Promise<void> {
  const { account, region, environment } = testEnvironment;
  Object.assign(process.env, { AWS_REGION: region, PULSEQUEUE_ACCOUNT: account, PULSEQUEUE_ENVIRONMENT: environment });
  const deployment = deploymentOf(app.topology, environment);
  const cloudWatch = new FakeCloudWatch({ now: () => Date.now() });
  const values = new Map([
    [deployment.secrets.get("carrier") ?? "", carrierValue],
    [`/${deployment.secrets.get("pin") ?? ""}`, pinValue],
    [deployment.secrets.get("sender") ?? "", senderValue],
  ]);
  const note = (name: string, operation: string, access: Access): void => {
    witness.record({ function: name, operation, accesses: [access], items: 1, bytes: 0 });
  };
  const outer = (name: string): Pick<Clients, "secrets" | "parameters" | "cloudwatch"> => ({
    secrets: async ({ input }) => {
      const id = "SecretId" in input ? String(input.SecretId) : "";
      note(name, "secretsmanager:GetSecretValue", {
        action: "secretsmanager:GetSecretValue",
        resource: `arn:aws:secretsmanager:${region}:${account}:secret:${id}-AbCdEf`,
      });
      return { SecretString: values.get(id) };
    },
    parameters: async ({ input }) => {
      const id = "Name" in input ? String(input.Name) : "";
      note(name, "ssm:GetParameter", { action: "ssm:GetParameter", resource: `arn:aws:ssm:${region}:${account}:parameter${id}` });
      return { Parameter: { Value: values.get(id) } };
    },
    cloudwatch: (command) => {
      const action = `cloudwatch:${command.constructor.name.replace(/Command$/, "")}`;
      note(name, action, { action, resource: "*" });
      return cloudWatch.send(command);
    },
  });

  const clock = virtualClock({ now: Date.now() });
  const engine: AwsEngine = {
    ...awsEngine,
    handlerEntry(version, name, given) {
      const clients = clientsOf(deployment.handlers.get(name)?.function ?? name, given as FakeClients);
      const entry = running.run(clients, () => handlerFunction(version, name, openBoth([pin.name])));
      return (batch, context) => running.run(clients, () => entry(batch, { ...context, awsRequestId: "request" }));
    },
  };
  const clientsOf = (name: string, { dynamodb, sqs, lambda }: Pick<FakeClients, "dynamodb" | "sqs" | "lambda">): Clients => {
    const sent =
      (client: { send(command: never): Promise<unknown> }): Send =>
      (command) =>
        client.send(command as never);
    return { dynamodb: sent(dynamodb), sqs: sent(sqs), lambda: sent(lambda), ...outer(name) };
  };
  const services = fakeAws({ clock, record: witness.record });
  const aws = simulateOn(services, app, engine, { clock, secrets: { carrier: carrierValue, pin: pinValue, sender: senderValue } });
  witness.deployed(app, [pin.name]);
  const door = (name: string, start: () => LambdaFunction<GatewayRequest, GatewayResponse>) => {
    const clients = clientsOf(name, services.clientsOf({ function: name, isAlive: () => true, kill: () => undefined }));
    const entry = running.run(clients, start);
    return (asked: GatewayRequest) => running.run(clients, () => entry(asked, { awsRequestId: "request", getRemainingTimeInMillis: () => 10_000 }));
  };
  const backs = [
    divertSdk(),
    divertLog((line) => {
      cloudWatch.ingest(line);
    }),
  ];
  try {
    const { queue } = await aws.open();
    aws.start();
    const scope = { roles: ["publisher", "operator"], events: "*", endpoints: "*" } as const;
    const { token = "" } = await queue.keys.create({ name: "shop", scope }, { reason: "the check" });
    const authorization = `Bearer ${token}`;

    // Too large for a message: its handler reads it in the journal.
    const large = "x".repeat(250 * 1_024);
    await queue.publish(placed, { id: "o-2", text: large });
    await settle(queue, clock);

    const placing = door(deployment.endpoints.get("place") ?? "", () => doorFunction(app, "place", openBoth([pin.name])));
    assert.equal((await placing(request("POST", "/orders", { authorization }, "{}"))).statusCode, 202);
    assert.equal((await placing(request("POST", "/orders", {}, "{}"))).statusCode, 401);

    const noticing = door(deployment.endpoints.get("notify") ?? "", () => doorFunction(app, "notify", openSecrets));
    const time = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac("sha256", Buffer.from(senderValue, "base64")).update(`n-1.${time}.{}`).digest("base64");
    const signed = { "webhook-id": "n-1", "webhook-timestamp": time, "webhook-signature": `v1,${signature}` };
    assert.equal((await noticing(request("POST", "/notices", signed, "{}"))).statusCode, 204);
    assert.equal((await noticing(request("POST", "/notices", signed, "{}"))).statusCode, 401, "a notice that was received before");

    await settle(queue, clock);
    const secret = `${carrierValue}, ${pinValue}`;
    assert.deepEqual(seen, [
      { bytes: large.length, secret },
      { bytes: 0, secret },
    ]);

    const operating = door(deployment.api, () => apiFunction(app));
    assert.equal((await operating(request("GET", "/metrics", { authorization }))).statusCode, 200);
    await queue.close();
  } finally {
    aws.stop();
    for (const back of backs) back();
  }
}
