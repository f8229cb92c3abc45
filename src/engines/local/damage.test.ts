import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLocal, verifyLocal, type LocalQueue } from "pulsequeue/local";
import { seededRandom } from "pulsequeue/testing";
import { added, faultApp, items } from "../../../test/faults/app.ts";
import { buildFile } from "../../../test/faults/build-file.ts";
import { contentsOf, testFolder } from "../../../test/faults/folder.ts";
import { judge, readOriginal, type Original, type Verdict } from "../../../test/faults/judge.ts";
import { isLogDamaged } from "./write-ahead-log.ts";

const folder = mkdtempSync(join(tmpdir(), "pulsequeue-damage-"));
const closed = join(folder, "closed.db");
/** As a killed process leaves it: the file, and a log with most of what it holds. */
const killed = join(folder, "killed.db");
let original: Original;

beforeAll(async () => {
  await buildFile({
    file: closed,
    events: 300,
    seed: 3,
    beforeClose: () => {
      for (const suffix of ["", "-wal"]) copyFileSync(closed + suffix, killed + suffix);
    },
  });
  original = await readOriginal(closed);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("flipped bits", () => {
  const flips = 120;

  test(`of ${String(flips)} in a closed file none is served in silence`, async () => {
    const bytes = readFileSync(closed);
    const random = seededRandom(5);
    const file = join(testFolder(), "app.db");
    const counts = new Map<Verdict, number>();
    for (let flip = 0; flip < flips; flip += 1) {
      const damaged = Buffer.from(bytes);
      flipBit(damaged, random.below(damaged.length), random.below(8));
      const verdict = await judge(original, file, damaged);
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    }
    expect(counts.get("silent")).toBeUndefined();
    expect(counts.get("refused when read")).toBeGreaterThan(flips / 3);
  });

  test("in the header: whatever SQLite makes of it, the file is refused or all data are right", async () => {
    const bytes = readFileSync(closed);
    const file = join(testFolder(), "app.db");
    for (let position = 0; position < 100; position += 1) {
      const damaged = Buffer.from(bytes);
      flipBit(damaged, position, position % 8);
      expect(await judge(original, file, damaged), `byte ${position}`).not.toBe("silent");
    }
  });
});

describe("a handler never sees what is damaged", () => {
  /** Opens a copy of the file after `sql` and starts it; answers what was published last and why the engine stopped. */
  async function run(
    sql: string,
  ): Promise<{ readonly file: string; readonly queue: LocalQueue; readonly failure: unknown; readonly logged: readonly string[] }> {
    const file = join(testFolder(), "app.db");
    const logged: string[] = [];
    const before = await openLocal(faultApp, { file });
    for (let index = 0; index < 3; index += 1) await before.publish(added, { bucket: "b", amount: index, note: "intact" });
    await before.close();
    const db = new Database(file);
    db.exec(sql);
    db.close();
    const queue = await openLocal(faultApp, {
      file,
      observe: (fact) => {
        if (fact.type === "log") logged.push(fact.message);
      },
    });
    await queue.start();
    return { file, queue, failure: await queue.idle().catch((error: unknown) => error), logged };
  }

  test("a damaged event stops the engine before its handler is called", async () => {
    const { file, queue, failure, logged } = await run("UPDATE events SET data = replace(data, 'intact', 'broken') WHERE seq = 2");
    expect(failure).toMatchObject({ code: "STORE_CORRUPT", message: "The event at position 2 does not match its hash" });
    expect(logged).toContain("the store failed: the engine has stopped");
    await expect(queue.publish(added, { bucket: "b", amount: 1, note: "" })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(await queue.inspect.table(items).all()).toEqual([]);
    await expect(queue.close()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    // Close has freed the file all the same, and the damage is named.
    expect((await verifyLocal(file)).problems).toEqual([{ position: 2, message: "The event at position 2 does not match its hash" }]);
  });

  test("a damaged row that it asks for stops the engine, and no attempt is counted", async () => {
    const { queue, failure } = await run(
      "INSERT INTO records SELECT id, 'sb' || char(0), 1, NULL, '{\"bucket\":\"b\",\"count\":0,\"sum\":0}', 7 FROM names WHERE kind = 'table' AND name = 'totals'",
    );
    expect(failure).toMatchObject({ code: "STORE_CORRUPT", message: "A row of records does not match its checksum" });
    expect(await queue.inspect.deadLetters()).toEqual([]);
    expect((await queue.inspect.deliveries()).map(({ attempts, failure: cause }) => [attempts, cause])).toEqual([
      [0, undefined],
      [0, undefined],
      [0, undefined],
    ]);
    await expect(queue.close()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  test("a duplicate is not compared with a damaged event", async () => {
    const file = join(testFolder(), "app.db");
    const first = await openLocal(faultApp, { file });
    await first.publish(added, { bucket: "b", amount: 1, note: "intact" }, { id: "one" });
    await first.publish(added, { bucket: "b", amount: 2, note: "intact" }, { id: "two" });
    await first.close();
    const db = new Database(file);
    db.exec("UPDATE events SET data = replace(data, 'intact', 'broken') WHERE id = 'one'");
    db.close();
    const queue = await openLocal(faultApp, { file });
    await expect(queue.publish(added, { bucket: "b", amount: 1, note: "intact" }, { id: "one" })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    const batch = ["three", "one", "four"].map((id) => ({ event: added, data: { bucket: "b", amount: 1, note: "intact" }, options: { id } }));
    expect(await queue.publishEach(batch)).toMatchObject([{ duplicate: false }, { code: "STORE_CORRUPT" }, { duplicate: false }]);
    expect((await queue.facts()).head).toBe(4);
    await queue.close();
  });
});

describe("the log of a killed process", () => {
  /** Opens a copy with the log changed; answers how many events it has. */
  async function eventsWith(change: (log: Buffer) => Buffer | undefined): Promise<number | string> {
    const place = testFolder();
    const file = join(place, "app.db");
    copyFileSync(killed, file);
    const log = readFileSync(`${killed}-wal`);
    const changed = change(log) ?? log;
    writeFileSync(`${file}-wal`, changed);
    const before = contentsOf(place);
    try {
      const queue = await openLocal(faultApp, { file });
      const { head } = await queue.facts();
      expect((await queue.verify()).problems).toEqual([]);
      await queue.close();
      return head;
    } catch (thrown) {
      expect(contentsOf(place)).toEqual(before);
      return (thrown as { readonly code: string }).code;
    }
  }
  const frame = 4_096 + 24;
  const commitsOf = (log: Buffer): readonly number[] => {
    const ends: number[] = [];
    for (let offset = 32; offset + frame <= log.length; offset += frame) if (log.readUInt32BE(offset + 4) !== 0) ends.push(offset);
    return ends;
  };

  test("is recovered whole", async () => {
    const whole = await eventsWith(() => undefined);
    expect(whole).toBeGreaterThan(600);
    expect(commitsOf(readFileSync(`${killed}-wal`)).length).toBeGreaterThan(20);
    expect(isLogDamaged(`${killed}-wal`)).toBe(false);
  });

  test("with a flipped bit before its last commit is refused and left as it is: SQLite would take what comes before for everything", async () => {
    const random = seededRandom(9);
    const ends = commitsOf(readFileSync(`${killed}-wal`));
    const lastCommit = (ends.at(-2) ?? 0) + frame;
    for (let flip = 0; flip < 40; flip += 1) {
      const position = flip < 32 ? flip : 32 + random.below(lastCommit - 32);
      // A version number and a sequence that nobody compares are covered by the header's checksum all the same.
      const outcome = await eventsWith((log) => flipBit(log, position, random.below(8)));
      expect(outcome, `byte ${position}`).toBe("STORE_CORRUPT");
    }
  });

  test("cut off anywhere, or with its last commit incomplete, gives the events of the commits before", async () => {
    const log = readFileSync(`${killed}-wal`);
    const whole = await eventsWith(() => undefined);
    const ends = commitsOf(log);
    const heads: (number | string)[] = [];
    for (const end of [ends[3] ?? 0, ends[10] ?? 0, ends[15] ?? 0]) {
      const complete = await eventsWith((bytes) => bytes.subarray(0, end + frame));
      const torn = await eventsWith((bytes) => bytes.subarray(0, end + frame + 1_000));
      expect(torn).toBe(complete);
      heads.push(complete);
    }
    expect(heads.every((head) => typeof head === "number" && typeof whole === "number" && head < whole)).toBe(true);
    expect(heads.toSorted((left, right) => Number(left) - Number(right))).toEqual(heads);
    expect(await eventsWith((bytes) => flipBit(bytes, (ends.at(-1) ?? 0) + 100, 1))).toBeLessThanOrEqual(Number(whole));
  });

  test("that is gone leaves the file as it was last copied", async () => {
    const file = join(testFolder(), "app.db");
    copyFileSync(killed, file);
    truncateSync(file, Math.floor(statSync(file).size / 2));
    await expect(openLocal(faultApp, { file })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});

function flipBit(bytes: Buffer, position: number, bit: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(position) ^ (1 << bit), position);
  return bytes;
}
