import { PulseQueueError } from "./errors.ts";
import type { RowQuery } from "./ports.ts";
import { encodeFields, type AnyTable } from "./table.ts";

const maxQueryLimit = 1_000;

/** `TableQuery` without the table's own types. */
export interface AnyQuery {
  readonly index?: string | undefined;
  readonly equals: Readonly<Record<string, unknown>>;
  readonly limit?: number;
}

/** The query as a store answers it. Throws `QUERY_UNINDEXED` unless leading fields of the key or of the index are given, and nothing else. */
export function rowQuery(table: AnyTable, { index, equals, limit = 100 }: AnyQuery): RowQuery {
  const fields = index === undefined ? table.keyFields : table.indexFields.get(index);
  const given = fields?.findIndex((field) => equals[field] === undefined) ?? 0;
  const leading = given < 0 ? (fields ?? []) : (fields ?? []).slice(0, given);
  if (leading.length === 0 || leading.length !== Object.values(equals).filter((value) => value !== undefined).length) {
    const by = Object.keys(equals).length === 0 ? "nothing" : Object.keys(equals).join(", ");
    throw new PulseQueueError("QUERY_UNINDEXED", `Table ${table.name} cannot be queried by ${by}${index === undefined ? "" : ` through ${index}`}`);
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > maxQueryLimit) {
    throw new PulseQueueError("QUERY_UNINDEXED", `The limit of a query must be a whole number from 1 to ${String(maxQueryLimit)}`);
  }
  return { index, prefix: encodeFields(`A query of table ${table.name}`, leading, equals), limit };
}
