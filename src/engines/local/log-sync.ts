/**
 * Makes commits durable beside the event loop: SQLite writes a commit to its log and returns, and the log is synced by a thread of
 * Node's pool. Nobody is told of the commit before that, and the next transaction does not begin before it, so that the log never holds
 * more than one commit that is not durable. What SQLite itself syncs in this mode is the log before each copy into the database, and
 * the database after it (https://sqlite.org/pragma.html#pragma_synchronous, NORMAL in WAL mode).
 */
import { closeSync, fsync, openSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { PulseQueueError } from "../../core/errors.ts";
import type { LocalOptions } from "./options.ts";

export interface LogSync {
  /** From here on a commit is not durable before `sync`. The database has been written to, so that there is a log. */
  begin(): void;
  /** Rejects with `STORE_FAILED`: whatever the reason, nobody knows then what is durable. */
  readonly sync: () => Promise<void>;
  close(): void;
}

/** `undefined` where commits are durable by themselves, or need not be. A simulation's clock must not depend on how long a disk takes. */
export function createLogSync(db: Database, { file, durability = "full", clock }: LocalOptions): LogSync | undefined {
  if (file === ":memory:" || durability !== "full" || clock !== undefined) return undefined;
  let descriptor = -1;
  return {
    begin() {
      descriptor = openSync(`${file}-wal`, "r+"); // Windows syncs only what may be written
      db.pragma("synchronous = NORMAL");
    },
    sync: () =>
      new Promise((resolve, reject) => {
        fsync(descriptor, (cause) => {
          if (cause === null) resolve();
          else reject(new PulseQueueError("STORE_FAILED", "The disk refused a sync", { cause }));
        });
      }),
    close() {
      closeSync(descriptor); // there are no locks on a log that closing it could give up
    },
  };
}
