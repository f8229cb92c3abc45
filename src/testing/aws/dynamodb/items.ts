/** Operations on items by their keys. */
import type {
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  BatchWriteItemCommandInput,
  BatchWriteItemCommandOutput,
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  PutItemCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { AwsError, UnsupportedByFake, validation } from "../service/errors.ts";
import { operation, type Note, type Operation } from "../service/service.ts";
import { checkItem, checkKey, leadingKey, tableOf, type Tables } from "./check.ts";
import { projection } from "./projection.ts";
import { valueText, type Table } from "./table.ts";
import { bindings } from "./tokens.ts";
import { copyItem, sizeOfItem, type Item } from "./values.ts";
import { prepareWrite, sharedFields, type WriteInput, type WriteKind } from "./write.ts";

const most = { batchGet: 100, batchWrite: 25, answerBytes: 16 * 1024 * 1024 } as const;

export function itemOperations(tables: Tables): Readonly<Record<string, Operation>> {
  return {
    GetItem: operation<GetItemCommandInput, GetItemCommandOutput>(
      ["TableName", "Key", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"],
      (input, note) => {
        const table = tableOf(tables, input.TableName);
        const key = checkKey(table, input.Key);
        const names = bindings(input.ExpressionAttributeNames, undefined, input.ProjectionExpression !== undefined);
        const project = projection(input.ProjectionExpression, names);
        names.finish();
        const item = read(table, key, "dynamodb:GetItem", note);
        return item === undefined ? {} : { Item: project(item) };
      },
    ),
    PutItem: operation<PutItemCommandInput, PutItemCommandOutput>(
      ["TableName", "Item", "ConditionExpression", "ReturnValues", ...sharedFields],
      ({ ReturnValues, ...input }, note) => writeOne("Put", input, ReturnValues, tables, note),
    ),
    UpdateItem: operation<UpdateItemCommandInput, UpdateItemCommandOutput>(
      ["TableName", "Key", "UpdateExpression", "ConditionExpression", "ReturnValues", ...sharedFields],
      ({ ReturnValues, ...input }, note) => writeOne("Update", input, ReturnValues, tables, note),
    ),
    DeleteItem: operation<DeleteItemCommandInput, DeleteItemCommandOutput>(
      ["TableName", "Key", "ConditionExpression", "ReturnValues", ...sharedFields],
      ({ ReturnValues, ...input }, note) => writeOne("Delete", input, ReturnValues, tables, note),
    ),
    BatchGetItem: operation<BatchGetItemCommandInput, BatchGetItemCommandOutput>(["RequestItems"], ({ RequestItems: requests = {} }, note) =>
      batchGet(requests, tables, note),
    ),
    BatchWriteItem: operation<BatchWriteItemCommandInput, BatchWriteItemCommandOutput>(["RequestItems"], ({ RequestItems: requests = {} }, note) =>
      batchWrite(requests, tables, note),
    ),
  };
}

function read(table: Table, key: Item, action: string, note: Note): Item | undefined {
  const item = table.get(key);
  const partition = key[table.spec.hash.name];
  note.access(action, table.arn, leadingKey(partition));
  note.count(1, sizeOfItem(item ?? {}));
  return item === undefined ? undefined : copyItem(item);
}

function writeOne(kind: WriteKind, input: WriteInput, returned: string | undefined, tables: Tables, note: Note): { Attributes?: Record<string, never> } {
  const write = prepareWrite(kind, input, tables, note);
  const before = write.table.get(write.key);
  if (!write.isAllowed(before)) {
    const old = write.answersOld && before !== undefined ? { Item: copyItem(before) } : {};
    throw new AwsError("ConditionalCheckFailedException", "The conditional request failed", 400, old);
  }
  const after = write.after(before);
  write.table.set(write.key, after);
  return attributes(kind, returned, before, after) as { Attributes?: Record<string, never> };
}

function attributes(kind: WriteKind, returned: string | undefined, before: Item | undefined, after: Item | undefined): { Attributes?: Item } {
  if (returned === undefined || returned === "NONE") return {};
  if (returned === "ALL_NEW" && kind !== "Update") throw validation("Return values set to invalid value");
  if (returned !== "ALL_OLD" && returned !== "ALL_NEW") throw new UnsupportedByFake(`ReturnValues ${returned}`);
  const item = returned === "ALL_OLD" ? before : after;
  return item === undefined ? {} : { Attributes: copyItem(item) };
}

function batchGet(requests: NonNullable<BatchGetItemCommandInput["RequestItems"]>, tables: Tables, note: Note): Omit<BatchGetItemCommandOutput, "$metadata"> {
  const wanted = Object.entries(requests).map(([name, { Keys: keys = [], ConsistentRead: _consistent, ...rest }]) => {
    const unknown = Object.keys(rest).find((field) => rest[field as keyof typeof rest] !== undefined);
    if (unknown !== undefined) throw new UnsupportedByFake(`the field ${unknown} of a batch of keys`);
    const table = tableOf(tables, name);
    return { name, table, keys: keys.map((key) => checkKey(table, key)) };
  });
  checkBatch(
    wanted.flatMap(({ name, keys }) => keys.map((key) => ({ name, key }))),
    most.batchGet,
  );
  const Responses: Record<string, Item[]> = {};
  const UnprocessedKeys: Record<string, { Keys: Item[] }> = {};
  for (const { name, table, keys } of wanted) {
    const processed = keys.filter((key) => {
      const isLeft = note.entryFault() !== undefined;
      if (isLeft) (UnprocessedKeys[name] ??= { Keys: [] }).Keys.push(key);
      return !isLeft;
    });
    const found = processed.map((key) => read(table, key, "dynamodb:BatchGetItem", note)).filter((item) => item !== undefined);
    Responses[name] = found.map(copyItem);
  }
  return { Responses, UnprocessedKeys };
}

function batchWrite(
  requests: NonNullable<BatchWriteItemCommandInput["RequestItems"]>,
  tables: Tables,
  note: Note,
): Omit<BatchWriteItemCommandOutput, "$metadata"> {
  const writes = Object.entries(requests).flatMap(([name, list]) => {
    const table = tableOf(tables, name);
    return list.map(({ PutRequest: put, DeleteRequest: remove }) => {
      const item = put === undefined ? undefined : checkItem(table, put.Item);
      return { name, table, item, key: item === undefined ? checkKey(table, remove?.Key) : table.keyOf(item) };
    });
  });
  checkBatch(writes, most.batchWrite);
  for (const { table, key, item } of writes) {
    const partition = key[table.spec.hash.name];
    note.access("dynamodb:BatchWriteItem", table.arn, leadingKey(partition));
    note.count(1, sizeOfItem(item ?? key));
    table.set(key, item);
  }
  return { UnprocessedItems: {} };
}

function checkBatch(keys: readonly { readonly name: string; readonly key: Item }[], count: number): void {
  if (keys.length === 0) throw validation("The batch request list for a table cannot be null or empty");
  if (keys.length > count) throw validation(`Too many items requested for the Batch call: at most ${String(count)}`);
  const texts = keys.map(({ name, key }) => [name, ...Object.values(key).map(valueText)].join("\n"));
  if (new Set(texts).size < texts.length) throw validation("Provided list of item keys contains duplicates");
}
