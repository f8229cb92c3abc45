import type { Database } from "better-sqlite3";
import { checksum, checkSum } from "../checksum.ts";

/** Statements on `meta` and `names`. */
export interface MetaStatements {
  /** Throws `STORE_CORRUPT`, as every statement here that reads. */
  get(key: string): string | number | undefined;
  set(key: string, value: string | number): void;
  /** Gives a new name its number. The caller knows all others from `names`. */
  intern(kind: NameKind, name: string): number;
  /** Every name of a kind, by number. */
  names(kind: NameKind): readonly (readonly [id: number, name: string])[];
}
export type NameKind = "type" | "source" | "table";

export function metaStatements(db: Database): MetaStatements {
  const get = db.prepare("SELECT value, sum FROM meta WHERE key = ?").raw();
  const set = db.prepare("INSERT INTO meta (key, value, sum) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, sum = excluded.sum");
  const insertName = db.prepare("INSERT INTO names (id, kind, name, sum) VALUES (?, ?, ?, ?)");
  const nextName = db.prepare("SELECT coalesce(max(id), 0) + 1 FROM names").pluck();
  // Read without the index: a damaged one would hide a name, and with it everything that is stored under it.
  const names = db.prepare("SELECT id, kind, name, sum FROM names NOT INDEXED").raw();
  return {
    get(key) {
      const row = get.get(key) as [string | number, number] | undefined;
      if (row === undefined) return undefined;
      checkSum("meta", row[1], key, row[0]);
      return row[0];
    },
    set: (key, value) => void set.run(key, value, checksum(key, value)),
    intern(kind, name) {
      const id = nextName.get() as number;
      insertName.run(id, kind, name, checksum(id, kind, name));
      return id;
    },
    names(kind) {
      const rows = names.all() as unknown as (readonly [id: number, kind: string, name: string, sum: number])[];
      for (const [id, stored, name, sum] of rows) checkSum("names", sum, id, stored, name);
      return rows.filter(([, stored]) => stored === kind).map(([id, , name]) => [id, name]);
    },
  };
}
