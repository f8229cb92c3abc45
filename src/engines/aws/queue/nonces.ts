import { ConditionalCheckFailedException, PutItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Nonces } from "../../../core/nonces.ts";
import type { System } from "../../../core/ports.ts";
import { num, str } from "./system-table.ts";

/** Nonces on DynamoDB: a conditional write each. Old ones go by the table's time to live, and may be used again even before they have gone. */
export function createNonces(dynamodb: Pick<DynamoDBClient, "send">, table: string, { clock, hash }: Pick<System, "clock" | "hash">): Nonces {
  return {
    async spend(nonce, until) {
      try {
        await dynamodb.send(
          new PutItemCommand({
            TableName: table,
            Item: { p: str(`nonce#${hash(nonce)}`), s: str("n"), u: num(until), ttl: num(Math.ceil(until / 1_000)) },
            ConditionExpression: "attribute_not_exists(p) OR u < :now",
            ExpressionAttributeValues: { ":now": num(clock.now()) },
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
