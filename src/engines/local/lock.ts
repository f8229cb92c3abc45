import Database from "better-sqlite3";
import { PulseQueueError } from "../../core/errors.ts";
import { storeError } from "./failure.ts";

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
    lock = new Database(`${file}-lock`, { timeout: 0 });
    lock.pragma("journal_mode = DELETE");
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
