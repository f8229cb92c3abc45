import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openLocal } from "pulsequeue/local";
import { createProject, orderApp } from "../support/cli.ts";
import app, { placed } from "../support/order-app.ts";

vi.setConfig({ testTimeout: 120_000 }); // each test starts processes

const project = createProject({ "app.ts": orderApp, "foreign.txt": "This is a text about queues.\n".repeat(400) });
const good = project.path("good.db");

beforeAll(async () => {
  const queue = await openLocal(app, { file: good });
  await queue.publishMany(
    placed,
    Array.from({ length: 200 }, (_, index) => ({ orderId: `o-${String(index)}`, quantity: 1 })),
  );
  await queue.close();
});
afterAll(() => {
  project.remove();
});

/** A copy of the good file, changed by SQL. */
function changed(name: string, sql: string): string {
  copyFileSync(good, project.path(name));
  const db = new Database(project.path(name));
  db.exec(sql);
  db.close();
  return name;
}

const errorOf = (stderr: string): unknown => (JSON.parse(stderr) as { readonly error: unknown }).error;

describe("a file that cannot be used is refused with a code, a cause and a way out", () => {
  test.concurrent.each([
    { name: "of text", file: () => "foreign.txt", code: "STORE_FOREIGN" },
    { name: "of another program", file: () => "other.db", code: "STORE_FOREIGN" },
    { name: "of a newer program", file: () => changed("newer.db", "PRAGMA user_version = 999"), code: "STORE_NEWER" },
    { name: "that is read-only", file: () => "/proc/version", code: "STORE_READ_ONLY" },
    { name: "below a file", file: () => "app.ts/app.db", code: "FILE_MISSING" },
  ])("$name", async ({ file, code }) => {
    if (code === "STORE_FOREIGN") {
      const other = new Database(project.path("other.db"));
      other.exec("CREATE TABLE IF NOT EXISTS mine (a)");
      other.close();
    }
    const name = file();
    const answer = await project.run(["events", "ls", "--file", name, "--json"]);
    expect(errorOf(answer.stderr)).toMatchObject({ code, fix: expect.stringMatching(/\.$/) });
    expect(answer.stdout).toBe("");
    expect(answer.code).toBe(1);
  });

  test("and it is left as it was", async () => {
    const path = project.path("theirs.db");
    const other = new Database(path);
    other.exec("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
    other.close();
    const before = readFileSync(path);
    await project.run(["emit", "order.placed", '{"orderId":"o","quantity":1}', "--file", "theirs.db"]);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("that another process holds and that does not answer", async () => {
    copyFileSync(good, project.path("held.db"));
    const holder = await openLocal(app, { file: project.path("held.db") });
    const [answer, doctor] = await Promise.all([project.run(["events", "ls", "--file", "held.db", "--json"]), project.run(["doctor", "--file", "held.db"])]);
    await holder.close();
    expect(errorOf(answer.stderr)).toMatchObject({ code: "STORE_LOCKED", message: "Another process holds held.db and does not answer on its control socket" });
    expect(answer.code).toBe(1);
    expect(doctor.stdout).toMatch(/^problem +queue +STORE_LOCKED: /m);
    expect(doctor.code).toBe(3);
  });
});

describe("damage", () => {
  test("verify finds a changed event, with its position, and ends with exit code 3", async () => {
    const file = changed("tampered.db", `UPDATE events SET data = '{"orderId":"o-6","quantity":7}' WHERE seq = 7`);
    const [plain, json] = await Promise.all([
      project.run(["verify", "--file", file]),
      project.run(["verify", "--file", changed("swapped.db", "UPDATE events SET seq = 1000 WHERE seq = 50"), "--json"]),
    ]);
    expect(plain.stdout).toContain("damaged: ");
    expect(plain.stdout).toContain("at position 7: ");
    expect(plain.stdout).toContain("what to do: restore the last backup that verifies");
    expect(plain.code).toBe(3);
    const { ok, problems } = json.json() as { readonly ok: boolean; readonly problems: readonly { readonly position: number }[] };
    expect(ok).toBe(false);
    expect(problems.map((problem) => problem.position)).toContain(50);
    expect(json.code).toBe(3);
  });

  test("verify of a truncated file is a finding too", async () => {
    copyFileSync(good, project.path("short.db"));
    truncateSync(project.path("short.db"), Math.floor(statSync(good).size / 8192 / 2) * 4096);
    const { code, stdout } = await project.run(["verify", "--file", "short.db"]);
    expect(stdout).toContain("damaged: ");
    expect(code).toBe(3);
  });
});

describe("without an engine", () => {
  test("emit makes the file, for this user alone, and the next command reads it", async () => {
    writeFileSync(project.path("order.json"), '{ "orderId": "o-1", "quantity": 2 }');
    const emitted = await project.run(["emit", "order.placed", "@order.json", "--json"]);
    const { id } = emitted.json() as { readonly id: string };
    expect(statSync(project.path(".pulsequeue")).mode & 0o777).toBe(0o700);
    expect(statSync(project.path(".pulsequeue/app.db")).mode & 0o777).toBe(0o600);
    const shown = await project.run(["events", "show", id]);
    expect(shown.stdout).toContain("confirm: ready, the queue is not started");
    expect(shown.code).toBe(0);
  });
});
