import Database from "better-sqlite3";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defineApp, defineEvent, defineHandler } from "pulsequeue";
import type { LedgerReport, NewLedgerEntry } from "pulsequeue";
import { openLocal, verifyLocal } from "pulsequeue/local";
import { virtualClock } from "pulsequeue/testing";
import { z } from "zod";
import { testFolder } from "../../../test/faults/folder.ts";

const given = defineEvent("work.given", { schema: z.object({}) });
const app = defineApp("audited", { handlers: [defineHandler("work", { on: given, handle: () => undefined })] });
const reveal = (subject: string): NewLedgerEntry => ({ by: "ada", action: "reveal", subject, reason: "asked by the customer" });

/** A closed file with five entries. */
async function recorded(): Promise<string> {
  const file = join(testFolder(), "app.db");
  const queue = await openLocal(app, { file });
  for (const name of ["a", "b", "c", "d", "e"]) await queue.ledger.append(reveal(name));
  await queue.close();
  return file;
}

async function afterwards(file: string, change: string): Promise<LedgerReport> {
  const db = new Database(file);
  db.exec(change);
  db.close();
  const queue = await openLocal(app, { file });
  const report = await queue.ledger.verify();
  await queue.close();
  return report;
}

describe("verify finds in the ledger, with its position,", () => {
  test.each([
    ["a changed entry", "UPDATE ledger SET reason = 'none' WHERE seq = 3", 3],
    ["a changed time", "UPDATE ledger SET time = time + 1 WHERE seq = 2", 2],
    ["a removed entry", "DELETE FROM ledger WHERE seq = 2", 2],
    ["two exchanged entries", "UPDATE ledger SET seq = -2 WHERE seq = 2; UPDATE ledger SET seq = 2 WHERE seq = 4; UPDATE ledger SET seq = 4 WHERE seq = -2", 2],
    ["entries cut off at the end", "DELETE FROM ledger WHERE seq > 3", 4],
    ["another branch: entries that follow an entry that is not there", "UPDATE ledger SET previous = hash WHERE seq = 4", 4],
    [
      "an entry behind the sealed end",
      "INSERT INTO ledger SELECT 6, time, by, action, subject, reason, result, detail, hash, 'x' FROM ledger WHERE seq = 5",
      6,
    ],
  ])("%s", async (_what, change, position) => {
    const file = await recorded();
    const report = await afterwards(file, change);
    expect(report.ok).toBe(false);
    expect(report.problems[0]?.position).toBe(position);
    expect((await verifyLocal(file)).ok).toBe(false);
  });

  test("nothing where nothing was done", async () => {
    const file = await recorded();
    expect(await afterwards(file, "SELECT 1")).toEqual({ ok: true, entries: 5, problems: [] });
    expect(await verifyLocal(file)).toMatchObject({ ok: true });
  });

  test("what was cut off still when new entries were written since", async () => {
    const file = await recorded();
    await afterwards(file, "DELETE FROM ledger WHERE seq > 3");
    const queue = await openLocal(app, { file });
    await queue.ledger.append(reveal("f"));
    expect((await queue.ledger.verify()).problems[0]?.position).toBe(4);
    await queue.close();
  });
});

describe("a head that was kept outside", () => {
  test("is still there after more entries; a ledger that was written anew does not hold it, nor one that ends before", async () => {
    const open = () => openLocal(app, { file: ":memory:", clock: virtualClock() });
    const queue = await open();
    for (const name of ["a", "b", "c"]) await queue.ledger.append(reveal(name));
    const head = await queue.ledger.head();
    await queue.ledger.append(reveal("d"));
    expect(await queue.ledger.verify(head)).toMatchObject({ ok: true });
    const other = await open();
    expect((await other.ledger.verify(head)).problems).toMatchObject([{ position: 1 }]);
    for (const name of ["a", "B", "c"]) await other.ledger.append(reveal(name));
    expect(await other.ledger.verify()).toMatchObject({ ok: true });
    expect((await other.ledger.verify(head)).problems).toMatchObject([{ position: 3 }]);
    await Promise.all([queue.close(), other.close()]);
  });
});

describe("refusals", () => {
  const denied = (by: string, subject = "GET /v1/events"): NewLedgerEntry => ({
    by,
    action: "authentication-failed",
    subject,
    reason: "UNAUTHENTICATED",
    result: "denied",
  });

  test("of one caller are written once at first, and once more with their number when the minute is over", async () => {
    const clock = virtualClock();
    const queue = await openLocal(app, { file: ":memory:", clock });
    await Promise.all(Array.from({ length: 1_000 }, () => queue.ledger.append(denied("192.0.2.1"))));
    expect(await queue.ledger.entries()).toMatchObject([{ sequence: 1, result: "denied", detail: { count: 1 } }]);
    clock.advance("1m");
    await queue.ledger.append(reveal("a"));
    expect(await queue.ledger.entries({ result: "denied", after: 0 })).toMatchObject([{ detail: { count: 1 } }, { detail: { count: 999 } }]);
    await queue.close();
  });

  test("of many callers cost a bounded number of entries, and none is uncounted", async () => {
    const clock = virtualClock();
    const queue = await openLocal(app, { file: ":memory:", clock });
    await Promise.all(Array.from({ length: 500 }, (_, index) => queue.ledger.append(denied(`192.0.2.${String(index)}`))));
    clock.advance("1m");
    await queue.ledger.append(reveal("a"));
    const entries = await queue.ledger.entries({ result: "denied" });
    expect(entries).toHaveLength(21);
    expect(entries.reduce((sum, { detail }) => sum + (detail["count"] ?? 0), 0)).toBe(500);
    expect(entries[0]).toMatchObject({ by: "several" });
    await queue.close();
  });

  test("that wait to be counted are written by a close", async () => {
    const file = join(testFolder(), "app.db");
    const queue = await openLocal(app, { file });
    for (let times = 0; times < 3; times += 1) await queue.ledger.append(denied("192.0.2.1"));
    await queue.close();
    const again = await openLocal(app, { file });
    expect(await again.ledger.entries({ after: 0 })).toMatchObject([{ detail: { count: 1 } }, { detail: { count: 2 } }]);
    await again.close();
  });
});

describe("entries", () => {
  test("come in pages, forwards and backwards, and hold no control characters and no half characters", async () => {
    const queue = await openLocal(app, { file: ":memory:", clock: virtualClock() });
    for (const name of ["a", "b\u0000\ud800", "c"]) await queue.ledger.append(reveal(name));
    const subjects = async (filter: Parameters<typeof queue.ledger.entries>[0]) => (await queue.ledger.entries(filter)).map(({ subject }) => subject);
    expect(await subjects({ limit: 2 })).toEqual(["c", "b  "]);
    expect(await subjects({ before: 2 })).toEqual(["a"]);
    expect(await subjects({ after: 1 })).toEqual(["b  ", "c"]);
    expect(await subjects({ by: "eve" })).toEqual([]);
    expect((await queue.ledger.verify()).ok).toBe(true);
    await queue.close();
  });

  test("keep what an older file recorded as operations", async () => {
    const file = join(testFolder(), "app.db");
    const { initial } = await import("./migrations/0001-initial.ts");
    const { applicationId } = await import("./migrations/index.ts");
    const { checksum } = await import("./checksum.ts");
    const db = new Database(file);
    db.pragma(`application_id = ${String(applicationId)}`);
    db.exec(initial);
    db.prepare("INSERT INTO operations (time, by, action, subject, reason, count, sum) VALUES (?, ?, ?, ?, ?, ?, ?)").run(
      ...[7, "ada", "pause", "work", "down", 1],
      checksum(7, "ada", "pause", "work", "down", 1),
    );
    db.pragma("user_version = 1");
    db.close();
    const queue = await openLocal(app, { file });
    expect(await queue.ledger.entries()).toMatchObject([{ by: "ada", action: "pause", subject: "work", reason: "down", detail: { count: 1 } }]);
    expect(await queue.ledger.verify()).toMatchObject({ ok: true, entries: 1 });
    await queue.close();
  });
});
