/**
 * Items of a declared table: `p` = the first key field, `s` = the rest or `-`, both encoded so that their order is that of the
 * values; `b` body, `v` version. Per declared index with all its fields: `x_<index>` = its first field, `y_<index>` = the rest and
 * the row's key, cut to what a sort key takes: only rows that agree in so many bytes may come in another order.
 */
import type { FoundRow, RowWrite, StoredRow } from "../../../core/ports.ts";
import type { AnyTable } from "../../../core/table.ts";
import { needNumber, needText, textOf, toItem, type Item } from "./attributes.ts";

/** Ends each encoded field. */
const separator = "\u0000";
const noSort = "-";
/** Longest sort key, bytes of UTF-8. */
const longestSort = 1_024;

/** The first encoded field, and the rest. */
function split(fields: string): readonly [first: string, rest: string] {
  const end = fields.indexOf(separator) + 1;
  return [fields.slice(0, end), fields.slice(end)];
}

export function rowKeyOf(key: string): { readonly p: string; readonly s: string } {
  const [p, rest] = split(key);
  return { p, s: rest === "" ? noSort : rest };
}

function keyOfRow(item: Item): string {
  const s = needText(item, "s");
  return needText(item, "p") + (s === noSort ? "" : s);
}

export function rowItem(write: RowWrite & { readonly body: string }, version: number): Item {
  const fields: Record<string, string | number> = { ...rowKeyOf(write.key), b: write.body, v: version };
  for (const [index, encoded] of write.indexes) {
    const [first, rest] = split(encoded);
    fields[`x_${index}`] = first;
    fields[`y_${index}`] = cut(rest + write.key);
  }
  return toItem(fields);
}

export function readRow(item: Item): StoredRow {
  return { key: keyOfRow(item), body: needText(item, "b"), version: needNumber(item, "v") };
}

/** The row as a query by `index` finds it; `undefined` where it has not all fields of the index, or no longer those that begin with `prefix`. */
export function readFound(table: AnyTable, index: string | undefined, prefix: string, item: Item): FoundRow | undefined {
  const row = readRow(item);
  if (index === undefined) return row.key.startsWith(prefix) ? { row, order: row.key } : undefined;
  const [first, sort] = [textOf(item, `x_${index}`), textOf(item, `y_${index}`)];
  if (first === undefined || sort === undefined) return undefined;
  const fields = first + (table.indexFields.get(index)?.length === 2 ? split(sort)[0] : "");
  return fields.startsWith(prefix) ? { row, order: fields + row.key } : undefined;
}

/** How DynamoDB finds what begins with `prefix`. `undefined`: only by reading the whole table. */
export function rowCondition(
  index: string | undefined,
  prefix: string,
): { readonly hash: string; readonly sort: string; readonly first: string; readonly rest: string } | undefined {
  if (prefix === "") return undefined;
  const [first, rest] = split(prefix);
  return { hash: index === undefined ? "p" : `x_${index}`, sort: index === undefined ? "s" : `y_${index}`, first, rest };
}

function cut(text: string): string {
  if (Buffer.byteLength(text) <= longestSort) return text;
  // A character that was cut in its middle becomes a replacement character at the end: it is left out.
  return Buffer.from(text)
    .subarray(0, longestSort)
    .toString("utf8")
    .replace(/\uFFFD$/u, "");
}
