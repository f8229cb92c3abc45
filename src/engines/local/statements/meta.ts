import type { Database } from "better-sqlite3";
import { PulseQueueError } from "../../../core/errors.ts";
import { checksum, checkSum } from "../checksum.ts";

/** Statements on `meta` and `names`. */
export interface MetaStatements {
  /** Throws `STORE_CORRUPT`, as every statement here that reads. */
  get(key: string): string | number | undefined;
  set(key: string, value: string | number): void;
  /** The number of a name; `undefined` for one that has none yet. */
  findName(kind: NameKind, name: string): number | undefined;
  /** The name with a number. */
  nameOf(kind: NameKind, id: number): string | undefined;
  /** Gives a new name its number. */
  intern(kind: NameKind, name: string): number;
  /**
   * Throws `STORE_CORRUPT` unless each name is as it was written and the index has it: a damaged index would hide a name, and with it
   * everything that is stored under it.
   */
  checkNames(): void;
}
export type NameKind = "type" | "source" | "table";

export function metaStatements(db: Database): MetaStatements {
  const get = db.prepare("SELECT value, sum FROM meta WHERE key = ?").raw();
  const set = db.prepare("INSERT INTO meta (key, value, sum) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, sum = excluded.sum");
  const insertName = db.prepare("INSERT INTO names (id, kind, name, sum) VALUES (?, ?, ?, ?)");
  const nextName = db.prepare("SELECT coalesce(max(id), 0) + 1 FROM names").pluck();
  const findName = db.prepare("SELECT id, sum FROM names WHERE kind = ? AND name = ?").raw();
  const nameOf = db.prepare("SELECT name, sum FROM names WHERE id = ? AND kind = ?").raw();
  const everyName = db.prepare("SELECT id, kind, name, sum FROM names NOT INDEXED").raw();
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
    findName(kind, name) {
      const row = findName.get(kind, name) as [id: number, sum: number] | undefined;
      if (row === undefined) return undefined;
      checkSum("names", row[1], row[0], kind, name);
      return row[0];
    },
    nameOf(kind, id) {
      const row = nameOf.get(id, kind) as [name: string, sum: number] | undefined;
      if (row === undefined) return undefined;
      checkSum("names", row[1], id, kind, row[0]);
      return row[0];
    },
    checkNames() {
      for (const row of everyName.iterate() as IterableIterator<[id: number, kind: string, name: string, sum: number]>) {
        const [id, kind, name, sum] = row;
        checkSum("names", sum, id, kind, name);
        const [found] = (findName.get(kind, name) ?? []) as [] | [id: number];
        if (found !== id) throw new PulseQueueError("STORE_CORRUPT", "The index of names does not have every name");
      }
    },
  };
}
