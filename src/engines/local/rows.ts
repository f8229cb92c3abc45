import type { RowWrite } from "../../core/ports.ts";
import { indexEntries, type AnyTable } from "../../core/table.ts";
import { shownRow } from "../../core/shown-row.ts";
import type { Vault } from "../../core/vault.ts";
import type { MetaStatements } from "./statements/meta.ts";
import { lastCharacter, type RecordRow, type RecordStatements } from "./statements/records.ts";

/** Writes or deletes a row together with its index entries, inside the caller's transaction. `id` is the table's number. */
export function writeRow(records: RecordStatements, table: AnyTable, id: number, { key, body, indexes }: RowWrite, version: number): void {
  const before = table.indexFields.size === 0 ? undefined : records.indexes(id, key);
  if (before !== undefined) {
    for (const [index, fields] of JSON.parse(before) as [string, string][]) {
      if (body === undefined || indexes.get(index) !== fields) records.removeIndex(id, index, fields, key);
    }
  }
  if (body === undefined) {
    records.remove(id, key);
    return;
  }
  records.put(id, key, version, indexes.size === 0 ? null : JSON.stringify([...indexes]), body);
  for (const [index, fields] of indexes) records.addIndex(id, index, fields, key);
}

/**
 * Makes the index entries of a table anew where its declared indexes are not those that the file was written with, inside the
 * caller's transaction. Throws `ROW_INVALID` for a stored row that the table's schema no longer accepts.
 */
export function rebuildIndexes(meta: MetaStatements, records: RecordStatements, table: AnyTable, id: number, vault: Vault | undefined): void {
  const declared = JSON.stringify([...table.indexFields]);
  const name = `indexes:${table.name}`;
  if (meta.get(name) === declared) return;
  records.clearIndex(id);
  for (const [key, version, body] of allRows(records, id)) {
    const indexes = table.indexFields.size === 0 ? noIndexes : indexEntries(table, shownRow(table, body, vault) as Readonly<Record<string, unknown>>);
    records.put(id, key, version, indexes.size === 0 ? null : JSON.stringify([...indexes]), body);
    for (const [index, fields] of indexes) records.addIndex(id, index, fields, key);
  }
  meta.set(name, declared);
}

const noIndexes: ReadonlyMap<string, string> = new Map();
/** Rows in memory at once. */
const page = 500;

function* allRows(records: RecordStatements, table: number): Generator<RecordRow> {
  for (let from = ""; ;) {
    const rows = records.byKey(table, from, lastCharacter, page);
    for (const [key, version, body] of rows) yield [key, version, body];
    const last = rows.at(-1);
    if (last === undefined || rows.length < page) return;
    from = `${last[0]}\u0000`; // the first text after it
  }
}
