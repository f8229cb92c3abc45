import type { Database } from "better-sqlite3";

/** Statements on `meta` and `names`. */
export interface MetaStatements {
  get(key: string): string | number | undefined;
  set(key: string, value: string | number): void;
  /** The number of a name, made if it is new. */
  intern(kind: NameKind, name: string): number;
  /** Every name of a kind, by number. */
  names(kind: NameKind): readonly (readonly [id: number, name: string])[];
}
export type NameKind = "type" | "source" | "table";

export function metaStatements(db: Database): MetaStatements {
  const get = db.prepare("SELECT value FROM meta WHERE key = ?").pluck();
  const set = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
  const insertName = db.prepare("INSERT INTO names (kind, name) VALUES (?, ?) ON CONFLICT (kind, name) DO NOTHING");
  const nameId = db.prepare("SELECT id FROM names WHERE kind = ? AND name = ?").pluck();
  const names = db.prepare("SELECT id, name FROM names WHERE kind = ?").raw();
  return {
    get: (key) => get.get(key) as string | number | undefined,
    set: (key, value) => void set.run(key, value),
    intern(kind, name) {
      insertName.run(kind, name);
      return nameId.get(kind, name) as number;
    },
    names: (kind) => names.all(kind) as [number, string][],
  };
}
