/** What the service refuses of keys and items before it does anything. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { AwsError, validation } from "../service/errors.ts";
import { keyNames, type KeyAttribute, type Table } from "./table.ts";
import { sizeOfItem, storableItem, typeOf, type Item } from "./values.ts";

/** Limits of DynamoDB (developer guide, "Quotas"). */
const mostBytes = { item: 400 * 1024, hash: 2_048, range: 1_024 } as const;

/** The tables of one account, by name. */
export type Tables = ReadonlyMap<string, Table>;

export function tableOf(tables: Tables, name: string | undefined): Table {
  if (name === undefined) throw validation("1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null");
  const table = tables.get(name);
  if (table === undefined) throw new AwsError("ResourceNotFoundException", "Requested resource not found");
  return table;
}

/** The key as it is stored. */
export function checkKey(table: Table, key: Item | undefined): Item {
  const names = keyNames(table.spec);
  if (key === undefined || Object.keys(key).length !== names.length || !names.every((name) => key[name] !== undefined)) {
    throw validation("The provided key element does not match the schema");
  }
  const stored = storableItem(key);
  for (const attribute of [table.spec.hash, table.spec.range]) {
    const value = attribute === undefined ? undefined : stored[attribute.name];
    if (attribute === undefined || value === undefined) continue;
    if (typeOf(value) !== attribute.type) throw validation("The provided key element does not match the schema");
    checkKeyValue(attribute, value, attribute === table.spec.hash ? "hash" : "range");
  }
  return stored;
}

function checkKeyValue({ name }: KeyAttribute, value: AttributeValue, role: "hash" | "range"): void {
  if (value.S === "") {
    throw validation(`One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`);
  }
  if (Buffer.byteLength(value.S ?? "") > mostBytes[role]) {
    throw validation(
      role === "hash"
        ? "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
        : "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
    );
  }
}

/** The item as it is stored. */
export function checkItem(table: Table, item: Item | undefined): Item {
  const stored = storableItem(item ?? {});
  for (const attribute of [table.spec.hash, table.spec.range]) {
    if (attribute === undefined) continue;
    const value = stored[attribute.name];
    if (value === undefined) throw validation(`One or more parameter values were invalid: Missing the key ${attribute.name} in the item`);
    if (typeOf(value) !== attribute.type) {
      throw validation(
        `One or more parameter values were invalid: Type mismatch for key ${attribute.name} expected: ${attribute.type} actual: ${typeOf(value)}`,
      );
    }
    checkKeyValue(attribute, value, attribute === table.spec.hash ? "hash" : "range");
  }
  return checkNewItem(table, stored);
}

/** What holds for every item that is about to be stored, however it came to be. */
export function checkNewItem(table: Table, item: Item): Item {
  for (const index of table.spec.indexes ?? []) {
    for (const attribute of [index.hash, index.range]) {
      const value = attribute === undefined ? undefined : item[attribute.name];
      if (attribute === undefined || value === undefined) continue;
      if (typeOf(value) !== attribute.type) {
        throw validation(
          `One or more parameter values were invalid: Type mismatch for Index Key ${attribute.name} Expected: ${attribute.type} Actual: ${typeOf(value)} IndexName: ${index.name}`,
        );
      }
      const role = attribute === index.hash ? "hash" : "range";
      if (value.S === "" || Buffer.byteLength(value.S ?? "") > mostBytes[role]) {
        const why = value.S === "" ? "cannot contain an empty string value" : "is too long";
        throw validation(
          `One or more parameter values are not valid. A value specified for a secondary index key ${why}. IndexName: ${index.name}, IndexKey: ${attribute.name}`,
        );
      }
    }
  }
  if (sizeOfItem(item) > mostBytes.item) throw validation("Item size has exceeded the maximum allowed size");
  return item;
}

/** The partition of an item, as policies bind it. */
export function leadingKey(partition: AttributeValue | undefined): { readonly "dynamodb:LeadingKeys": readonly string[] } {
  return { "dynamodb:LeadingKeys": [partition?.S ?? partition?.N ?? ""] };
}
