import Database from "better-sqlite3";
import { PulseQueueError } from "../../../core/errors.ts";
import { initial } from "./0001-initial.ts";
import { identity } from "./0002-identity.ts";
import { tenants } from "./0003-tenants.ts";
import { origins } from "./0004-origins.ts";

/** In order; the file's `user_version` counts how many of them it has. */
const migrations: readonly (string | ((db: Database.Database) => void))[] = [initial, identity, tenants, origins];

/** Marks a file as ours in its header ("PulQ"), so that no other database is taken for one. */
export const applicationId = 0x50756c51;

/** Throws `STORE_NEWER` for the format of a newer program. */
export function checkVersion(version: number): void {
  if (version > migrations.length) {
    throw new PulseQueueError("STORE_NEWER", `The file has format ${String(version)}; this program knows formats up to ${String(migrations.length)}`);
  }
}

/**
 * Makes a new file ours, before anything else is in it; reads of any other whether this program may use it.
 * Throws `STORE_FOREIGN` for a database that is not ours, `STORE_NEWER` for one of a newer program.
 */
export function claim(db: Database.Database): void {
  if (db.pragma("page_count", { simple: true }) === 0) db.pragma(`application_id = ${String(applicationId)}`);
  if (db.pragma("application_id", { simple: true }) !== applicationId) throw new PulseQueueError("STORE_FOREIGN", "The file is a database of another program");
  checkVersion(versionOf(db));
}

/**
 * Brings the file to this program's format, each step in one transaction. Throws `STORE_CORRUPT` where tables or indexes are
 * not what the migrations made: a damaged or altered definition changes what statements mean.
 */
export function migrate(db: Database.Database): void {
  const version = versionOf(db);
  if (version === 0 && definitions(db).size > 0) throw new PulseQueueError("STORE_CORRUPT", "The file has tables, but no format");
  runMigrations(db, version);
  const found = definitions(db);
  for (const [name, sql] of expectedDefinitions()) {
    if (found.get(name) !== sql) throw new PulseQueueError("STORE_CORRUPT", `The definition of ${name} is not that of the file's format`);
  }
}

/** Brings a file of an older program to this one's format, and leaves every other as it is. */
export function migrateOlder(db: Database.Database): void {
  if (versionOf(db) < migrations.length) migrate(db);
}

function versionOf(db: Database.Database): number {
  return Number(db.pragma("user_version", { simple: true }));
}

function runMigrations(db: Database.Database, version: number): void {
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    db.transaction(() => {
      if (typeof step === "string") db.exec(step);
      else step(db);
      db.pragma(`user_version = ${String(index + 1)}`);
    }).immediate();
  }
}

/** Name → definition, of every table and declared index. */
function definitions(db: Database.Database): ReadonlyMap<string, string> {
  const rows = db.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").raw().all() as unknown as (readonly [string, string])[];
  return new Map(rows);
}

let expected: ReadonlyMap<string, string> | undefined;

function expectedDefinitions(): ReadonlyMap<string, string> {
  if (expected !== undefined) return expected;
  const db = new Database(":memory:");
  try {
    runMigrations(db, 0);
    return (expected = definitions(db));
  } finally {
    db.close();
  }
}
