import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Database } from "better-sqlite3";
import { PulseQueueError } from "../../core/errors.ts";
import { storeError } from "./failure.ts";
import { syncFile, syncFolder } from "./sync.ts";

/** Pages copied before other work gets its turn. */
const pagesPerStep = 256;

/**
 * Copies the database while it is in use: a committed prefix of it, in a file for this user only. The copy is made under
 * another name (`<target>-partial`) and gets its own when it is complete and synced: what has the name is a whole backup.
 *
 * Throws `OPERATION_INVALID` where `target` is there already, `QUEUE_CLOSED` when the queue is closed meanwhile, `STORE_…`.
 */
export async function backUp(
  db: Database,
  target: string,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<{ readonly bytes: number }> {
  const partial = `${target}-partial`;
  if (existsSync(target)) throw new PulseQueueError("OPERATION_INVALID", "There is a file at the backup's path already: a backup never replaces one");
  try {
    rmSync(partial, { force: true });
    closeSync(openSync(partial, "wx", 0o600));
    await db.backup(partial, {
      progress({ totalPages, remainingPages }) {
        progress(totalPages - remainingPages, totalPages);
        return pagesPerStep;
      },
    });
    chmodSync(partial, 0o600);
    syncFile(partial);
    renameSync(partial, target);
    syncFolder(dirname(target));
    return { bytes: statSync(target).size };
  } catch (thrown) {
    rmSync(partial, { force: true });
    throw db.open ? storeError(thrown) : new PulseQueueError("QUEUE_CLOSED", "The queue was closed before the backup was complete", { cause: thrown });
  }
}

/** The database as bytes. */
export function serialize(db: Database): Uint8Array {
  return db.serialize();
}
