/** Reads of DynamoDB, strongly consistent where DynamoDB can. */
import {
  BatchGetItemCommand,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  type BatchGetItemCommandOutput,
  type QueryCommandInput,
  type QueryCommandOutput,
  type ScanCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { PulseQueueError } from "../../../core/errors.ts";
import type { Item } from "../items/attributes.ts";
import { backOff, retrying } from "../retry.ts";
import type { StoreContext } from "./types.ts";

export type Reading = Pick<StoreContext, "dynamodb" | "system">;

/** Keys that one `BatchGetItem` takes. */
const batchKeys = 100;

const what = "DynamoDB refused to read";

export async function getItem({ dynamodb, system }: Reading, table: string, key: { readonly p: string; readonly s: string }): Promise<Item | undefined> {
  const command = new GetItemCommand({ TableName: table, Key: keyItem(key), ConsistentRead: true });
  return (await retrying(system, what, () => dynamodb.send(command))).Item;
}

/** The items of these keys that are there, in no order. */
export async function getItems(
  { dynamodb, system }: Reading,
  table: string,
  keys: readonly { readonly p: string; readonly s: string }[],
): Promise<readonly Item[]> {
  const found: Item[] = [];
  for (let start = 0; start < keys.length; start += batchKeys) {
    let left = keys.slice(start, start + batchKeys).map(keyItem);
    for (let attempt = 1; left.length > 0; attempt += 1) {
      const command = new BatchGetItemCommand({ RequestItems: { [table]: { Keys: left, ConsistentRead: true } } });
      const { Responses, UnprocessedKeys }: BatchGetItemCommandOutput = await retrying(system, what, () => dynamodb.send(command));
      found.push(...(Responses?.[table] ?? []));
      left = UnprocessedKeys?.[table]?.Keys ?? [];
      if (left.length > 0 && !(await backOff(system, attempt)))
        throw new PulseQueueError("STORE_UNAVAILABLE", `${what}: refused again and again`, { retryAfter: 1_000 });
    }
  }
  return found;
}

/** Pages of a query, until it ends or its caller stops. */
export async function* queryPages({ dynamodb, system }: Reading, input: QueryCommandInput): AsyncGenerator<readonly Item[], void, undefined> {
  let start: Item | undefined;
  do {
    const command = new QueryCommand({ ...input, ...(start === undefined ? {} : { ExclusiveStartKey: start }) });
    const page: QueryCommandOutput = await retrying(system, what, () => dynamodb.send(command));
    yield page.Items ?? [];
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}

/** Pages of a whole table. */
export async function* scanPages({ dynamodb, system }: Reading, table: string): AsyncGenerator<readonly Item[], void, undefined> {
  let start: Item | undefined;
  do {
    const command = new ScanCommand({ TableName: table, ConsistentRead: true, ...(start === undefined ? {} : { ExclusiveStartKey: start }) });
    const page: ScanCommandOutput = await retrying(system, what, () => dynamodb.send(command));
    yield page.Items ?? [];
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}

function keyItem({ p, s }: { readonly p: string; readonly s: string }): Item {
  return { p: { S: p }, s: { S: s } };
}
