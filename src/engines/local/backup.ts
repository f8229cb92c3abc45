import { chmodSync, statSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { storeError } from "./failure.ts";

/** Pages copied before other work gets its turn. */
const pagesPerStep = 256;

/** Copies the database while it is in use: a committed prefix of it, in a file for this user only. Throws `STORE_…`. */
export async function backUp(
  db: Database,
  target: string,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<{ readonly bytes: number }> {
  try {
    await db.backup(target, {
      progress({ totalPages, remainingPages }) {
        progress(totalPages - remainingPages, totalPages);
        return pagesPerStep;
      },
    });
    chmodSync(target, 0o600);
    return { bytes: statSync(target).size };
  } catch (thrown) {
    throw storeError(thrown);
  }
}

/** The database as bytes. */
export function serialize(db: Database): Uint8Array {
  return db.serialize();
}
