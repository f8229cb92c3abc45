import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { freePort, startChild, untilUp, type Server } from "./child.ts";
import { installed, postgresFolders } from "./debian.ts";

/** Durable as by default; memory and checkpoints so that neither holds a measurement up, and no compiling of short statements, which costs the peers most of their rate. */
const settings = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  shared_buffers: "512MB",
  max_wal_size: "4GB",
  checkpoint_timeout: "30min",
  max_connections: "100",
  jit: "off",
};

export const postgresSettings = Object.entries(settings)
  .map(([name, value]) => `${name} ${value}`)
  .join(", ");

/** A PostgreSQL on the loopback address, with its data in `directory`. */
export interface Postgres extends Server {
  /** The address of an empty database of its own for what `work` does. */
  withDatabase<Result>(work: (address: string) => Promise<Result>): Promise<Result>;
}

export async function startPostgres(directory: string): Promise<Postgres> {
  const { folder } = installed("postgres", "postgresql", postgresFolders);
  const user = postgresUser();
  const data = join(directory, "data");
  const passwordFile = join(directory, "password");
  const password = randomBytes(16).toString("hex");
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) for (const path of [directory, passwordFile]) chownSync(path, user.uid, user.gid);
  const init = ["--pgdata", data, "--username", "bench", "--pwfile", passwordFile, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"];
  const made = spawnSync(join(folder, "initdb"), init, { encoding: "utf8", cwd: directory, ...user });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`, { cause: made.error });

  const port = await freePort();
  const options = { ...settings, listen_addresses: "127.0.0.1", port: String(port), unix_socket_directories: directory };
  const args = Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = startChild(join(folder, "postgres"), ["-D", data, ...args], { log: join(directory, "server.log"), user, stopSignal: "SIGINT" });
  const address = (database: string): string => `postgres://bench:${password}@127.0.0.1:${String(port)}/${database}`;
  const query = async (sql: string): Promise<unknown> => {
    const client = new pg.Client({ connectionString: address("postgres") });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows[0];
    } finally {
      await client.end();
    }
  };
  try {
    const row = await untilUp("PostgreSQL", child.alive, () => query("show server_version"));
    let databases = 0;
    return {
      address: address("postgres"),
      version: `PostgreSQL ${versionIn(row)}`,
      stop: child.stop,
      async withDatabase(work) {
        databases += 1;
        const name = `bench_${String(databases)}`;
        await query(`create database ${name}`);
        await query("checkpoint");
        try {
          return await work(address(name));
        } finally {
          await query(`drop database ${name} with (force)`);
        }
      },
    };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
function postgresUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}

function versionIn(row: unknown): string {
  const version = typeof row === "object" && row !== null && "server_version" in row ? String(row.server_version) : "of unknown version";
  return version.split(" ")[0] ?? version;
}
