import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openLocal, verifyLocal, type LocalQueue } from "pulsequeue/local";
import { added, faultApp, items, totals } from "../../../test/faults/app.ts";
import { contentsOf, testFolder } from "../../../test/faults/folder.ts";
import { startChild } from "../../../test/faults/process.ts";

const data = { bucket: "b", amount: 1, note: "n".repeat(2_000) };

async function filled(file: string, events: number): Promise<LocalQueue> {
  const queue = await openLocal(faultApp, { file });
  for (let done = 0; done < events; done += 250)
    await queue.publishMany(
      added,
      Array.from({ length: 250 }, () => data),
    );
  return queue;
}
const ids = async (queue: LocalQueue): Promise<readonly string[]> => {
  const found: string[] = [];
  for (let after = 0; ;) {
    const page = await queue.inspect.events({ after, limit: 1_000 });
    if (page.length === 0) return found;
    found.push(...page.map((event) => event.id));
    after += page.length;
  }
};

describe("a backup", () => {
  test("taken under load is the journal up to one commit, with the tables of that moment; it opens and goes on", async () => {
    const folder = testFolder();
    const target = join(folder, "copy.db");
    const queue = await filled(join(folder, "app.db"), 1_500);
    await queue.start();
    let running = true;
    const load = async (): Promise<void> => {
      while (running) await queue.publish(added, data);
    };
    const loads = Array.from({ length: 8 }, load);
    const before = (await queue.facts()).head;
    const steps: number[] = [];
    const { bytes } = await queue.backup(target, (done) => steps.push(done));
    running = false;
    await Promise.all(loads);
    expect(bytes).toBe(statSync(target).size);
    expect(steps.length).toBeGreaterThan(3);
    await queue.idle();
    const all = await ids(queue);
    await queue.close();

    expect(await verifyLocal(target)).toMatchObject({ ok: true, problems: [] });
    const restored = await openLocal(faultApp, { file: target });
    const copied = await ids(restored);
    expect(copied.length).toBeGreaterThanOrEqual(before);
    expect(copied).toEqual(all.slice(0, copied.length));
    // A commit writes a row and its total together: the copy has both or neither.
    const rows = await restored.inspect.table(items).all();
    const [total] = await restored.inspect.table(totals).all();
    expect(total?.count ?? 0).toBe(rows.length);
    await restored.start();
    await restored.idle();
    const given = copied.length - rows.length; // all but what the handler had emitted by then
    expect(await restored.inspect.table(items).all()).toHaveLength(given);
    await restored.close();
  });

  test("never replaces a file, its own least of all, and says where it cannot be made", async () => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    const queue = await filled(file, 250);
    writeFileSync(join(folder, "there"), "text");
    mkdirSync(join(folder, "folder"));
    for (const name of ["there", "app.db", "folder"]) await expect(queue.backup(join(folder, name))).rejects.toMatchObject({ code: "OPERATION_INVALID" });
    await expect(queue.backup(join(folder, "missing", "copy.db"))).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
    expect(readdirSync(folder).sort()).toEqual(["app.db", "app.db-lock", "app.db-wal", "folder", "there"]);
    expect((await queue.verify()).ok).toBe(true);
    await queue.close();
  });

  test("cut short by a kill leaves the source sound, no file under its name, and the next one in peace", async () => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    const target = join(folder, "copy.db");
    const child = startChild("holder.ts", file);
    await child.line("open");
    child.tell("fill 200");
    await child.line("filled");
    child.tell(`backup ${target}`);
    await child.line("copied");
    child.process.kill("SIGKILL");
    await child.ended;
    expect(child.lines).not.toContain("backed up");
    expect(existsSync(target)).toBe(false);
    const queue = await openLocal(faultApp, { file });
    expect((await queue.facts()).head).toBe(200);
    expect((await queue.verify()).ok).toBe(true);
    await queue.backup(target);
    await queue.close();
    expect(await verifyLocal(target)).toMatchObject({ ok: true, events: 200 });
    expect(Object.keys(contentsOf(folder)).sort()).toEqual(["app.db", "copy.db"]);
  });

  test("under way while the queue closes is refused and leaves nothing", async () => {
    const folder = testFolder();
    const queue = await filled(join(folder, "app.db"), 1_500);
    let closing: Promise<void> | undefined;
    const backup = queue.backup(join(folder, "copy.db"), () => {
      closing ??= queue.close();
    });
    await expect(backup).rejects.toMatchObject({ code: "QUEUE_CLOSED" });
    await closing;
    expect(readdirSync(folder).sort()).toEqual(["app.db", "app.db-lock"]);
    expect(await verifyLocal(join(folder, "app.db"))).toMatchObject({ ok: true, events: 1_500 });
  });
});
