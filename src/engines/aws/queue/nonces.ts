import { ConditionalCheckFailedException, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { Nonces } from "../../../core/nonces.ts";
import type { System } from "../../../core/ports.ts";
import type { DynamoDb } from "../clients.ts";
import { toItem } from "../items/attributes.ts";

/** Nonces on DynamoDB: a conditional write each. Old ones go by the table's time to live, and may be used again even before they have gone. */
export function createNonces(dynamodb: DynamoDb, table: string, { clock, hash }: Pick<System, "clock" | "hash">): Nonces {
  return {
    async spend(nonce, until) {
      try {
        await dynamodb.send(
          new PutItemCommand({
            TableName: table,
            Item: toItem({ p: `nonce#${hash(nonce)}`, s: "n", u: until, ttl: Math.ceil(until / 1_000) }),
            ConditionExpression: "attribute_not_exists(p) OR u < :now",
            ExpressionAttributeValues: toItem({ ":now": clock.now() }),
          }),
        );
        return true;
      } catch (thrown) {
        if (thrown instanceof ConditionalCheckFailedException) return false;
        throw thrown;
      }
    },
  };
}
