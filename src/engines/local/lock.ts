import { accessSync, closeSync, constants, openSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import Database from "better-sqlite3";
import { PulseQueueError } from "../../core/errors.ts";
import { isSystemError, storeError } from "./failure.ts";

/**
 * Holds `<file>-lock` for this process until `release`, or until the process ends however it ends: the lock is the operating
 * system's own on an open file, taken by an exclusive SQLite transaction that never commits. So nothing is left to clean up
 * after `kill -9`, and a second process (or a second engine in this one) is refused at once.
 *
 * Throws `STORE_LOCKED`, and `STORE_READ_ONLY` where the lock's file cannot be made.
 */
export function acquireLock(file: string): { release(): void } {
  let lock: Database.Database | undefined;
  try {
    const path = `${realPath(file)}-lock`;
    createPrivate(path);
    accessSync(path, constants.W_OK); // SQLite would open it for reading, and call the lock that it then cannot take a failed disk
    lock = new Database(path, { timeout: 0 });
    lock.pragma("journal_mode = MEMORY"); // no file beside it: nothing is ever written
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock?.close();
    const error = storeError(cause);
    throw error.code === "STORE_LOCKED" ? new PulseQueueError("STORE_LOCKED", "Another engine has this file open", { cause }) : error;
  }
  const held = lock;
  return {
    release() {
      held.close();
    },
  };
}

/** One file has one lock, under whatever name it is opened. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return join(realpathSync(dirname(file)), basename(file));
  }
}

/** A file that is there is not opened: closing it would give up the locks that this process has on it. */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (thrown) {
    if (!isSystemError(thrown) || thrown.code !== "EEXIST") throw thrown;
  }
}
