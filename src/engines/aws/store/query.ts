/**
 * Queries of declared tables. By the table's own key they see every row that is committed. An index of DynamoDB follows its table a
 * little later: rows that a query finds by it are read again, and those that no longer match are left out; one that was written
 * just now may be missing.
 */
import type { QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { PulseQueueError } from "../../../core/errors.ts";
import type { FoundRow, RowQuery } from "../../../core/ports.ts";
import { compareText, type AnyTable } from "../../../core/table.ts";
import { needText, type Item } from "../items/attributes.ts";
import { readFound, rowCondition } from "../items/rows.ts";
import { tableName } from "./commit.ts";
import { getItems, queryPages, scanPages } from "./read.ts";
import type { StoreContext } from "./types.ts";

export async function queryRows(context: StoreContext, name: string, { index, prefix, limit }: RowQuery): Promise<readonly FoundRow[]> {
  const table = context.topology.tables.get(name);
  if (table === undefined) throw new PulseQueueError("TABLE_UNKNOWN", `App ${context.topology.app} does not know the table ${name}`);
  const input = queryInput(context, table, index, prefix, limit);
  const found: FoundRow[] = [];
  for await (const page of input === undefined ? scanPages(context, tableName(context, name)) : queryPages(context, input)) {
    const items = index === undefined ? page : await readAgain(context, table, page);
    found.push(...items.map((item) => readFound(table, index, prefix, item)).filter((row) => row !== undefined));
    if (input !== undefined && found.length >= limit) break;
  }
  return found.sort((left, right) => compareText(left.order, right.order)).slice(0, limit);
}

/** `undefined`: nothing is given that a query could begin with, so the whole table is read. */
function queryInput(context: StoreContext, table: AnyTable, index: string | undefined, prefix: string, limit: number): QueryCommandInput | undefined {
  const condition = rowCondition(index, prefix);
  if (condition === undefined) return undefined;
  const { hash, sort, first, rest } = condition;
  return {
    TableName: tableName(context, table.name),
    ...(index === undefined ? { ConsistentRead: true } : { IndexName: index, ProjectionExpression: "p, s" }),
    KeyConditionExpression: rest === "" ? "#hash = :first" : "#hash = :first AND begins_with(#sort, :rest)",
    ExpressionAttributeNames: { "#hash": hash, ...(rest === "" ? {} : { "#sort": sort }) },
    ExpressionAttributeValues: { ":first": { S: first }, ...(rest === "" ? {} : { ":rest": { S: rest } }) },
    Limit: limit,
  };
}

async function readAgain(context: StoreContext, table: AnyTable, page: readonly Item[]): Promise<readonly Item[]> {
  const keys = page.map((item) => ({ p: needText(item, "p"), s: needText(item, "s") }));
  return getItems(context, tableName(context, table.name), keys);
}
