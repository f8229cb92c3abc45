import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { openLocal } from "pulsequeue/local";
import { added, faultApp } from "../../../test/faults/app.ts";
import { testFolder } from "../../../test/faults/folder.ts";
import { mostNames, openNames } from "./names.ts";

/** Names as in a file. */
function storedNames() {
  const stored: string[] = [];
  return {
    stored,
    findName: vi.fn((_kind: string, name: string) => (stored.includes(name) ? stored.indexOf(name) + 1 : undefined)),
    nameOf: vi.fn((_kind: string, id: number) => stored[id - 1]),
    intern: vi.fn((_kind: string, name: string) => stored.push(name)),
  };
}

describe("names in memory", () => {
  test("are so many and no more: those that came last", () => {
    const meta = storedNames();
    const names = openNames(meta, "source");
    const count = mostNames + 500;
    for (let id = 1; id <= count; id += 1) expect(names.id(`s-${String(id)}`)).toBe(id);
    meta.findName.mockClear();
    for (let id = count; id > count - mostNames; id -= 1) expect([names.id(`s-${String(id)}`), names.name(id)]).toEqual([id, `s-${String(id)}`]);
    expect([meta.findName, meta.nameOf].map((asked) => asked.mock.calls.length)).toEqual([0, 0]);

    for (let id = 1; id <= count - mostNames; id += 1) expect(names.name(id)).toBe(`s-${String(id)}`);
    expect(meta.nameOf).toHaveBeenCalledTimes(count - mostNames);
    expect(meta.intern).toHaveBeenCalledTimes(count);
  });

  test("are forgotten with the transaction that made them", () => {
    const meta = storedNames();
    const names = openNames(meta, "source");
    names.id("kept");
    names.id("rolled back");
    meta.stored.pop();
    names.forget();
    expect([names.id("other"), names.id("kept")]).toEqual([2, 1]);
  });

  test("a number without a name is damage", () => {
    expect(() => openNames(storedNames(), "source").name(7)).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  });
});

describe("a file with more sources than are kept in memory", () => {
  const count = mostNames + 200;
  const publications = Array.from({ length: count }, (_, index) => ({
    event: added,
    data: { bucket: "b", amount: index, note: "" },
    options: { id: "same", source: `/sources/${String(index)}` },
  }));

  test("knows every event again, and of which source it is", async () => {
    const file = join(testFolder(), "app.db");
    for (const duplicate of [false, true]) {
      const queue = await openLocal(faultApp, { file });
      const receipts = await queue.publishEach(publications);
      expect(receipts.filter((receipt) => !(receipt instanceof Error) && receipt.duplicate === duplicate)).toHaveLength(count);
      const events = await queue.inspect.events({ after: 0, limit: 1_000 });
      expect(events.map(({ source }) => source)).toEqual(events.map((_, index) => `/sources/${String(index)}`));
      await queue.close();
    }
  });

  test("is refused where a name or its place in the index is damaged", async () => {
    const file = join(testFolder(), "app.db");
    const queue = await openLocal(faultApp, { file });
    await queue.publishEach(publications.slice(0, 3));
    await queue.close();
    const whole = readFileSync(file);
    const places = [...whole.toString("latin1").matchAll(/\/sources\/1/g)].map(({ index }) => index);
    expect(places).toHaveLength(2); // the row, and its entry in the index
    for (const place of places) {
      const damaged = Buffer.from(whole);
      damaged.write("9", place + "/sources/".length);
      writeFileSync(file, damaged);
      await expect(openLocal(faultApp, { file })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    }
  });
});
