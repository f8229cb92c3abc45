import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { defineApp, defineEvent, defineHandler, defineSecret, isPulseQueueError, type App, type PulseQueueError } from "pulsequeue";
import { openLocal, verifyLocal, type LocalOptions } from "pulsequeue/local";
import { z } from "zod";
import { added, faultApp, items } from "../../../test/faults/app.ts";
import { contentsOf, testFolder } from "../../../test/faults/folder.ts";
import { startChild } from "../../../test/faults/process.ts";

/** Opens the file, which must be refused. The error must help whoever reads it, and give nothing away. */
async function refusal(file: string, app: App = faultApp, options: Partial<LocalOptions> = {}): Promise<PulseQueueError> {
  const thrown: unknown = await openLocal(app, { file, ...options }).then(
    async (queue) => {
      await queue.close();
      return "it was opened";
    },
    (error: unknown) => error,
  );
  if (!isPulseQueueError(thrown)) throw new Error("not refused, or not with one of our errors", { cause: thrown });
  expect(thrown.fix).toMatch(/^[A-Z].*\.$/);
  expect(thrown.message).not.toContain(file);
  expect(thrown.message).not.toMatch(/\/|SELECT|INSERT|SQLITE|\.ts|\n/);
  return thrown;
}

async function makeFile(file: string, events = 0): Promise<void> {
  const queue = await openLocal(faultApp, { file });
  await queue.publishMany(
    added,
    Array.from({ length: events }, (_, index) => ({ bucket: "b", amount: index, note: "n".repeat(200) })),
  );
  await queue.close();
}

function changeBySql(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

describe("a file that somebody else has open", () => {
  test("in another process is refused at once, and can be opened when that process is killed", async () => {
    const file = join(testFolder(), "app.db");
    const holder = startChild("holder.ts", file);
    await holder.line("open");
    holder.tell("publish 3");
    await holder.line("published");
    expect(await refusal(file)).toMatchObject({ code: "STORE_LOCKED", retry: "later" });
    const second = startChild("holder.ts", file);
    expect(await second.line("refused")).toBe("refused STORE_LOCKED");
    holder.process.kill("SIGKILL");
    await holder.ended;
    const queue = await openLocal(faultApp, { file });
    expect(await queue.facts()).toMatchObject({ afterCrash: true, head: 3 });
    await queue.close();
  });

  test("in this process is refused, whatever name it goes by, and is free after close", async () => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    const queue = await openLocal(faultApp, { file });
    symlinkSync(file, join(folder, "link.db"));
    linkSync(file, join(folder, "hard.db"));
    for (const name of ["app.db", "link.db", "hard.db"]) expect(await refusal(join(folder, name))).toMatchObject({ code: "STORE_LOCKED" });
    // The attempts have not loosened the lock of the first one.
    const other = startChild("holder.ts", file);
    expect(await other.line("refused")).toBe("refused STORE_LOCKED");
    await queue.close();
    await (await openLocal(faultApp, { file })).close();
  });

  test("with another SQLite program is refused", async () => {
    const file = join(testFolder(), "app.db");
    await makeFile(file);
    const other = new Database(file);
    other.exec("BEGIN IMMEDIATE");
    expect(await refusal(file)).toMatchObject({ code: "STORE_LOCKED" });
    other.close();
    await (await openLocal(faultApp, { file })).close();
  });
});

describe("a place that cannot be written", () => {
  test("a folder that is missing", async () => {
    const folder = testFolder();
    expect(await refusal(join(folder, "missing", "app.db"))).toMatchObject({ code: "STORE_READ_ONLY" });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a path below a file", async () => {
    const file = join(testFolder(), "app.db");
    writeFileSync(file, "text");
    expect(await refusal(join(file, "app.db"))).toMatchObject({ code: "STORE_READ_ONLY" });
  });

  test("a folder in place of the file", async () => {
    const file = join(testFolder(), "app.db");
    mkdirSync(file);
    expect(await refusal(file)).toMatchObject({ code: "STORE_FOREIGN" });
    expect(readdirSync(file)).toEqual([]);
  });

  test("a file system without files of ours", async () => {
    expect(await refusal("/proc/version")).toMatchObject({ code: "STORE_READ_ONLY" });
  });

  // The mode of a file does not bind root: a read-only mount does, and where mounting is not permitted the case cannot be shown.
  const canMount = mounts();
  test.skipIf(!canMount)(`a read-only mount, with and without a file in it${canMount ? "" : " (mounting is not permitted here)"}`, async () => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    await makeFile(file, 5);
    const before = contentsOf(folder);
    mountReadOnly(folder);
    expect(await refusal(file)).toMatchObject({ code: "STORE_READ_ONLY" });
    expect(await refusal(join(folder, "new.db"))).toMatchObject({ code: "STORE_READ_ONLY" });
    expect(contentsOf(folder)).toEqual(before);
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot)(`a read-only file${isRoot ? " (the mode of a file does not bind root)" : ""}`, async () => {
    const file = join(testFolder(), "app.db");
    await makeFile(file);
    execFileSync("chmod", ["400", file]);
    expect(await refusal(file)).toMatchObject({ code: "STORE_READ_ONLY" });
  });
});

describe("a file that is not ours is refused and left as it was", () => {
  const text = "This is a text about queues.\n".repeat(400);
  test.each([
    { name: "a text", make: (file: string) => writeFileSync(file, text) },
    { name: "a short text", make: (file: string) => writeFileSync(file, "{}") },
    { name: "a picture", make: (file: string) => writeFileSync(file, Buffer.concat([Buffer.from("ffd8ffe000104a46494600", "hex"), Buffer.alloc(9_000, 7)])) },
    { name: "zeros", make: (file: string) => writeFileSync(file, Buffer.alloc(8_192)) },
    { name: "a database of another program", make: (file: string) => changeBySql(file, "CREATE TABLE mine (a); INSERT INTO mine VALUES (1)") },
    { name: "an empty database of another program", make: (file: string) => changeBySql(file, "PRAGMA user_version = 1") },
    { name: "one in WAL mode", make: (file: string) => changeBySql(file, "PRAGMA journal_mode = WAL; CREATE TABLE mine (a); INSERT INTO mine VALUES (1)") },
    { name: "one with a live log", make: makeLiveLog },
  ])("$name", async ({ make }) => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    make(file);
    const before = contentsOf(folder);
    expect(await refusal(file)).toMatchObject({ code: "STORE_FOREIGN", retry: "never" });
    expect(contentsOf(folder)).toEqual(before);
  });

  test("the file of another app of ours", async () => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    await makeFile(file, 3);
    const before = contentsOf(folder);
    const event = defineEvent("other.happened", { schema: z.object({}) });
    const other = defineApp("other", { handlers: [], unhandled: [event] });
    const error = await refusal(file, other);
    expect(error).toMatchObject({ code: "STORE_FOREIGN" });
    expect(error.message).toContain("belongs to the app faults");
    expect(contentsOf(folder)).toEqual(before);
    await (await openLocal(faultApp, { file })).close(); // and nothing holds it
  });

  test("the file of a newer program", async () => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    await makeFile(file, 3);
    changeBySql(file, "PRAGMA user_version = 99");
    const before = contentsOf(folder);
    const error = await refusal(file);
    expect(error).toMatchObject({ code: "STORE_NEWER" });
    expect(error.message).toContain("format 99");
    expect(contentsOf(folder)).toEqual(before);
  });
});

describe("a file that was cut off", () => {
  test("of no bytes is a new one", async () => {
    const file = join(testFolder(), "app.db");
    writeFileSync(file, "");
    const queue = await openLocal(faultApp, { file });
    expect(await queue.facts()).toMatchObject({ head: 0, epoch: 1, afterCrash: false });
    await queue.close();
  });

  test("anywhere else is refused as damaged and left as it was, and verify says so", async () => {
    const folder = testFolder();
    const whole = join(folder, "whole.db");
    const file = join(folder, "app.db");
    await makeFile(whole, 50);
    const size = statSync(whole).size;
    for (const bytes of [1, 15, 16, 99, 100, 511, 4_095, 4_096, 8_192, Math.floor(size / 2), size - 4_096, size - 1]) {
      copyFileSync(whole, file);
      truncateSync(file, bytes);
      const before = contentsOf(folder);
      expect((await refusal(file)).code, `cut to ${bytes} bytes`).toBe("STORE_CORRUPT");
      expect(contentsOf(folder)).toEqual(before);
      expect((await verifyLocal(file)).ok).toBe(false);
      expect(contentsOf(folder)).toEqual(before);
    }
  });

  test("to nothing, with its log still there, is not taken for a new one", async () => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    await makeFile(file, 3);
    writeFileSync(`${file}-wal`, Buffer.alloc(10_000, 1));
    writeFileSync(file, "");
    expect(await refusal(file)).toMatchObject({ code: "STORE_CORRUPT" });
    expect(readFileSync(`${file}-wal`).length).toBe(10_000);
  });
});

describe("secrets", () => {
  const key = defineSecret("api-key");
  const asked = defineEvent("price.asked", { schema: z.object({}) });
  const handler = defineHandler("ask", { on: asked, secrets: [key], handle: () => undefined });
  const app = defineApp("secretive", { handlers: [handler] });

  test("a declared secret without a value is refused before the file is touched, and the next try is free to succeed", async () => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    const error = await refusal(file, app, { secrets: () => undefined });
    expect(error).toMatchObject({ code: "SECRET_MISSING" });
    expect(error.message).toContain("api-key");
    expect(existsSync(file)).toBe(false);
    await (await openLocal(app, { file, secrets: () => "a value" })).close();
    const before = contentsOf(folder);
    await refusal(file, app, { secrets: () => undefined });
    expect(contentsOf(folder)).toEqual(before);
    await (await openLocal(app, { file, secrets: () => "a value" })).close();
  });
});

test("what was opened in the middle of a refusal is closed again: the same process can open the file afterwards", async () => {
  const file = join(testFolder(), "app.db");
  await makeFile(file, 3);
  const good = readFileSync(file);
  changeBySql(file, "UPDATE meta SET value = 'somebody' WHERE key = 'app'");
  expect(await refusal(file)).toMatchObject({ code: "STORE_CORRUPT" }); // the row was changed without its checksum
  writeFileSync(file, good);
  const queue = await openLocal(faultApp, { file });
  expect(await queue.inspect.table(items).all()).toEqual([]);
  await queue.close();
});

/** A database of another program that was killed: with a log that is not copied into it yet. */
function makeLiveLog(file: string): void {
  const source = `${file}.source`;
  const db = new Database(source);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
  for (const suffix of ["", "-wal"]) copyFileSync(source + suffix, file + suffix);
  db.close();
}

function mounts(): boolean {
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

function mountReadOnly(folder: string): void {
  execFileSync("mount", ["--bind", folder, folder]);
  onTestFinished(() => {
    execFileSync("umount", [folder]);
  });
  execFileSync("mount", ["-o", "remount,ro,bind", folder]);
}
