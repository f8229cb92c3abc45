import type { Database } from "better-sqlite3";
import { PulseQueueError } from "../../../core/errors.ts";
import { initial } from "./0001-initial.ts";

/** In order; the file's `user_version` counts how many of them it has. */
const migrations: readonly string[] = [initial];

/** Marks a file as ours in its header ("PulQ"), so that no other database is taken for one. */
const applicationId = 0x50756c51;

/**
 * Reads whether this program may use the file; call it before anything is written, settings included.
 * Throws `STORE_FOREIGN` for a database that is not ours, `STORE_NEWER` for one of a newer program.
 */
export function checkFormat(db: Database): void {
  const version = Number(db.pragma("user_version", { simple: true }));
  const id = Number(db.pragma("application_id", { simple: true }));
  const isEmpty = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0;
  if (id !== applicationId && !isEmpty) throw new PulseQueueError("STORE_FOREIGN", "The file is a database of another program");
  if (version > migrations.length) {
    throw new PulseQueueError("STORE_NEWER", `The file has format ${String(version)}; this program knows formats up to ${String(migrations.length)}`);
  }
}

/** Brings the file to this program's format, each step in one transaction. */
export function migrate(db: Database): void {
  const version = Number(db.pragma("user_version", { simple: true }));
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`application_id = ${String(applicationId)}`);
      db.pragma(`user_version = ${String(index + 1)}`);
    }).immediate();
  }
}
