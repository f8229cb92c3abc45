/**
 * Makes, through the SDK, what the synthesized data says of an application. Only what every emulator knows: roles, keys and alarms
 * are left to Terraform.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, type AttributeDefinition } from "@aws-sdk/client-dynamodb";
import { CreateEventBusCommand, EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateEventSourceMappingCommand, CreateFunctionCommand, GetFunctionCommand, LambdaClient, Runtime } from "@aws-sdk/client-lambda";
import { CreateScheduleCommand, CreateScheduleGroupCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { resourcesOf, type Resources } from "../../src/engines/aws/index.ts";
import type { FunctionData, StackVariables, TableData } from "../../src/synth/infrastructure.ts";
import type { Issuer } from "../support/issuer.ts";

export interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly scheduler: SchedulerClient;
  readonly secrets: SecretsManagerClient;
}

export function clientsOf(): Clients {
  return {
    dynamodb: new DynamoDBClient({ maxAttempts: 1 }),
    sqs: new SQSClient(),
    events: new EventBridgeClient(),
    lambda: new LambdaClient(),
    scheduler: new SchedulerClient(),
    secrets: new SecretsManagerClient(),
  };
}

export function close({ dynamodb, sqs, events, lambda, scheduler, secrets }: Clients): void {
  for (const client of [dynamodb, sqs, events, lambda, scheduler, secrets]) client.destroy();
}

/** The account that answers: the one in the ARN of a queue. */
export async function accountOf({ sqs }: Clients, queue: string): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: queue }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
  const account = Attributes?.QueueArn?.split(":")[4];
  if (account === undefined) throw new Error("the queue has no ARN");
  return account;
}

export interface DeployOptions {
  readonly clients: Clients;
  readonly variables: StackVariables;
  /** Where `pulsequeue build` wrote the functions. */
  readonly folder: string;
  readonly place: { readonly account: string; readonly region: string; readonly endpoint: string };
  readonly secret: string;
  /** Whose tokens the functions behind the API take. */
  readonly issuer: Pick<Issuer, "variables">;
}

export async function deploy(options: DeployOptions): Promise<void> {
  const { variables, clients } = options;
  const resources = resourcesOf(options.place);
  const streams = new Map<string, string>();
  for (const table of Object.values(variables.tables)) await createTable(clients, table, streams);
  for (const name of Object.values(variables.secrets)) await clients.secrets.send(new CreateSecretCommand({ Name: name, SecretString: options.secret }));
  await createQueue(clients, resources, variables.names.relay_failures);
  await createQueue(clients, resources, variables.names.delay_queue, variables.names.relay_failures, 360);
  await clients.events.send(new CreateEventBusCommand({ Name: variables.names.bus }));
  await createHandlers(options, resources);
  const { api, relay, ticker } = variables.services;
  for (const door of [...Object.values(variables.endpoints), api]) await createFunction(options, resources, door, options.issuer.variables);
  for (const service of [relay, ticker]) await createFunction(options, resources, service);
  for (const arn of streams.values()) await createMapping(clients, relay.name, arn, 100, { StartingPosition: "TRIM_HORIZON" });
  await createMapping(clients, relay.name, resources.queueArn(variables.names.delay_queue), 10);
  await clients.scheduler.send(new CreateScheduleGroupCommand({ Name: variables.names.schedule_group }));
  await clients.scheduler.send(
    new CreateScheduleCommand({
      Name: ticker.name,
      GroupName: variables.names.schedule_group,
      ScheduleExpression: "rate(1 minutes)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: resources.functionArn(ticker.name), RoleArn: resources.roleArn(variables.names.scheduler_role), Input: "{}" },
    }),
  );
}

async function createTable({ dynamodb }: Clients, table: TableData, streams: Map<string, string>): Promise<void> {
  const indexes = Object.entries(table.indexes);
  const attributes = new Map<string, "S" | "N">([
    ["p", "S"],
    ["s", "S"],
    ...indexes.flatMap(([, index]) => [[index.hash, index.hash_type] as const, [index.range, index.range_type] as const]),
  ]);
  const keys = (hash: string, range: string) =>
    [
      { AttributeName: hash, KeyType: "HASH" },
      { AttributeName: range, KeyType: "RANGE" },
    ] as const;
  const { TableDescription } = await dynamodb.send(
    new CreateTableCommand({
      TableName: table.name,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [...keys("p", "s")],
      AttributeDefinitions: [...attributes].map(([AttributeName, AttributeType]): AttributeDefinition => ({ AttributeName, AttributeType })),
      ...(indexes.length === 0
        ? {}
        : {
            GlobalSecondaryIndexes: indexes.map(([name, index]) => ({
              IndexName: name,
              KeySchema: [...keys(index.hash, index.range)],
              Projection: { ProjectionType: "KEYS_ONLY" as const },
            })),
          }),
      ...(table.stream ? { StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" as const } } : {}),
    }),
  );
  const stream = TableDescription?.LatestStreamArn;
  if (stream !== undefined) streams.set(table.name, stream);
  await until(async () => (await dynamodb.send(new DescribeTableCommand({ TableName: table.name }))).Table?.TableStatus === "ACTIVE", `table ${table.name}`);
}

async function createQueue({ sqs }: Clients, resources: Resources, name: string, deadLetters?: string, visibility = 30, receives = 20): Promise<void> {
  const redrive =
    deadLetters === undefined ? {} : { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: resources.queueArn(deadLetters), maxReceiveCount: receives }) };
  const fifo = name.endsWith(".fifo") ? { FifoQueue: "true" } : {};
  await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: String(visibility), ...redrive, ...fifo } }));
}

async function createHandlers(options: DeployOptions, resources: Resources): Promise<void> {
  const { clients, variables } = options;
  for (const handler of Object.values(variables.handlers)) {
    await createQueue(clients, resources, handler.dead_letter_queue);
    await createQueue(clients, resources, handler.queue, handler.dead_letter_queue, handler.visibility_timeout, handler.max_receives);
    await createFunction(options, resources, handler);
    await createMapping(clients, handler.name, resources.queueArn(handler.queue), handler.batch_size);
    if (handler.pattern === null) continue;
    const rule = { EventBusName: variables.names.bus };
    await clients.events.send(new PutRuleCommand({ ...rule, Name: handler.rule, EventPattern: handler.pattern }));
    await clients.events.send(new PutTargetsCommand({ ...rule, Rule: handler.rule, Targets: [{ Id: "queue", Arn: resources.queueArn(handler.queue) }] }));
  }
}

async function createFunction(
  { clients, folder, variables, place }: DeployOptions,
  resources: Resources,
  data: FunctionData,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { lambda } = clients;
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: data.name,
      Role: resources.roleArn(data.role),
      Runtime: Runtime.nodejs22x,
      Handler: "index.handler",
      Code: { ZipFile: readFileSync(join(folder, data.bundle)) },
      Timeout: data.timeout,
      MemorySize: data.memory,
      Environment: { Variables: { PULSEQUEUE_ENVIRONMENT: variables.environment.environment, PULSEQUEUE_ACCOUNT: place.account, ...env } },
    }),
  );
  await until(async () => (await lambda.send(new GetFunctionCommand({ FunctionName: data.name }))).Configuration?.State !== "Pending", data.name);
}

async function createMapping(
  { lambda }: Clients,
  name: string,
  source: string,
  batch: number,
  more: { readonly StartingPosition?: "TRIM_HORIZON" } = {},
): Promise<void> {
  await lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: name,
      EventSourceArn: source,
      BatchSize: batch,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ...more,
    }),
  );
}

/** Asks twice a second; throws once it has waited for `seconds`. */
export async function until(isSo: () => Promise<boolean>, what: string, seconds = 60): Promise<void> {
  for (let waited = 0; waited < seconds * 1_000; waited += 500) {
    if (await isSo()) return;
    await setTimeout(500);
  }
  throw new Error(`${what}: not within ${String(seconds)} seconds`);
}
