import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLocal, verifyLocal, type VerifyReport } from "pulsequeue/local";
import { faultApp } from "../../../test/faults/app.ts";
import { buildFile } from "../../../test/faults/build-file.ts";
import { readingClock } from "../../../test/faults/read-all.ts";
import { checksum } from "./checksum.ts";
import { contentHash } from "./journal.ts";

const folder = mkdtempSync(join(tmpdir(), "pulsequeue-tampering-"));
const original = join(folder, "original.db");
beforeAll(async () => {
  await buildFile({ file: original, events: 200, seed: 1 });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let copies = 0;

/** A copy of the file after `change`, which goes past the engine. */
function tampered(change: (db: Database.Database) => void): string {
  copies += 1;
  const file = join(folder, `${String(copies)}.db`);
  copyFileSync(original, file);
  const db = new Database(file);
  change(db);
  db.close();
  return file;
}

const positions = (report: VerifyReport): readonly number[] => report.problems.map((problem) => problem.position);
const verifyChange = (change: (db: Database.Database) => void): Promise<VerifyReport> => verifyLocal(tampered(change));

type EventRow = readonly [seq: number, type: number, source: number, ...content: (string | number | null)[]];

/** Writes the chain anew from `from` on, as somebody would who knows how it is made. */
function rewrite(db: Database.Database, from: number, to = Number.MAX_SAFE_INTEGER): void {
  const names = new Map(db.prepare("SELECT id, name FROM names").raw().all() as [number, string][]);
  const columns = "seq, type, source, id, time, key, tenant, version, correlation, causation, hops, traceparent, due, data";
  const rows = db.prepare(`SELECT ${columns} FROM events WHERE seq >= ? AND seq <= ? ORDER BY seq`).raw().all(from, to) as unknown as EventRow[];
  let previous = db
    .prepare("SELECT hash FROM events WHERE seq = ?")
    .pluck()
    .get(from - 1) as string;
  for (const [seq, type, source, ...content] of rows) {
    const fields = [previous, seq, names.get(type), names.get(source), ...content] as Parameters<typeof contentHash>;
    const hash = contentHash(...fields);
    db.prepare("UPDATE events SET previous = ?, hash = ? WHERE seq = ?").run(previous, hash, seq);
    previous = hash;
  }
}

describe("the chain tells where somebody changed the journal", () => {
  test("of a clean file it tells nothing", async () => {
    const report = await verifyChange(() => undefined);
    expect(report).toMatchObject({ ok: true, problems: [] });
    expect(report.events).toBeGreaterThan(400);
  });

  test.each([
    ["data", "data = replace(data, '\"amount\":', '\"amount\":1')"],
    ["key", "key = 'another'"],
    ["time", "time = time + 1"],
    ["id", "id = id || 'x'"],
    ["type", "type = (SELECT id FROM names WHERE name = 'item.refused')"],
    ["source", "source = (SELECT id FROM names WHERE name = 'faults/count')"],
    ["version", "version = 2"],
    ["correlation", "correlation = 'somebody'"],
    ["causation", "causation = 'somebody'"],
    ["hops", "hops = hops + 1"],
    ["due time", "due = 1"],
    ["hash", "hash = 'AAAA'"],
    ["previous hash", "previous = 'AAAA'"],
  ])("a changed %s", async (_what, set) => {
    const report = await verifyChange((db) => db.exec(`UPDATE events SET ${set} WHERE seq = 70`));
    expect(positions(report)).toContain(70);
    expect(report.problems.every(({ position }) => position === 0 || position === 70 || position === 71)).toBe(true);
  });

  test("an event that was removed", async () => {
    const report = await verifyChange((db) => db.exec("DELETE FROM events WHERE seq = 70"));
    expect(positions(report)).toEqual([70, 71]);
  });

  test("two events that were swapped", async () => {
    const report = await verifyChange((db) =>
      db.exec("UPDATE events SET seq = -1 WHERE seq = 70; UPDATE events SET seq = 70 WHERE seq = 90; UPDATE events SET seq = 90 WHERE seq = -1"),
    );
    expect(positions(report)).toEqual(expect.arrayContaining([70, 90]));
  });

  test("an event put in between", async () => {
    const report = await verifyChange((db) => {
      db.exec("UPDATE events SET seq = seq + 100000 WHERE seq > 70; UPDATE events SET seq = seq - 99999 WHERE seq > 70");
      db.exec(
        "INSERT INTO events SELECT 71, type, source, 'forged', time, key, tenant, version, correlation, causation, hops, traceparent, due, data, previous, hash FROM events WHERE seq = 70",
      );
    });
    expect(Math.min(...positions(report))).toBe(71);
  });

  test("events cut off at the end", async () => {
    const report = await verifyChange((db) => db.exec("DELETE FROM deliveries; DELETE FROM events WHERE seq > 300"));
    expect(report.problems).toContainEqual({ position: 301, message: expect.stringContaining("the journal ends at position 300") });
  });

  test("events cut off at the end, cursors and all: the seal of the last close remembers", async () => {
    const report = await verifyChange((db) => {
      db.exec("DELETE FROM deliveries; DELETE FROM events WHERE seq > 300");
      const handlers = db.prepare("SELECT id, name, paused FROM handlers").raw().all() as [number, string, string | null][];
      for (const [id, name, paused] of handlers) db.prepare("UPDATE handlers SET cursor = 300, sum = ? WHERE id = ?").run(checksum(id, name, 300, paused), id);
    });
    expect(report.problems).toEqual([{ position: 301, message: expect.stringContaining("but the file was closed at") }]);
  });

  test("a history rewritten with right hashes up to some event", async () => {
    const report = await verifyChange((db) => {
      db.exec(`UPDATE events SET data = '{"bucket":"mine","amount":1,"note":""}' WHERE seq = 70`);
      rewrite(db, 70, 150);
    });
    expect(positions(report)).toEqual([151]);
  });

  test("a history rewritten with right hashes to its end: the chain is sound, and is not the one that was closed", async () => {
    let last = 0;
    const file = tampered((db) => {
      last = Number(db.prepare("SELECT max(seq) FROM events").pluck().get());
      db.exec(`UPDATE events SET data = '{"bucket":"mine","amount":1,"note":""}' WHERE seq = 70`);
      rewrite(db, 70);
    });
    const report = await verifyLocal(file);
    expect(report.problems).toEqual([{ position: last, message: expect.stringContaining("is not the one at which the file was closed") }]);
    await expect(openLocal(faultApp, { file })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});

describe("a journal that ends too early is refused when it is opened: new events would take positions that handlers have passed", () => {
  test.each([
    ["the last event", (db: Database.Database) => db.exec("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)")],
    ["every event", (db: Database.Database) => db.exec("DELETE FROM events")],
    ["the seal and the last events", (db: Database.Database) => db.exec("DELETE FROM meta WHERE key = 'seal'; DELETE FROM events WHERE seq > 100")],
  ])("without %s", async (_what, change) => {
    await expect(openLocal(faultApp, { file: tampered((db) => void change(db)) })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});

describe("a row that does not match its checksum is not served", () => {
  const open = (change: string) => openLocal(faultApp, { file: tampered((db) => db.exec(change)), clock: readingClock() });

  test.each([
    ["meta", "UPDATE meta SET value = value + 1 WHERE key = 'epoch'"],
    ["names", "UPDATE names SET name = 'item.lost' WHERE name = 'item.added'"],
    ["handlers", "UPDATE handlers SET cursor = cursor - 1"],
    ["subscriptions", "UPDATE subscriptions SET since = since + 5"],
  ])("%s: the file is refused", async (_table, change) => {
    await expect(open(change)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  test.each([
    ["deliveries", "UPDATE deliveries SET attempts = attempts + 1", (queue: Awaited<ReturnType<typeof open>>) => queue.inspect.deliveries()],
    ["dead letters", "UPDATE deliveries SET failure = '{}' WHERE state = 6", (queue) => queue.inspect.deadLetters()],
    ["ledger", "UPDATE ledger SET reason = 'none'", (queue) => queue.ledger.entries()],
    [
      "receipts",
      "UPDATE receipts SET time = time + 1",
      async (queue) => queue.inspect.trace((await queue.inspect.events({ after: 0, limit: 1 }))[0]?.id ?? ""),
    ],
  ] satisfies [string, string, (queue: Awaited<ReturnType<typeof open>>) => Promise<unknown>][])(
    "%s: asking for them is refused, and verify names them",
    async (_table, change, ask) => {
      const queue = await open(change);
      await expect(ask(queue)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      expect((await queue.verify()).ok).toBe(false);
      await queue.close();
    },
  );

  test.each([
    ["steps", "UPDATE steps SET result = '{}'"],
    ["answers", "UPDATE answers SET answer = '{}'"],
    ["schedules", "UPDATE schedules SET last = 0"],
    ["records", "UPDATE records SET body = '{}'"],
    ["an index entry too many", "INSERT INTO record_index VALUES (1, 'bucket', 'sx', 'sy')"],
    ["an index entry too few", "DELETE FROM record_index WHERE (tbl, name, fields, key) IN (SELECT * FROM record_index LIMIT 1)"],
  ])("%s: verify names them", async (_what, change) => {
    const report = await verifyChange((db) => db.exec(change));
    expect(report.ok).toBe(false);
  });

  test("a changed definition of a table or an index is refused", async () => {
    const change = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'due IS NULL', 'hops IS NULL') WHERE name = 'events_by_type'";
    const file = tampered((db) => db.unsafeMode().exec(change));
    await expect(openLocal(faultApp, { file })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});
