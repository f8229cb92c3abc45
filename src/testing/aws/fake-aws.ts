/** AWS in this process: the clients that the engine takes, over services that behave as the real ones do, on a virtual clock. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { createHash } from "node:crypto";
import type { VirtualClock } from "../clock.ts";
import { createDynamoDb, type DynamoDb } from "./dynamodb/dynamodb.ts";
import { clientOf, noFaults, type Call, type Caller, type ServiceHost } from "./service/service.ts";
import { createSqs, type Sqs } from "./sqs/sqs.ts";

export interface FakeAwsOptions {
  readonly clock: VirtualClock;
  /** @default "123456789012" */
  readonly account?: string;
  /** @default "eu-central-1" */
  readonly region?: string;
}

export interface FakeClients {
  readonly dynamodb: Pick<DynamoDBClient, "send">;
  readonly sqs: Pick<SQSClient, "send">;
}

export interface FakeAws {
  readonly account: string;
  readonly region: string;
  /** Clients of whoever is no function: a publisher, an operator, a test. */
  readonly clients: FakeClients;
  readonly dynamodb: DynamoDb;
  readonly sqs: Sqs;
  /** Every request so far, oldest first. */
  readonly calls: readonly Call[];
}

/**
 * A fake of AWS: one account in one region.
 *
 * @example
 * const clock = virtualClock();
 * const aws = fakeAws({ clock });
 * await aws.clients.dynamodb.send(new PutItemCommand({ TableName: "t", Item: { p: { S: "1" } } }));
 */
export function fakeAws({ clock, account = "123456789012", region = "eu-central-1" }: FakeAwsOptions): FakeAws {
  const calls: Call[] = [];
  const host: ServiceHost = { clock, faults: noFaults, record: (call) => void calls.push(call) };
  const dynamodb = createDynamoDb({ region, account, shards: 2, now: () => clock.now(), monotonic: () => clock.monotonic(), indexLag: () => 0 });
  const sqs = createSqs({ clock, region, account, hash: (text) => createHash("sha256").update(text).digest("hex") });
  const clientsOf = (caller: Caller): FakeClients =>
    // `send` is overloaded for callbacks in the SDK; what code awaits is the form that the fake has.
    ({ dynamodb: clientOf(dynamodb.service, caller, host), sqs: clientOf(sqs.service, caller, host) }) as unknown as FakeClients;
  return { account, region, clients: clientsOf({ function: "", isAlive: () => true }), dynamodb, sqs, calls };
}
