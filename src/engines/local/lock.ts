import Database from "better-sqlite3";
import { PulseQueueError } from "../../core/errors.ts";

/**
 * Holds `<file>-lock` for this process until `release`, or until the process ends however it ends: the lock is the operating
 * system's own on an open file, taken by an exclusive SQLite transaction that never commits. So nothing is left to clean up
 * after `kill -9`, and a second process (or a second engine in this one) is refused at once.
 *
 * Throws `STORE_LOCKED`.
 */
export function acquireLock(file: string): { release(): void } {
  const lock = new Database(`${file}-lock`, { timeout: 0 });
  try {
    lock.pragma("journal_mode = DELETE");
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new PulseQueueError("STORE_LOCKED", "Another engine has this file open", { cause });
  }
  return {
    release() {
      lock.close();
    },
  };
}
