/** What the engine needs of each AWS client: its caller makes them, with the region, credentials and timeouts of their choice. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { SchedulerClient } from "@aws-sdk/client-scheduler";
import type { SQSClient } from "@aws-sdk/client-sqs";

/** The store. Give it `maxAttempts: 1`: the engine retries by itself, and knows what is safe to repeat. */
export type DynamoDb = Pick<DynamoDBClient, "send">;
export type Sqs = Pick<SQSClient, "send">;
export type EventBridge = Pick<EventBridgeClient, "send">;
export type Scheduler = Pick<SchedulerClient, "send">;
export type Lambda = Pick<LambdaClient, "send">;
