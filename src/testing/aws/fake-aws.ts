/** AWS in this process: the clients that the engine takes, over services that behave as the real ones do, on a virtual clock. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { SchedulerClient } from "@aws-sdk/client-scheduler";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { createHash } from "node:crypto";
import type { VirtualClock } from "../clock.ts";
import { createDynamoDb, type DynamoDb } from "./dynamodb/dynamodb.ts";
import { createEventBridge, type EventBridge } from "./events/events.ts";
import { noAwsFaults, type AwsFaults } from "./faults.ts";
import { createLambda, type Lambda } from "./lambda/lambda.ts";
import { createScheduler, type Scheduler } from "./scheduler/scheduler.ts";
import { clientOf, outsider, type Call, type Caller, type Service } from "./service/service.ts";
import { createSqs, type Sqs } from "./sqs/sqs.ts";

export interface FakeAwsOptions {
  readonly clock: VirtualClock;
  /** @default "123456789012" */
  readonly account?: string;
  /** @default "eu-central-1" */
  readonly region?: string;
  /** Shards of each stream. @default 2 */
  readonly shards?: number;
  /** @default none */
  readonly faults?: AwsFaults;
  /** Told of every request. @default nobody */
  readonly record?: (call: Call) => void;
  /** What answers in DynamoDB's place, given the fake of it. @default the fake */
  readonly dynamodb?: (fake: Service) => Service;
}

export interface FakeClients {
  readonly dynamodb: Pick<DynamoDBClient, "send">;
  readonly sqs: Pick<SQSClient, "send">;
  readonly events: Pick<EventBridgeClient, "send">;
  readonly scheduler: Pick<SchedulerClient, "send">;
  readonly lambda: Pick<LambdaClient, "send">;
}

export interface FakeAws {
  readonly account: string;
  readonly region: string;
  /** Clients of whoever is no function: a publisher, an operator, a test. */
  readonly clients: FakeClients;
  clientsOf(caller: Caller): FakeClients;
  readonly dynamodb: DynamoDb;
  readonly sqs: Sqs;
  readonly events: EventBridge;
  readonly scheduler: Scheduler;
  readonly lambda: Lambda;
}

/**
 * A fake of AWS: one account in one region.
 *
 * @example
 * const clock = virtualClock();
 * const aws = fakeAws({ clock });
 * await aws.clients.dynamodb.send(new PutItemCommand({ TableName: "t", Item: { p: { S: "1" } } }));
 */
export function fakeAws(options: FakeAwsOptions): FakeAws {
  const { clock, account = "123456789012", region = "eu-central-1", shards = 2, faults = noAwsFaults, record = () => undefined } = options;
  const place = { clock, region, account, record };
  const time = { now: () => clock.now(), monotonic: () => clock.monotonic(), indexLag: faults.indexLag };
  const dynamodb = createDynamoDb({ region, account, shards, ...time });
  const sqs = createSqs({ ...place, faults: faults.queues, hash: (text) => createHash("sha256").update(text).digest("hex") });
  const queueByArn = (arn: string) => sqs.byArn(arn);
  const events = createEventBridge({ ...place, faults: faults.bus, queueByArn });
  const scheduler = createScheduler({ ...place, faults: faults.scheduler, queueByArn });
  const lambda = createLambda({ ...place, faults });
  const services = {
    dynamodb: options.dynamodb?.(dynamodb.service) ?? dynamodb.service,
    sqs: sqs.service,
    events: events.service,
    scheduler: scheduler.service,
    lambda: lambda.service,
  };
  const host = { clock, faults: faults.requests, record };
  const clientsOf = (caller: Caller): FakeClients =>
    // `send` is overloaded for callbacks in the SDK; what code awaits is the form that the fakes have.
    Object.fromEntries(Object.entries(services).map(([name, service]) => [name, clientOf(service, caller, host)])) as unknown as FakeClients;
  return { account, region, clients: clientsOf(outsider), clientsOf, dynamodb, sqs, events, scheduler, lambda };
}
