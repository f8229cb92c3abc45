import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Entry } from "./evidence.ts";
import { openHistory } from "./history.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pulsequeue-history-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const unknown = (call: number): Entry => ({ type: "unknown", call });

test("what was written is in the file, in its order, once the write has resolved", async () => {
  const file = join(folder, "history");
  const history = openHistory(file);
  history.note(unknown(1));
  await history.write(unknown(2));
  expect(readFileSync(file, "utf8").trim().split("\n")).toEqual(['{"type":"unknown","call":1}', '{"type":"unknown","call":2}']);
  history.note(unknown(3));
  expect(history.read()).toEqual([unknown(1), unknown(2), unknown(3)]);
  history.close();
});

test("a history never goes on in a file that exists", () => {
  const file = join(folder, "history");
  openHistory(file).close();
  expect(() => openHistory(file)).toThrow("EEXIST");
});

test("a closed history takes nothing more", async () => {
  const history = openHistory(join(folder, "history"));
  history.note(unknown(1));
  history.close();
  history.note(unknown(2));
  await expect(history.write(unknown(3))).rejects.toThrow("closed");
});
