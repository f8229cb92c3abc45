/**
 * Names by number, so that rows stay short. Types and tables are as many as the app declares; sources come from publishers, who may choose
 * a new one for each event: so only some names of a kind are kept in memory, and the others are asked for in the file.
 */
import { PulseQueueError } from "../../core/errors.ts";
import { reading } from "./failure.ts";
import type { MetaStatements, NameKind } from "./statements/meta.ts";

/** Names of one kind that are kept in memory. More than that in use at once cost a look into the file each. */
export const mostNames = 1_000;

export interface Names {
  /** Its number; a new name gets one, inside the transaction of the caller. */
  id(name: string): number;
  /** Throws `STORE_CORRUPT` for a number that no name has. */
  name(id: number): string;
  /** Forgets what is in memory: a transaction that made some was rolled back. */
  forget(): void;
}

export function openNames(meta: Pick<MetaStatements, "findName" | "nameOf" | "intern">, kind: NameKind): Names {
  const ids = new Map<string, number>();
  const names = new Map<number, string>();
  /** The one that is there longest makes room, in use or not: one that is in use comes back. */
  const keep = (id: number, name: string): void => {
    for (const [oldest, number] of ids) {
      if (ids.size < mostNames) break;
      ids.delete(oldest);
      names.delete(number);
    }
    ids.set(name, id);
    names.set(id, name);
  };
  return {
    id(name) {
      const known = ids.get(name);
      if (known !== undefined) return known;
      const id = meta.findName(kind, name) ?? meta.intern(kind, name);
      keep(id, name);
      return id;
    },
    name(id) {
      const known = names.get(id);
      if (known !== undefined) return known;
      const name = reading(() => meta.nameOf(kind, id));
      if (name === undefined) throw new PulseQueueError("STORE_CORRUPT", `Name ${String(id)} of kind ${kind} is missing`);
      keep(id, name);
      return name;
    },
    forget() {
      ids.clear();
      names.clear();
    },
  };
}
