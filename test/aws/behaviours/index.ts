import type { Behaviour } from "./behaviour.ts";
import { conditionBehaviours, queryBehaviours } from "./dynamodb-expressions.ts";
import { transactionBehaviours } from "./dynamodb-transactions.ts";
import { itemBehaviours } from "./dynamodb.ts";
import { queueBehaviours } from "./sqs.ts";

/** The data plane's behaviours by service: shown by the fakes and by an emulator alike. */
export const dataPlane: Readonly<Record<string, readonly Behaviour[]>> = {
  DynamoDB: [...itemBehaviours, ...conditionBehaviours, ...queryBehaviours, ...transactionBehaviours],
  SQS: queueBehaviours,
};
