/** One `TransactWriteItems`: all of its actions or none of them, whatever is thrown at it on the way. */
import { PutItemCommand, TransactWriteItemsCommand, type CancellationReason, type TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { PulseQueueError } from "../../../core/errors.ts";
import { awsError, isPassing } from "../errors.ts";
import { sizeOf, type Item } from "../items/attributes.ts";
import { backOff, retrying } from "../retry.ts";
import type { StoreContext } from "./types.ts";

/** What DynamoDB takes in one transaction (service quotas, read 2026-11). */
export const transactionItems = 100;
export const transactionBytes = 4 * 1024 * 1024;

export interface Action {
  readonly write: TransactWriteItem;
  readonly bytes: number;
}

/** The condition under which an action holds, and what its cancellation tells. */
interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
  readonly ReturnValuesOnConditionCheckFailure?: "ALL_OLD";
}

/** What a rule about the version of an item is to DynamoDB. `version` 0 or `undefined`: the item must not exist. */
export function hasVersion(version: number | undefined): Condition {
  if (version === undefined || version === 0) return { ConditionExpression: "attribute_not_exists(p)" };
  return { ConditionExpression: "v = :v", ExpressionAttributeValues: { ":v": { N: String(version) } } };
}

export function put(table: string, item: Item, condition?: Condition): Action {
  return { write: { Put: { TableName: table, Item: item, ...condition } }, bytes: sizeOf(item) };
}

export function remove(table: string, key: Item, condition?: Condition): Action {
  return { write: { Delete: { TableName: table, Key: key, ...condition } }, bytes: sizeOf(key) };
}

export function check(table: string, key: Item, condition: Condition): Action {
  return { write: { ConditionCheck: { TableName: table, Key: key, ...condition } }, bytes: sizeOf(key) };
}

/** Whether so many actions of so many bytes are more than one transaction takes. */
export function isTooLarge(items: number, bytes: number): boolean {
  return items > transactionItems || bytes > transactionBytes;
}

/**
 * Writes all of `actions`, or nothing: then answers the positions of those whose condition did not hold, each with the item that is
 * there where the action asked for it. Repeats what AWS refuses for now; a repeat of what was done after all changes nothing.
 *
 * Throws `COMMIT_TOO_LARGE`, `STORE_UNAVAILABLE`, `AWS_…`.
 */
export async function transact(context: StoreContext, what: string, actions: readonly Action[]): Promise<ReadonlyMap<number, Item | undefined>> {
  if (actions.length === 0) return new Map();
  const bytes = actions.reduce((sum, action) => sum + action.bytes, 0);
  if (isTooLarge(actions.length, bytes))
    throw new PulseQueueError(
      "COMMIT_TOO_LARGE",
      `${what}: ${String(actions.length)} items of ${String(bytes)} bytes are more than one transaction takes (100 items, 4 MB)`,
    );
  const { dynamodb, system } = context;
  // A transaction that was done, and whose answer was lost, is not done again under the same token (for 10 minutes).
  const command = new TransactWriteItemsCommand({ TransactItems: actions.map(({ write }) => write), ClientRequestToken: system.newId() });
  for (let attempt = 1; ; attempt += 1) {
    try {
      await dynamodb.send(command);
      return new Map();
    } catch (thrown) {
      const reasons = reasonsOf(thrown);
      const failed = failedConditions(reasons);
      if (failed.size > 0) return failed;
      const invalid = reasons.find(({ Code }) => Code === "ValidationError");
      if (invalid !== undefined) throw invalidItem(what, invalid, thrown);
      if (reasons.length === 0 && !isPassing(thrown)) throw awsError(thrown, what);
      if (!(await backOff(system, attempt))) throw unavailable(what, thrown);
    }
  }
}

/** One item without a transaction, which would cost twice; answers as `transact` does. Throws `STORE_UNAVAILABLE`, `AWS_…`. */
export async function putAlone(
  { dynamodb, system }: StoreContext,
  what: string,
  input: NonNullable<TransactWriteItem["Put"]>,
): Promise<ReadonlyMap<number, Item | undefined>> {
  return retrying(system, what, async () => {
    try {
      await dynamodb.send(new PutItemCommand(input));
      return new Map();
    } catch (thrown) {
      if (!(thrown instanceof Error) || thrown.name !== "ConditionalCheckFailedException") throw thrown;
      return new Map([[0, "Item" in thrown ? (thrown.Item as Item | undefined) : undefined]]);
    }
  });
}

function reasonsOf(thrown: unknown): readonly CancellationReason[] {
  const cancelled = thrown instanceof Error && thrown.name === "TransactionCanceledException" && "CancellationReasons" in thrown;
  return cancelled ? ((thrown.CancellationReasons as readonly CancellationReason[] | undefined) ?? []) : [];
}

function failedConditions(reasons: readonly CancellationReason[]): ReadonlyMap<number, Item | undefined> {
  const failed = new Map<number, Item | undefined>();
  for (const [index, { Code, Item: there }] of reasons.entries()) if (Code === "ConditionalCheckFailed") failed.set(index, there);
  return failed;
}

function invalidItem(what: string, { Message = "" }: CancellationReason, cause: unknown): PulseQueueError {
  const isSize = /size/i.test(Message);
  return new PulseQueueError(isSize ? "COMMIT_TOO_LARGE" : "INTERNAL", `${what}: ${isSize ? "an item is larger than 400 KB" : "an item is not valid"}`, {
    cause,
  });
}

function unavailable(what: string, cause: unknown): PulseQueueError {
  return new PulseQueueError("STORE_UNAVAILABLE", `${what}: refused again and again`, { cause, retryAfter: 1_000 });
}
