import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { Nonces } from "../../../core/nonces.ts";
import type { System } from "../../../core/ports.ts";
import type { DynamoDb } from "../clients.ts";
import { toItem } from "../items/attributes.ts";
import { retrying } from "../retry.ts";

/** Nonces on DynamoDB: a conditional write each. Old ones go by the table's time to live, and may be used again even before they have gone. */
export function createNonces(dynamodb: DynamoDb, table: string, system: Pick<System, "clock" | "random" | "hash">): Nonces {
  return {
    async spend(nonce, until) {
      const command = new PutItemCommand({
        TableName: table,
        Item: toItem({ p: `nonce#${system.hash(nonce)}`, s: "n", u: until, ttl: Math.ceil(until / 1_000) }),
        ConditionExpression: "attribute_not_exists(p) OR u < :now",
        ExpressionAttributeValues: toItem({ ":now": system.clock.now() }),
      });
      return retrying(system, "DynamoDB refused to write", () =>
        dynamodb.send(command).then(
          () => true,
          (thrown: unknown) => {
            if (thrown instanceof Error && thrown.name === "ConditionalCheckFailedException") return false;
            throw thrown;
          },
        ),
      );
    },
  };
}
