/** Reads of DynamoDB that one question may need many requests for. */
import { BatchGetItemCommand, QueryCommand, ScanCommand, type KeysAndAttributes, type QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { PulseQueueError } from "../../../core/errors.ts";
import type { System } from "../../../core/ports.ts";
import type { DynamoDb } from "../clients.ts";
import type { Item } from "../items/attributes.ts";
import { backOff, retrying } from "../retry.ts";

export interface Reader {
  /** Every item that a query finds, page by page as they are asked for. */
  query(input: QueryCommandInput): AsyncGenerator<Item>;
  /** Every item of a table, in no order. */
  scan(table: string): AsyncGenerator<Item>;
  /** Those of these items that are there, in no order. Consistent. */
  getAll(table: string, keys: readonly Item[]): Promise<readonly Item[]>;
}

/** Keys that one request takes. */
const keysPerRequest = 100;
const what = "DynamoDB refused to read";

export function openReader(dynamodb: DynamoDb, system: Pick<System, "clock" | "random">): Reader {
  const getSome = async (table: string, keys: readonly Item[]): Promise<readonly Item[]> => {
    const found: Item[] = [];
    let left: KeysAndAttributes | undefined = { Keys: [...keys], ConsistentRead: true };
    for (let attempt = 1; left !== undefined; attempt += 1) {
      const asked: KeysAndAttributes = left;
      const { Responses, UnprocessedKeys } = await retrying(system, what, () => dynamodb.send(new BatchGetItemCommand({ RequestItems: { [table]: asked } })));
      found.push(...(Responses?.[table] ?? []));
      left = UnprocessedKeys?.[table];
      if (left !== undefined && !(await backOff(system, attempt)))
        throw new PulseQueueError("STORE_UNAVAILABLE", `${what}: too many keys were left over again and again`, { retryAfter: 1_000 });
    }
    return found;
  };
  return {
    async *query(input) {
      for (let start: Item | undefined; ;) {
        const command = new QueryCommand(start === undefined ? input : { ...input, ExclusiveStartKey: start });
        const { Items = [], LastEvaluatedKey } = await retrying(system, what, () => dynamodb.send(command));
        yield* Items;
        if (LastEvaluatedKey === undefined) return;
        start = LastEvaluatedKey;
      }
    },
    async *scan(table) {
      for (let start: Item | undefined; ;) {
        const command = new ScanCommand({ TableName: table, ConsistentRead: true, ...(start === undefined ? {} : { ExclusiveStartKey: start }) });
        const { Items = [], LastEvaluatedKey } = await retrying(system, what, () => dynamodb.send(command));
        yield* Items;
        if (LastEvaluatedKey === undefined) return;
        start = LastEvaluatedKey;
      }
    },
    async getAll(table, keys) {
      const found: Item[] = [];
      for (let start = 0; start < keys.length; start += keysPerRequest) found.push(...(await getSome(table, keys.slice(start, start + keysPerRequest))));
      return found;
    },
  };
}
