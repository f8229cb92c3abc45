import type { Database } from "better-sqlite3";
import { PulseQueueError } from "../../../core/errors.ts";
import { checksum, checkSum } from "../checksum.ts";

/** Added to a prefix, it gives a text that is greater than every text with that prefix. */
export const lastCharacter = "\uffff";

export type RecordRow = readonly [key: string, version: number, body: string];
export type FoundRecord = readonly [key: string, version: number, body: string, order: string];

/** A row of `records` as it is selected here. */
type Selected = readonly [key: string, version: number, body: string, indexes: string | null, sum: number];

/** Statements on `records`, `record_index` and `answers`. What is read is checked: it throws `STORE_CORRUPT`. */
export interface RecordStatements {
  get(table: number, key: string): RecordRow | undefined;
  /** Rows whose key starts with `prefix`, in the order of their keys. `end` is the first text after the prefix. */
  byKey(table: number, prefix: string, end: string, limit: number): readonly FoundRecord[];
  byIndex(table: number, index: string, prefix: string, end: string, limit: number): readonly FoundRecord[];
  version(table: number, key: string): number;
  put(table: number, key: string, version: number, indexes: string | null, body: string): void;
  remove(table: number, key: string): void;
  indexes(table: number, key: string): string | undefined;
  /** Removes every index entry of a table. */
  clearIndex(table: number): void;
  addIndex(table: number, index: string, fields: string, key: string): void;
  removeIndex(table: number, index: string, fields: string, key: string): void;
  answer(request: string): readonly [fingerprint: string, answer: string] | undefined;
  saveAnswer(request: string, fingerprint: string, answer: string, time: number): void;
}

export function recordStatements(db: Database): RecordStatements {
  const columns = "r.key, r.version, r.body, r.indexes, r.sum";
  const get = db.prepare(`SELECT ${columns} FROM records r WHERE r.tbl = ? AND r.key = ?`).raw();
  const byKey = db.prepare(`SELECT ${columns} FROM records r WHERE r.tbl = ? AND r.key >= ? AND r.key < ? ORDER BY r.key LIMIT ?`).raw();
  const byIndex = db
    .prepare(
      `SELECT ${columns}, i.fields FROM record_index i JOIN records r ON r.tbl = i.tbl AND r.key = i.key
     WHERE i.tbl = ? AND i.name = ? AND i.fields >= ? AND i.fields < ? ORDER BY i.fields, i.key LIMIT ?`,
    )
    .raw();
  const version = db.prepare("SELECT version FROM records WHERE tbl = ? AND key = ?").pluck();
  const put = db.prepare(
    `INSERT INTO records (tbl, key, version, indexes, body, sum) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (tbl, key) DO UPDATE SET version = excluded.version, indexes = excluded.indexes, body = excluded.body, sum = excluded.sum`,
  );
  const remove = db.prepare("DELETE FROM records WHERE tbl = ? AND key = ?");
  const clearIndex = db.prepare("DELETE FROM record_index WHERE tbl = ?");
  const addIndex = db.prepare("INSERT INTO record_index (tbl, name, fields, key) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const removeIndex = db.prepare("DELETE FROM record_index WHERE tbl = ? AND name = ? AND fields = ? AND key = ?");
  const answer = db.prepare("SELECT fingerprint, answer, time, sum FROM answers WHERE request = ?").raw();
  const saveAnswer = db.prepare("INSERT INTO answers (request, fingerprint, answer, time, sum) VALUES (?, ?, ?, ?, ?)");
  const checked = (table: number, [key, version, body, entries, sum]: Selected): RecordRow => {
    checkSum("records", sum, table, key, version, entries, body);
    return [key, version, body];
  };
  return {
    get(table, key) {
      const row = get.get(table, key) as Selected | undefined;
      return row === undefined ? undefined : checked(table, row);
    },
    byKey: (table, prefix, end, limit) =>
      (byKey.all(table, prefix, end, limit) as unknown as Selected[]).map((row) => [...checked(table, row), row[0]] as const),
    byIndex(table, index, prefix, end, limit) {
      const rows = byIndex.all(table, index, prefix, end, limit) as unknown as (readonly [...Selected, fields: string])[];
      return rows.map(([key, version, body, entries, sum, fields]) => {
        if (entries?.includes(JSON.stringify([index, fields])) !== true) throw new PulseQueueError("STORE_CORRUPT", "An index entry does not match its row");
        return [...checked(table, [key, version, body, entries, sum]), fields + key] as const;
      });
    },
    version: (table, key) => (version.get(table, key) as number | undefined) ?? 0,
    put: (...values) => void put.run(...values, checksum(...values)),
    remove: (table, key) => void remove.run(table, key),
    indexes(table, key) {
      const row = get.get(table, key) as Selected | undefined;
      if (row === undefined) return undefined;
      checked(table, row);
      return row[3] ?? undefined;
    },
    clearIndex: (table) => void clearIndex.run(table),
    addIndex: (...values) => void addIndex.run(...values),
    removeIndex: (...values) => void removeIndex.run(...values),
    answer(request) {
      const row = answer.get(request) as [string, string, number, number] | undefined;
      if (row === undefined) return undefined;
      const [fingerprint, text, time, sum] = row;
      checkSum("answers", sum, request, fingerprint, text, time);
      return [fingerprint, text];
    },
    saveAnswer: (...values) => void saveAnswer.run(...values, checksum(...values)),
  };
}
