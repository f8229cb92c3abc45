/** `TransactWriteItems` and `TransactGetItems`: all or nothing, and the same request twice is one. */
import type {
  TransactGetItemsCommandInput,
  TransactGetItemsCommandOutput,
  TransactWriteItemsCommandInput,
  TransactWriteItemsCommandOutput,
} from "@aws-sdk/client-dynamodb";
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { AwsError, UnsupportedByFake, validation } from "../service/errors.ts";
import { operation, type Operation } from "../service/service.ts";
import { checkKey, leadingKey, tableOf, type Tables } from "./check.ts";
import { valueText } from "./table.ts";
import { copyItem, sizeOfItem, type Item } from "./values.ts";
import { prepareWrite, type Write, type WriteInput, type WriteKind } from "./write.ts";

const mostItems = 100;
const mostBytes = 4 * 1024 * 1024;
/** How long a token is remembered, milliseconds. */
const tokenLife = 10 * 60_000;
const longestToken = 36;

/** Why one item of a cancelled transaction could not be written. */
export interface CancellationReason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: Item;
}

export function cancelled(reasons: readonly CancellationReason[]): AwsError {
  const codes = reasons.map(({ Code }) => Code).join(", ");
  return new AwsError("TransactionCanceledException", `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`, 400, {
    CancellationReasons: reasons,
  });
}

export function transactWriteItems(tables: Tables, now: () => number): Operation {
  const tokens = new Map<string, { readonly request: string; readonly until: number }>();
  return operation<TransactWriteItemsCommandInput, TransactWriteItemsCommandOutput>(["TransactItems", "ClientRequestToken"], (input, note) => {
    const { TransactItems: items = [], ClientRequestToken: token } = input;
    checkCount(items.length, "transactItems");
    if (token !== undefined && (token === "" || token.length > longestToken)) {
      throw validation(
        `1 validation error detected: Value '${token}' at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36`,
      );
    }
    const writes = items.map((item) => {
      const [kind, write] = onlyMember(item);
      return prepareWrite(kind, write, tables, note);
    });
    checkDistinct(writes.map(({ table, key }) => ({ table: table.arn, key })));
    if (Buffer.byteLength(JSON.stringify(items)) > mostBytes * 2 || sizeOf(writes) > mostBytes) {
      throw validation("Collection size of items in the transaction request exceeds the 4 MB limit");
    }
    for (const [known, { until }] of tokens) {
      if (until > now()) break; // they end in the order in which they began
      tokens.delete(known);
    }
    const request = JSON.stringify(items);
    const replayed = token === undefined ? undefined : tokens.get(token);
    if (replayed !== undefined && replayed.request !== request) {
      throw new AwsError("IdempotentParameterMismatchException", "The request uses the same client token as a previous, but non-identical request.");
    }
    if (replayed !== undefined) return {};
    commit(writes);
    if (token !== undefined) tokens.set(token, { request, until: now() + tokenLife });
    return {};
  });
}

function sizeOf(writes: readonly Write[]): number {
  let total = 0;
  for (const { kind, table, key, after } of writes) total += sizeOfItem(kind === "Put" ? (after(undefined) ?? key) : (table.get(key) ?? key));
  return total;
}

function onlyMember(item: TransactWriteItem): readonly [WriteKind, WriteInput] {
  const members = Object.entries(item).filter(([, value]) => value !== undefined);
  const [kind, write] = members[0] ?? [];
  if (members.length !== 1 || write === undefined) {
    throw validation("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  if (kind === "Put" || kind === "Update" || kind === "Delete" || kind === "ConditionCheck") return [kind, write];
  throw new UnsupportedByFake(`the member ${String(kind)} of a transaction`);
}

function commit(writes: readonly Write[]): void {
  const results = writes.map(resultOf);
  if (results.some(({ reason }) => reason.Code !== "None")) throw cancelled(results.map(({ reason }) => reason));
  for (const [index, { kind, table, key }] of writes.entries()) if (kind !== "ConditionCheck") table.set(key, results[index]?.after);
}

function resultOf({ table, key, answersOld, isAllowed, after }: Write): { readonly reason: CancellationReason; readonly after?: Item | undefined } {
  const before = table.get(key);
  if (!isAllowed(before)) {
    const old = answersOld && before !== undefined ? { Item: copyItem(before) } : {};
    return { reason: { Code: "ConditionalCheckFailed", Message: "The conditional request failed", ...old } };
  }
  try {
    return { reason: { Code: "None" }, after: after(before) };
  } catch (thrown) {
    if (!(thrown instanceof AwsError)) throw thrown;
    return { reason: { Code: "ValidationError", Message: thrown.message } };
  }
}

function checkCount(count: number, field: string): void {
  if (count === 0 || count > mostItems) {
    const bound = count === 0 ? "greater than or equal to 1" : "less than or equal to 100";
    throw validation(`1 validation error detected: Value at '${field}' failed to satisfy constraint: Member must have length ${bound}`);
  }
}

function checkDistinct(keys: readonly { readonly table: string; readonly key: Item }[]): void {
  const texts = keys.map(({ table, key }) => [table, ...Object.values(key).map(valueText)].join("\n"));
  if (new Set(texts).size < texts.length) throw validation("Transaction request cannot include multiple operations on one item");
}

export function transactGetItems(tables: Tables): Operation {
  return operation<TransactGetItemsCommandInput, TransactGetItemsCommandOutput>(["TransactItems"], ({ TransactItems: items = [] }, note) => {
    checkCount(items.length, "transactItems");
    const gets = items.map(({ Get: get }) => {
      const unknown = Object.keys(get ?? {}).find((field) => field !== "TableName" && field !== "Key");
      if (unknown !== undefined) throw new UnsupportedByFake(`the field ${unknown} of Get`);
      const table = tableOf(tables, get?.TableName);
      return { table, key: checkKey(table, get?.Key) };
    });
    checkDistinct(gets.map(({ table, key }) => ({ table: table.arn, key })));
    return {
      Responses: gets.map(({ table, key }) => {
        const item = table.get(key);
        const partition = key[table.spec.hash.name];
        note.access("dynamodb:GetItem", table.arn, leadingKey(partition));
        note.count(1, sizeOfItem(item ?? {}));
        return item === undefined ? {} : { Item: copyItem(item) };
      }),
    };
  });
}
