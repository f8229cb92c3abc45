/** `Query` and `Scan`, page by page. */
import type { AttributeValue, QueryCommandInput, QueryCommandOutput, ScanCommandInput, ScanCommandOutput } from "@aws-sdk/client-dynamodb";
import { UnsupportedByFake, validation } from "../service/errors.ts";
import { operation, type Note, type Operation } from "../service/service.ts";
import { leadingKey, tableOf, type Tables } from "./check.ts";
import { compares, holds, parseCondition, type Comparator, type Condition } from "./condition.ts";
import { projection } from "./projection.ts";
import { keyNames, valueText, type Collection, type Entry, type KeySchema, type Table } from "./table.ts";
import { bindings, type Bindings } from "./tokens.ts";
import { isEqual, sizeOfItem, storableItem, typeOf, type Item } from "./values.ts";

/** A page ends after so many bytes of items read. */
const pageBytes = 1024 * 1024;

const sharedFields = [
  "TableName",
  "IndexName",
  "FilterExpression",
  "ProjectionExpression",
  "ExpressionAttributeNames",
  "ExpressionAttributeValues",
  "Limit",
  "ExclusiveStartKey",
  "ConsistentRead",
  "Select",
] as const;

export function queryOperations(tables: Tables): Readonly<Record<string, Operation>> {
  return {
    Query: operation<QueryCommandInput, QueryCommandOutput>([...sharedFields, "KeyConditionExpression", "ScanIndexForward"], (input, note) => {
      const { table, collection, names } = open(input, tables, input.KeyConditionExpression);
      const { hash, accepts } = keyCondition(input.KeyConditionExpression, names, collection.keys);
      note.access("dynamodb:Query", resourceOf(table, input.IndexName), leadingKey(hash));
      const entries = collection.partition(hash).filter((entry) => accepts(entry));
      const ordered = input.ScanIndexForward === false ? entries.toReversed() : entries;
      return page(input, { table, collection, names, note }, ordered);
    }),
    Scan: operation<ScanCommandInput, ScanCommandOutput>([...sharedFields], (input, note) => {
      const { table, collection, names } = open(input, tables, undefined);
      note.access("dynamodb:Scan", resourceOf(table, input.IndexName));
      return page(input, { table, collection, names, note }, collection.all());
    }),
  };
}

interface Opened {
  readonly table: Table;
  readonly collection: Collection;
  readonly names: Bindings;
}

function open(input: ScanCommandInput, tables: Tables, keyExpression: string | undefined): Opened {
  const table = tableOf(tables, input.TableName);
  const index = input.IndexName === undefined ? undefined : table.index(input.IndexName);
  if (input.IndexName !== undefined && index === undefined) throw validation(`The table does not have the specified index: ${input.IndexName}`);
  if (index !== undefined && input.ConsistentRead === true) throw validation("Consistent reads are not supported on global secondary indexes");
  if (input.Limit !== undefined && input.Limit < 1) {
    throw validation(
      `1 validation error detected: Value '${String(input.Limit)}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    );
  }
  const hasExpression = [keyExpression, input.FilterExpression, input.ProjectionExpression].some((text) => text !== undefined);
  return { table, collection: index ?? table, names: bindings(input.ExpressionAttributeNames, input.ExpressionAttributeValues, hasExpression) };
}

function resourceOf(table: Table, index: string | undefined): string {
  return index === undefined ? table.arn : `${table.arn}/index/${index}`;
}

function page(
  input: ScanCommandInput,
  { table, collection, names, note }: Opened & { readonly note: Note },
  entries: readonly Entry[],
): Omit<QueryCommandOutput, "$metadata"> {
  const filter = input.FilterExpression === undefined ? undefined : parseCondition(input.FilterExpression, names);
  const project = projection(input.ProjectionExpression, names);
  if (input.Select !== undefined && input.Select !== "COUNT" && input.Select !== "ALL_ATTRIBUTES") throw new UnsupportedByFake(`Select ${input.Select}`);
  names.finish();
  const start = startOf(input.ExclusiveStartKey, table, collection, entries, input.TableName);
  const read: Entry[] = [];
  let bytes = 0;
  for (const entry of entries.slice(start)) {
    if (read.length === input.Limit || bytes >= pageBytes) break;
    read.push(entry);
    bytes += sizeOfItem(entry.item);
  }
  note.count(read.length, bytes);
  const found = read.filter(({ item }) => filter === undefined || holds(filter, item));
  const last = read.at(-1);
  // As the real one, a page that is full says that there may be more, also where it was the last.
  const isCut = last !== undefined && (read.length === input.Limit || start + read.length < entries.length);
  return {
    ...(input.Select === "COUNT" ? {} : { Items: found.map(({ item }) => project(item)) }),
    Count: found.length,
    ScannedCount: read.length,
    ...(isCut ? { LastEvaluatedKey: keyOfEntry(last.item, table, collection) } : {}),
  };
}

function keyOfEntry(item: Item, table: Table, collection: Collection): Record<string, AttributeValue> {
  const names = [...keyNames(table.spec), ...keyNames(collection.keys)];
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
}

/** The place after the start key, or where it would be if it is there no more. */
function startOf(given: Item | undefined, table: Table, collection: Collection, entries: readonly Entry[], tableName: string | undefined): number {
  if (given === undefined) return 0;
  const key = storableItem(given);
  const names = new Set([...keyNames(table.spec), ...keyNames(collection.keys)]);
  if (Object.keys(key).length !== names.size || ![...names].every((name) => key[name] !== undefined)) {
    throw validation(`The provided starting key is invalid: it does not fit the keys of ${tableName ?? ""}`);
  }
  const text = keyNames(table.spec)
    .map((name) => valueText(key[name]))
    .join("\n");
  const at = entries.findIndex((entry) => entry.key === text);
  if (at >= 0) return at + 1;
  const range = collection.keys.range === undefined ? undefined : key[collection.keys.range.name];
  if (range === undefined) throw new UnsupportedByFake("a start key of an item that is there no more, where there is no order");
  const isDescending = entries.length > 1 && compares(entries[0]?.range, ">", entries.at(-1)?.range);
  const next = entries.findIndex((entry) => compares(entry.range, isDescending ? "<" : ">", range));
  return next < 0 ? entries.length : next;
}

/** Only `hash = :v`, alone or with one condition on the sort key, is one. */
function keyCondition(
  text: string | undefined,
  names: Bindings,
  keys: KeySchema,
): { readonly hash: AttributeValue; readonly accepts: (entry: Entry) => boolean } {
  if (text === undefined) {
    throw validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
  }
  const parts = conjuncts(parseCondition(text, names));
  const equal = parts.map((part) => ({ part, value: valueCompared(part, keys.hash.name, ["="]) })).find(({ value }) => value !== undefined);
  if (equal?.value === undefined) throw validation(`Query condition missed key schema element: ${keys.hash.name}`);
  if (typeOf(equal.value) !== keys.hash.type) {
    throw validation("One or more parameter values were invalid: Condition parameter type does not match schema type");
  }
  if (equal.value.S === "") {
    throw validation(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${keys.hash.name}`,
    );
  }
  const rest = parts.filter((part) => part !== equal.part);
  const [range] = rest;
  if (rest.length > 1) throw validation("Conditions can be of length 1 or 2 only");
  if (range !== undefined && !isRangeCondition(range, keys)) throw validation(`Query key condition not supported`);
  const hash = equal.value;
  return {
    hash,
    accepts: ({ item }) => {
      const value = item[keys.hash.name];
      return value !== undefined && isEqual(value, hash) && (range === undefined || holds(range, item));
    },
  };
}

function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === "and" ? [...conjuncts(condition.left), ...conjuncts(condition.right)] : [condition];
}

function valueCompared(condition: Condition, name: string, comparators: readonly Comparator[]): AttributeValue | undefined {
  if (condition.kind !== "compare" || !comparators.includes(condition.comparator)) return undefined;
  const { left, right } = condition;
  return left.kind === "path" && left.path.length === 1 && left.path[0] === name && right.kind === "value" ? right.value : undefined;
}

function isRangeCondition(condition: Condition, { range }: KeySchema): boolean {
  if (range === undefined) return false;
  const isOwn = (value: AttributeValue | undefined): boolean => {
    if (value === undefined) return false;
    if (typeOf(value) === range.type) return true;
    throw validation("One or more parameter values were invalid: Condition parameter type does not match schema type");
  };
  if (condition.kind === "begins") return condition.path[0] === range.name && condition.operand.kind === "value" && isOwn(condition.operand.value);
  if (condition.kind === "between") {
    const { operand, low, high } = condition;
    return operand.kind === "path" && operand.path[0] === range.name && low.kind === "value" && high.kind === "value" && isOwn(low.value) && isOwn(high.value);
  }
  return isOwn(valueCompared(condition, range.name, ["=", "<", "<=", ">", ">="]));
}
