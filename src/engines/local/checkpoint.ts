/**
 * Copies the write-ahead log into the database. SQLite would do it by itself after a commit, but keep it to itself when a sync
 * fails there; the next try then succeeds without the pages having reached the disk.
 */
import type { Database } from "better-sqlite3";
import { storeError } from "./failure.ts";

/**
 * Pages of the write-ahead log after which it is copied into the database: 8 MiB. Everybody waits while it is copied, so a longer log
 * makes the slowest answers slower; a shorter one is copied after every burst.
 */
export const checkpointPages = 2_048;

/** Copies the log once it is long. Throws `STORE_FAILED` when the disk refuses; a full disk only makes the log longer. */
export function createCheckpoint(db: Database): () => void {
  const lengths = db.prepare("PRAGMA wal_checkpoint(NOOP)").raw();
  const copy = db.prepare("PRAGMA wal_checkpoint(PASSIVE)").raw();
  return () => {
    const [, pages, copied] = lengths.get() as [busy: number, pages: number, copied: number];
    if (pages - copied >= checkpointPages) tolerateFull(() => copy.get());
  };
}

/** Copies the whole log and empties it. Throws as the above. */
export function emptyLog(db: Database): void {
  tolerateFull(() => db.pragma("wal_checkpoint(TRUNCATE)"));
}

function tolerateFull(copy: () => unknown): void {
  try {
    copy();
  } catch (thrown) {
    const error = storeError(thrown);
    if (error.code !== "STORE_FULL") throw error;
  }
}
