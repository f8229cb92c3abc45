import type { RowWrite } from "../../core/ports.ts";
import type { RecordStatements } from "./statements/records.ts";

/** Writes or deletes a row together with its index entries, inside the caller's transaction. */
export function writeRow(records: RecordStatements, table: number, { key, body, indexes }: RowWrite, version: number): void {
  const before = records.indexes(table, key);
  if (before !== undefined) {
    for (const [index, fields] of JSON.parse(before) as [string, string][]) {
      if (body === undefined || indexes.get(index) !== fields) records.removeIndex(table, index, fields, key);
    }
  }
  if (body === undefined) {
    records.remove(table, key);
    return;
  }
  records.put(table, key, version, indexes.size === 0 ? null : JSON.stringify([...indexes]), body);
  for (const [index, fields] of indexes) records.addIndex(table, index, fields, key);
}
