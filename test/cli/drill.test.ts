/** The drill of a disaster: on a live engine, on a file at rest, and where something is wrong. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openLocal } from "pulsequeue/local";
import app, { placed } from "../support/order-app.ts";
import { inTerminal, type Answer } from "../support/terminal.ts";

const appFile = join(import.meta.dirname, "../support/order-app.ts");
let cwd = "";
let file = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "pulsequeue-drilled-"));
  file = join(cwd, "orders.db");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cwd, { recursive: true });
});

const run = (args: readonly string[], now?: () => number): Promise<Answer> =>
  inTerminal([...args, "--json"], { cwd, env: { PULSEQUEUE_APP: appFile, PULSEQUEUE_DB: file }, ...(now === undefined ? {} : { now }) });

/** Publishes orders and lets the handlers end. */
async function publish(...orders: readonly string[]): Promise<void> {
  const queue = await openLocal(app, { file, secrets: () => "" });
  await queue.start();
  for (const orderId of orders) await queue.publish(placed, { orderId, quantity: 1, email: "ada@example.org" });
  await queue.idle();
  await queue.close();
}

describe("a drill", () => {
  test("restores a backup of now with everything in it, and leaves the live file and the machine as they were", async () => {
    await publish("o-1", "o-2", "o-3");
    const machine = join(cwd, "tmp");
    mkdirSync(machine);
    vi.stubEnv("TMPDIR", machine);
    const answer = await run(["drill"]);
    expect([answer.code, answer.stderr]).toEqual([0, ""]);
    const report = answer.json() as Readonly<Record<string, number>>;
    expect(report).toMatchObject({ ok: true, restored: { events: 6, problems: 0 }, missing: [], lost: 0, replayable: 6 });
    expect(report["rto"]).toBeGreaterThanOrEqual(0);
    expect(report["rpo"]).toBeGreaterThanOrEqual(0);
    expect(readdirSync(machine)).toEqual([]);
    expect((await run(["verify"])).json()).toMatchObject({ ok: true, events: 6 });
    expect(readdirSync(cwd).filter((name) => name.includes("restored") || name.includes("backup"))).toEqual([]);
  });

  test("runs no handler, so that nobody outside is called twice", async () => {
    const queue = await openLocal(app, { file, secrets: () => "" });
    await queue.publish(placed, { orderId: "o-1", quantity: 1, email: "ada@example.org" }); // waits: nothing was started
    await queue.close();
    expect((await run(["drill"])).json()).toMatchObject({ ok: true, restored: { events: 1 } });
    expect((await run(["deliveries", "ls"])).json()).toMatchObject([{ state: "ready" }]);
  });

  test("with a backup of yesterday tells how many events a loss would cost now, and ends with 3 where that is too much", async () => {
    await publish("o-1");
    const backup = join(cwd, "yesterday.db");
    expect((await run(["backup", backup])).code).toBe(0);
    const hour = 3_600_000;
    const yesterday = (Date.now() - 20 * hour) / 1_000;
    utimesSync(backup, yesterday, yesterday);
    await publish("o-2", "o-3");
    const report = (await run(["drill", "--backup", backup])).json() as Readonly<Record<string, number>>;
    expect(report).toMatchObject({ ok: true, restored: { events: 2 }, missing: [], lost: 4 });
    expect(Math.round((report["rpo"] ?? 0) / hour)).toBe(20);
    expect((await run(["drill", "--backup", backup, "--most-lost", "12h"])).code).toBe(3);
  });

  test("finds an event that the backup should have and has not", async () => {
    await publish("o-1", "o-2");
    const backup = join(cwd, "other.db");
    // A backup of another life of this app: as many events, and other ones.
    const live = file;
    file = backup;
    await publish("x-1", "x-2");
    file = live;
    const answer = await run(["drill", "--backup", backup]);
    expect(answer.code).toBe(3);
    expect(answer.json()).toMatchObject({ ok: false, missing: [1, 2, 3, 4] });
  });

  test.each<readonly [string, (path: string) => void]>([
    ["a changed event", (path) => void new Database(path).exec("UPDATE events SET data = 'x' WHERE seq = 1").close()],
    ["half of it", (path) => writeFileSync(path, readFileSync(path).subarray(0, 20_000))],
  ])("finds a damaged backup: %s", async (_name, damage) => {
    await publish("o-1", "o-2");
    const backup = join(cwd, "backup.db");
    copyFileSync(file, backup);
    damage(backup);
    const answer = await run(["drill", "--backup", backup]);
    expect([answer.code, answer.stderr]).toEqual([3, ""]);
    expect(answer.json()).toMatchObject({ ok: false });
  });

  test("without a file or a backup says so", async () => {
    expect((await run(["drill"])).error()["code"]).toBe("FILE_MISSING");
    await publish("o-1");
    expect((await run(["drill", "--backup", "gone.db"])).error()["code"]).toBe("FILE_MISSING");
  });
});
