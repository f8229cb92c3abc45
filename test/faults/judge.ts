/** What becomes of a damaged file: who finds the damage, and whether anything wrong is served before. */
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { isPulseQueueError } from "pulsequeue";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { faultApp } from "./app.ts";
import { hashOfTables, readingClock, readServed } from "./read-all.ts";

export const verdicts = [
  /** `openLocal` refused the file. */
  "refused at opening",
  /** Reading what is damaged was refused. */
  "refused when read",
  /** Everything served is right, and `verify` names the damage. */
  "found by verify",
  /** Something is not served that was there, or in another state; `verify` names the damage. */
  "served, then found by verify",
  /** All data are what they were. */
  "harmless",
  /** Something wrong is served and nothing says so. */
  "silent",
] as const;
export type Verdict = (typeof verdicts)[number];

export interface Original {
  readonly file: string;
  readonly served: string;
  readonly tables: string;
}

/** What the sound file `file` holds. `copy` is where it is opened. */
export async function readOriginal(file: string, copy = `${file}-original`): Promise<Original> {
  copyFileSync(file, copy);
  const tables = hashOfTables(copy);
  const queue = await openLocal(faultApp, { file: copy, clock: readingClock() });
  const served = await readServed(queue);
  await queue.close();
  removeFile(copy);
  if (tables === undefined) throw new Error("the original cannot be read");
  return { file, served, tables };
}

/** Writes the damaged `bytes` to `file` and lets the engine look at it. */
export async function judge(original: Original, file: string, bytes: Uint8Array): Promise<Verdict> {
  removeFile(file);
  writeFileSync(file, bytes);
  let queue: LocalQueue;
  try {
    queue = await openLocal(faultApp, { file, clock: readingClock() });
  } catch (thrown) {
    return refusalOrThrow("refused at opening", thrown);
  }
  try {
    const named = !(await queue.verify()).ok;
    try {
      const right = (await readServed(queue)) === original.served;
      if (named) return right ? "found by verify" : "served, then found by verify";
      return right && tablesOf(file, bytes) === original.tables ? "harmless" : "silent";
    } catch (thrown) {
      return refusalOrThrow("refused when read", thrown);
    }
  } finally {
    await queue.close().catch(() => undefined);
  }
}

/** Not every column is served to users: nobody but SQLite sees all of the file. */
function tablesOf(file: string, bytes: Uint8Array): string | undefined {
  const copy = `${file}-copy`;
  writeFileSync(copy, bytes);
  try {
    return hashOfTables(copy);
  } finally {
    removeFile(copy);
  }
}

/** A refusal must be one of ours, and say that the file is the problem. */
function refusalOrThrow(verdict: Verdict, thrown: unknown): Verdict {
  if (isPulseQueueError(thrown) && ["STORE_CORRUPT", "STORE_FOREIGN", "STORE_NEWER"].includes(thrown.code)) return verdict;
  throw thrown;
}

function removeFile(file: string): void {
  for (const suffix of ["", "-wal", "-journal", "-shm", "-lock"]) rmSync(file + suffix, { force: true });
}
