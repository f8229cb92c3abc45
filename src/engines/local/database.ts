import { closeSync, openSync } from "node:fs";
import Database from "better-sqlite3";
import { PulseQueueError } from "../../core/errors.ts";
import { checkpointPages, emptyLog } from "./checkpoint.ts";
import { storeError } from "./failure.ts";
import { claim, migrate } from "./migrations/index.ts";
import type { LocalOptions } from "./options.ts";
import { checkFile, type FileFacts } from "./preflight.ts";

/** The first version without the WAL-reset corruption (https://sqlite.org/wal.html#walresetbug). */
const firstSoundVersion = [3, 51, 3] as const;

/** KiB of pages kept in memory: bounds the memory of an engine with a large backlog. */
const cacheKiB = 32 * 1_024;

/**
 * Opens the database with the settings that durability depends on, and reads them back.
 * Throws `STORE_FOREIGN`, `STORE_NEWER`, `STORE_READ_ONLY`, `STORE_CORRUPT`, `STORE_LOCKED`, `STORE_FAILED`.
 */
export function openDatabase({ file, durability = "full", simulate }: LocalOptions): Database.Database {
  let db: Database.Database | undefined;
  let facts: FileFacts | undefined;
  try {
    facts = file === ":memory:" ? undefined : checkFile(file, durability === "full");
    if (facts?.isNew === true) closeSync(openSync(file, "a", 0o600)); // personal data: for this user only
    db = new Database(simulate?.image === undefined ? file : Buffer.from(simulate.image), { timeout: 1_000 });
    // One process owns the file: an exclusive lock spares the locking of each single statement, and keeps every other program out.
    // Set before anything is read, the log's index is kept in memory and not in a file.
    db.pragma("locking_mode = EXCLUSIVE");
    checkVersion(db);
    claim(db); // before the settings below, since the journal mode is written into the file
    // The synchronous mode must be set after WAL: this build falls back to NORMAL when WAL is turned on.
    db.pragma("journal_mode = WAL");
    db.pragma(`synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
    db.pragma("wal_autocheckpoint = 0"); // it would swallow a failed sync: checkpoint.ts does it, and tells
    db.pragma(`journal_size_limit = ${String(checkpointPages * 4_096)}`);
    db.pragma(`cache_size = -${String(cacheKiB)}`);
    db.pragma("temp_store = MEMORY");
    db.pragma("trusted_schema = OFF");
    migrate(db);
    checkDurability(db, file, durability);
    if (facts?.hasLog === true) emptyLog(db); // what a crash left behind its end must not look like a part of the next one
    return db;
  } catch (thrown) {
    db?.close();
    // Statements that are right are an error to SQLite where a damaged header says that the file has another format.
    if (facts?.isNew === false && thrown instanceof Database.SqliteError && thrown.code === "SQLITE_ERROR")
      throw new PulseQueueError("STORE_CORRUPT", "The file cannot be read as a database", { cause: thrown });
    throw storeError(thrown);
  }
}

function checkVersion(db: Database.Database): void {
  const text = String(db.prepare("SELECT sqlite_version()").pluck().get());
  const version = text.split(".").map(Number);
  for (const [index, least] of firstSoundVersion.entries()) {
    const part = version[index] ?? 0;
    if (part > least) return;
    if (part < least)
      throw new PulseQueueError("STORE_FAILED", `SQLite ${text} can corrupt a write-ahead log; version ${firstSoundVersion.join(".")} or newer is needed`);
  }
}

function checkDurability(db: Database.Database, file: string, durability: "full" | "normal"): void {
  const mode = db.pragma("synchronous", { simple: true });
  const journal = db.pragma("journal_mode", { simple: true });
  if (mode !== (durability === "full" ? 2 : 1) || (file !== ":memory:" && journal !== "wal")) {
    throw new PulseQueueError("STORE_FAILED", `The file does not take the durability asked for (journal ${String(journal)}, synchronous ${String(mode)})`);
  }
}
