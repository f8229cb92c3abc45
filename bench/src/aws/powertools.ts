/** The same work by hand: the batch and idempotency utilities of Powertools, as their documents show them. */
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { PartialItemFailureResponse } from "@aws-lambda-powertools/batch/types";
import type { Context, SQSEvent, SQSHandler, SQSRecord } from "aws-lambda";
import { order } from "./app.ts";

export function noteFunction(client: DynamoDBClient): (event: SQSEvent, context: Context) => Promise<PartialItemFailureResponse> {
  const processor = new BatchProcessor(EventType.SQS);
  const config = new IdempotencyConfig({ eventKeyJmesPath: "id" });
  const persistenceStore = new DynamoDBPersistenceLayer({ tableName: "idempotency", awsSdkV3Client: client });
  const note = async ({ data }: { readonly id: string; readonly data: unknown }): Promise<string> => {
    const { orderId, amount } = order.parse(data);
    await client.send(new PutItemCommand({ TableName: "amounts", Item: { orderId: { S: orderId }, amount: { N: String(amount) } } }));
    return orderId;
  };
  const once = makeIdempotent(note, { persistenceStore, config });
  const take = async ({ body }: SQSRecord): Promise<void> => {
    const { detail } = JSON.parse(body) as { readonly detail: { readonly event: { readonly id: string; readonly data: unknown } } };
    await once(detail.event);
  };
  return (event, context) => {
    config.registerLambdaContext(context);
    return processPartialResponse(event, take, processor, { context });
  };
}

/** Where it is a bundle. */
export const handler: SQSHandler = (event, context) => noteFunction(new DynamoDBClient())(event, context);
