import type { Database } from "better-sqlite3";

export type RecordRow = readonly [key: string, version: number, body: string];
export type FoundRecord = readonly [key: string, version: number, body: string, order: string];

/** Statements on `records`, `record_index` and `answers`. */
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
  all(table: number): readonly RecordRow[];
  answer(request: string): readonly [fingerprint: string, answer: string] | undefined;
  saveAnswer(request: string, fingerprint: string, answer: string, time: number): void;
}

export function recordStatements(db: Database): RecordStatements {
  const get = db.prepare("SELECT key, version, body FROM records WHERE tbl = ? AND key = ?").raw();
  const byKey = db.prepare("SELECT key, version, body, key FROM records WHERE tbl = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?").raw();
  const byIndex = db
    .prepare(
      `SELECT r.key, r.version, r.body, i.fields || i.key FROM record_index i JOIN records r ON r.tbl = i.tbl AND r.key = i.key
     WHERE i.tbl = ? AND i.name = ? AND i.fields >= ? AND i.fields < ? ORDER BY i.fields, i.key LIMIT ?`,
    )
    .raw();
  const version = db.prepare("SELECT version FROM records WHERE tbl = ? AND key = ?").pluck();
  const put = db.prepare(
    `INSERT INTO records (tbl, key, version, indexes, body) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (tbl, key) DO UPDATE SET version = excluded.version, indexes = excluded.indexes, body = excluded.body`,
  );
  const remove = db.prepare("DELETE FROM records WHERE tbl = ? AND key = ?");
  const indexes = db.prepare("SELECT indexes FROM records WHERE tbl = ? AND key = ? AND indexes IS NOT NULL").pluck();
  const clearIndex = db.prepare("DELETE FROM record_index WHERE tbl = ?");
  const addIndex = db.prepare("INSERT INTO record_index (tbl, name, fields, key) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const removeIndex = db.prepare("DELETE FROM record_index WHERE tbl = ? AND name = ? AND fields = ? AND key = ?");
  const all = db.prepare("SELECT key, version, body FROM records WHERE tbl = ? ORDER BY key").raw();
  const answer = db.prepare("SELECT fingerprint, answer FROM answers WHERE request = ?").raw();
  const saveAnswer = db.prepare("INSERT INTO answers (request, fingerprint, answer, time) VALUES (?, ?, ?, ?)");
  return {
    get: (table, key) => get.get(table, key) as RecordRow | undefined,
    byKey: (table, prefix, end, limit) => byKey.all(table, prefix, end, limit) as unknown as FoundRecord[],
    byIndex: (table, index, prefix, end, limit) => byIndex.all(table, index, prefix, end, limit) as unknown as FoundRecord[],
    version: (table, key) => (version.get(table, key) as number | undefined) ?? 0,
    put: (...values) => void put.run(...values),
    remove: (table, key) => void remove.run(table, key),
    indexes: (table, key) => indexes.get(table, key) as string | undefined,
    clearIndex: (table) => void clearIndex.run(table),
    addIndex: (...values) => void addIndex.run(...values),
    removeIndex: (...values) => void removeIndex.run(...values),
    all: (table) => all.all(table) as unknown as RecordRow[],
    answer: (request) => answer.get(request) as [string, string] | undefined,
    saveAnswer: (...values) => void saveAnswer.run(...values),
  };
}
