import Database from "better-sqlite3";
import { PulseQueueError } from "../../core/errors.ts";
import { storeError } from "./failure.ts";
import { openJournal } from "./journal.ts";
import { acquireLock } from "./lock.ts";
import { migrateOlder } from "./migrations/index.ts";
import type { VerifyReport } from "./options.ts";
import { checkFile } from "./preflight.ts";
import { prepareStatements } from "./statements/index.ts";
import { verifyFile } from "./verify.ts";

/**
 * Checks a file that no engine has open, also one that is too damaged to be opened by one, and whatever app it belongs to.
 * Throws `STORE_LOCKED`, `STORE_FOREIGN`, `STORE_NEWER`, `STORE_READ_ONLY`, `STORE_FAILED`; damage is in the report.
 */
export async function verifyLocal(file: string, progress?: (events: number) => void): Promise<VerifyReport> {
  const lock = acquireLock(file);
  let db: Database.Database | undefined;
  try {
    if (checkFile(file, true).isNew) throw new PulseQueueError("STORE_FOREIGN", "There is no file, or an empty one");
    db = new Database(file, { timeout: 1_000, fileMustExist: true });
    db.pragma("locking_mode = EXCLUSIVE");
    migrateOlder(db);
    const statements = prepareStatements(db);
    return await verifyFile(db, statements, openJournal(statements.journal, statements.meta), { progress });
  } catch (thrown) {
    const error = storeError(thrown);
    // A statement that does not fit the tables is damage too: the format was checked before.
    if (error.code !== "STORE_CORRUPT" && error.code !== "INTERNAL") throw error;
    return { ok: false, events: 0, problems: [{ position: 0, message: error.code === "INTERNAL" ? "The file's tables cannot be read" : error.message }] };
  } finally {
    db?.close();
    lock.release();
  }
}
