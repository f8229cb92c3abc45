import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openLocal } from "pulsequeue/local";
import { added, faultApp } from "../../../test/faults/app.ts";
import { testFolder } from "../../../test/faults/folder.ts";
import { startChild } from "../../../test/faults/process.ts";
import { checkpointPages, createCheckpoint } from "./checkpoint.ts";
import { openDatabase } from "./database.ts";

const pageBytes = 4_096;
const large = { bucket: "b", amount: 1, note: "n".repeat(250_000) };

describe("the settings that durability depends on are those of the connection", () => {
  test.each([
    { durability: "full", synchronous: 2 },
    { durability: "normal", synchronous: 1 },
  ] as const)("durability $durability: WAL, synchronous $synchronous, exclusive lock, new file and old", ({ durability, synchronous }) => {
    const file = join(testFolder(), "app.db");
    for (let life = 0; life < 2; life += 1) {
      const db = openDatabase({ file, durability });
      const read = (name: string): unknown => db.pragma(name, { simple: true });
      expect([read("synchronous"), read("journal_mode"), read("locking_mode"), read("wal_autocheckpoint")]).toEqual([synchronous, "wal", "exclusive", 0]);
      expect([read("trusted_schema"), read("application_id"), read("user_version"), read("page_size")]).toEqual([0, 0x50756c51, 4, pageBytes]);
      db.close();
    }
  });

  test("facts() names them", async () => {
    const queue = await openLocal(faultApp, { file: join(testFolder(), "app.db") });
    expect(await queue.facts()).toMatchObject({ synchronous: "full", journalMode: "wal" });
    await queue.close();
  });
});

test("the file, its log, its lock and a backup are for this user only, whatever the umask is", async () => {
  const folder = testFolder();
  const before = process.umask(0);
  try {
    const queue = await openLocal(faultApp, { file: join(folder, "app.db") });
    await queue.publish(added, large);
    await queue.backup(join(folder, "copy.db"));
    const modes = ["app.db", "app.db-wal", "app.db-lock", "copy.db"].map((name) => [name, statSync(join(folder, name)).mode & 0o777]);
    expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([]);
    await queue.close();
  } finally {
    process.umask(before);
  }
});

describe("the write-ahead log", () => {
  test("is copied into the file while the engine runs, and stays bounded", async () => {
    const file = join(testFolder(), "app.db");
    const queue = await openLocal(faultApp, { file });
    let largest = 0;
    for (let round = 0; round < 40; round += 1) {
      await queue.publishMany(
        added,
        Array.from({ length: 16 }, () => large),
      );
      largest = Math.max(largest, (await queue.facts()).walBytes);
    }
    // What the limit lets through is one commit: 16 events of 250,000 bytes each.
    expect(largest).toBeLessThan(checkpointPages * (pageBytes + 24) + 16 * 270_000);
    expect(statSync(file).size).toBeGreaterThan(100_000_000);
    await queue.close();
    expect(statSync(`${file}-wal`, { throwIfNoEntry: false })).toBeUndefined();
  });

  test("is empty after a start that followed a kill", async () => {
    const file = join(testFolder(), "app.db");
    const child = startChild("holder.ts", file);
    await child.line("open");
    child.tell("publish 20");
    await child.line("published");
    child.process.kill("SIGKILL");
    await child.ended;
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    const db = openDatabase({ file });
    expect(statSync(`${file}-wal`).size).toBe(0);
    db.close();
  });

  test("is looked at without cost to the commits: nothing is copied before it is long", () => {
    const db = openDatabase({ file: join(testFolder(), "app.db") });
    const checkpoint = createCheckpoint(db);
    db.exec("CREATE TABLE filler (bytes)");
    const copied = (): unknown => db.prepare("PRAGMA wal_checkpoint(NOOP)").raw().get();
    checkpoint();
    expect(copied()).toMatchObject([0, expect.any(Number), 0]);
    db.exec(`INSERT INTO filler VALUES (zeroblob(${checkpointPages * pageBytes}))`);
    checkpoint();
    const [, pages, done] = copied() as [number, number, number];
    expect(pages).toBeGreaterThan(checkpointPages);
    expect(done).toBe(pages);
    db.close();
  });
});
