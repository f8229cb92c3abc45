/** One write of an item, alone or in a transaction: read from its input first, done later. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { UnsupportedByFake, validation } from "../service/errors.ts";
import type { Note } from "../service/service.ts";
import { checkItem, checkKey, checkNewItem, leadingKey, tableOf, type Tables } from "./check.ts";
import { holds, parseCondition } from "./condition.ts";
import type { Table } from "./table.ts";
import { bindings } from "./tokens.ts";
import { applyUpdate, parseUpdate } from "./update.ts";
import { sizeOfItem, type Item } from "./values.ts";

export type WriteKind = "Put" | "Update" | "Delete" | "ConditionCheck";

/** The members that `Put`, `Update`, `Delete` and `ConditionCheck` share. */
export interface WriteInput {
  readonly TableName?: string | undefined;
  readonly Item?: Item | undefined;
  readonly Key?: Item | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly UpdateExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined;
}

const fieldsOf: Readonly<Record<WriteKind, readonly (keyof WriteInput)[]>> = {
  Put: ["TableName", "Item", "ConditionExpression"],
  Update: ["TableName", "Key", "ConditionExpression", "UpdateExpression"],
  Delete: ["TableName", "Key", "ConditionExpression"],
  ConditionCheck: ["TableName", "Key", "ConditionExpression"],
};

export const sharedFields = ["ExpressionAttributeNames", "ExpressionAttributeValues", "ReturnValuesOnConditionCheckFailure"] as const;

const actions: Readonly<Record<WriteKind, string>> = {
  Put: "dynamodb:PutItem",
  Update: "dynamodb:UpdateItem",
  Delete: "dynamodb:DeleteItem",
  ConditionCheck: "dynamodb:ConditionCheckItem",
};

export interface Write {
  readonly kind: WriteKind;
  readonly table: Table;
  readonly key: Item;
  /** Whether a refused condition is answered with the item. */
  readonly answersOld: boolean;
  readonly isAllowed: (before: Item | undefined) => boolean;
  /** What is stored afterwards. Throws for what must not be stored. */
  readonly after: (before: Item | undefined) => Item | undefined;
}

/** Throws as the service does for an input that it refuses as a whole. */
export function prepareWrite(kind: WriteKind, input: WriteInput, tables: Tables, note: Note): Write {
  const unknown = Object.keys(input).find((field) => ![...fieldsOf[kind], ...sharedFields].some((known) => known === field));
  if (unknown !== undefined) throw new UnsupportedByFake(`the field ${unknown} of ${kind}`);
  const table = tableOf(tables, input.TableName);
  const item = kind === "Put" ? checkItem(table, input.Item) : undefined;
  const key = item === undefined ? checkKey(table, input.Key) : table.keyOf(item);
  const partition = key[table.spec.hash.name];
  note.access(actions[kind], table.arn, leadingKey(partition));
  note.count(1, sizeOfItem(item ?? key));
  const { ConditionExpression: conditionText, UpdateExpression: updateText } = input;
  const names = bindings(input.ExpressionAttributeNames, input.ExpressionAttributeValues, conditionText !== undefined || updateText !== undefined);
  const update = updateText === undefined ? [] : parseUpdate(updateText, names);
  const condition = conditionText === undefined ? undefined : parseCondition(conditionText, names);
  if (kind === "ConditionCheck" && condition === undefined) throw validation("The expression can not be empty;");
  names.finish();
  return {
    kind,
    table,
    key,
    answersOld: input.ReturnValuesOnConditionCheckFailure === "ALL_OLD",
    isAllowed: (before) => condition === undefined || holds(condition, before),
    after: (before) => {
      if (kind === "Put") return item;
      if (kind === "Delete") return undefined;
      if (kind === "ConditionCheck") return before;
      return checkNewItem(table, applyUpdate(update, before ?? key, Object.keys(key)));
    },
  };
}
