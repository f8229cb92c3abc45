/** Runs a process on a disk that fails at the n-th call of one kind, and looks at what it leaves. */
import { execFile, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { isPulseQueueError } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { settle, virtualClock } from "pulsequeue/testing";
import { faultApp, items, totals } from "./app.ts";

/** A system call that fails, and what that must mean. */
export interface DiskFault {
  readonly name: string;
  readonly call: "fsync" | "pwrite64" | "pread64";
  readonly error: "EIO" | "ENOSPC";
  readonly work: "small" | "large";
  /** Ends of the names of the files whose calls are counted. @default all of them, and their folder */
  readonly of?: readonly string[];
  /** Whether the process makes the file, or opens one that is there. */
  readonly file: "new" | "old";
  /** The first call that is made to fail. */
  readonly first: number;
  /** How many of them there are, of the number that was asked for. */
  readonly share: number;
  /**
   * `fatal`: the engine stops with `STORE_FAILED` and acknowledges nothing more. `passing`: it refuses, and goes on. `told`:
   * whoever needed it is told; SQLite calls what cannot be read damaged.
   */
  readonly meaning: "fatal" | "passing" | "told";
}

const backup = ["-copy-partial", "-copy-partial-journal"];
const files = ["", "-wal", "-journal", "-lock", ...backup];

export const diskFaults: readonly DiskFault[] = [
  { name: "a sync fails", call: "fsync", error: "EIO", work: "small", file: "old", first: 1, share: 1, meaning: "fatal" },
  { name: "a sync fails while a file is made", call: "fsync", error: "EIO", work: "small", file: "new", first: 1, share: 0.25, meaning: "fatal" },
  { name: "a sync fails while the log is copied", call: "fsync", error: "EIO", work: "large", file: "old", first: 8, share: 0.12, meaning: "fatal" },
  { name: "a sync of the file fails", call: "fsync", error: "EIO", of: [""], work: "large", file: "old", first: 1, share: 0.08, meaning: "fatal" },
  { name: "a sync of a backup fails", call: "fsync", error: "EIO", of: backup, work: "small", file: "old", first: 1, share: 0.08, meaning: "fatal" },
  { name: "the disk is full for one write", call: "pwrite64", error: "ENOSPC", work: "small", file: "old", first: 1, share: 1, meaning: "passing" },
  { name: "the disk is full while a file is made", call: "pwrite64", error: "ENOSPC", work: "small", file: "new", first: 1, share: 0.25, meaning: "passing" },
  { name: "a write fails", call: "pwrite64", error: "EIO", work: "small", file: "old", first: 1, share: 0.5, meaning: "fatal" },
  { name: "a read fails", call: "pread64", error: "EIO", work: "small", file: "old", first: 1, share: 0.5, meaning: "told" },
];

/** What belongs to one file of the engine. */
export type Target = "file" | "log" | "journal" | "lock" | "backup" | "folder";

export interface DiskCase {
  /** What the n-th call was on; `undefined` where it never came. */
  readonly target: Target | undefined;
  /** What is wrong; empty where all is well. */
  readonly violations: readonly string[];
  /** What the process said. */
  readonly lines: readonly string[];
}

/** Longest life of one process, milliseconds. */
const patience = 60_000;

/** Why no call can be made to fail here; `undefined` where it can. Installs strace where that is missing and possible. */
export function whyNoDiskFaults(): string | undefined {
  const works = (): boolean => spawnSync("strace", ["-f", "-o", "/dev/null", "-e", "trace=none", "true"], { stdio: "ignore" }).status === 0;
  if (works()) return undefined;
  if (spawnSync("strace", ["--version"], { stdio: "ignore" }).error === undefined) return "strace may not trace here (ptrace is not permitted)";
  if (process.getuid?.() === 0) {
    for (const args of [["update"], ["install", "--yes", "--no-install-recommends", "strace"]]) spawnSync("apt-get", args, { stdio: "ignore" });
    if (works()) return undefined;
  }
  return "strace is not there and cannot be installed";
}

export interface DiskCaseOptions {
  /** Of `victim.ts`, as JavaScript. */
  readonly script: string;
  readonly folder: string;
  /** A file of the app that was closed. */
  readonly oldFile: string;
}

/** One life of the process with the n-th call failing. */
export async function runDiskCase({ script, folder, oldFile }: DiskCaseOptions, fault: DiskFault, n: number): Promise<DiskCase> {
  const file = join(folder, `${fault.name.replaceAll(" ", "-")}-${String(n)}.db`);
  if (fault.file === "old") copyFileSync(oldFile, file);
  const trace = `${file}-trace`;
  const inject = `inject=${fault.call}:error=${fault.error}:when=${String(n)}`;
  const paths = [...(fault.of ?? files).map((suffix) => file + suffix), ...(fault.of === undefined ? [folder] : [])].flatMap((path) => ["-P", path]);
  const args = ["-f", "-y", "--seccomp-bpf", ...paths, "-o", trace, "-e", `trace=${fault.call}`, "-e", inject, process.execPath, script, file, fault.work];
  const { output, ended } = await run("strace", args);
  const lines = output.split("\n").filter((line) => line !== "");
  const target = targetOf(readFileSync(trace, "utf8"), file, folder);
  // SQLite syncs a folder after making a file in it, and keeps to itself when that fails. The engine syncs it once more.
  const isNoticed = target !== undefined && target !== "folder";
  const violations = ended ? [...judgeLines(fault, lines, isNoticed), ...(await judgeFile(file, lines))] : ["the process does not end"];
  for (const suffix of [...files, "-copy", "-trace"]) rmSync(file + suffix, { force: true });
  return { target, violations, lines };
}

/** What the call that was made to fail was on. */
function targetOf(trace: string, file: string, folder: string): Target | undefined {
  const injected = trace.split("\n").find((line) => line.includes("(INJECTED)"));
  const path = injected === undefined ? undefined : /<([^<>]+)>/.exec(injected)?.[1];
  if (path === undefined) return undefined;
  if (path === folder) return "folder";
  const suffixes: Readonly<Record<string, Target>> = { "": "file", "-wal": "log", "-journal": "journal", "-lock": "lock" };
  return suffixes[path.slice(file.length)] ?? "backup";
}

function run(command: string, args: readonly string[]): Promise<{ readonly output: string; readonly ended: boolean }> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: patience, killSignal: "SIGKILL" }, (error, stdout) => {
      resolve({ output: stdout, ended: error?.killed !== true });
    });
  });
}

function judgeLines(fault: DiskFault, lines: readonly string[], isNoticed: boolean): readonly string[] {
  const violations: string[] = [];
  const errors = lines.filter((line) => line.startsWith("error "));
  if (lines.at(-1) !== "end") violations.push(`the process ended early, after "${lines.at(-1) ?? ""}"`);
  const known = fault.meaning === "told" ? / (?:STORE_FAILED|STORE_CORRUPT)$/ : / (?:STORE_FAILED|STORE_FULL|QUEUE_CLOSED)$/;
  const strange = errors.find((line) => !known.test(line));
  if (strange !== undefined) violations.push(`an error says something else: ${strange}`);
  if (fault.meaning === "passing") {
    if (errors.some((line) => line.endsWith("STORE_FAILED"))) violations.push("a full disk was taken for a broken one");
    if (!lines.includes("ack last")) violations.push("the queue does not go on after a full disk");
  } else if (isNoticed) {
    // A backup that fails is its caller's; everything else is the store's own end.
    const end = lines.findIndex((line) => line.endsWith("STORE_FAILED") && !line.startsWith("error backup"));
    if (errors.length === 0) violations.push("nobody was told that the disk failed");
    else if (end >= 0 && lines.slice(end).some((line) => line.startsWith("ack "))) violations.push("something was acknowledged after the disk had failed");
  }
  return violations;
}

/** What was acknowledged is there, every effect happened once, and the file is sound. */
async function judgeFile(file: string, lines: readonly string[]): Promise<readonly string[]> {
  const acknowledged = lines.filter((line) => line.startsWith("ack ")).map((line) => line.slice(4));
  if (!existsSync(file) || statSync(file).size === 0) return acknowledged.length === 0 ? [] : ["the file is gone"];
  try {
    const clock = virtualClock({ now: Date.now() });
    const queue = await openLocal(faultApp, { file, clock });
    try {
      const report = await queue.verify();
      const violations = report.problems.map(({ position, message }) => `the file is damaged at ${String(position)}: ${message}`);
      await queue.start();
      await settle(queue, clock);
      const stored = (await queue.inspect.events({ type: "item.added", limit: 1_000 })).map((event) => event.id);
      const rows = await queue.inspect.table(items).all();
      for (const id of acknowledged) if (id !== "request" && !stored.includes(id)) violations.push(`the acknowledged event ${id} is missing`);
      if (acknowledged.includes("request") && (await queue.inspect.table(totals).get("c")) === undefined)
        violations.push("the answered request has left nothing");
      if (new Set(stored).size !== stored.length) violations.push("an event is stored twice");
      for (const id of stored) if (rows.find((row) => row.id === id)?.times !== 1) violations.push(`the effect of ${id} did not happen once`);
      return violations;
    } finally {
      await queue.close();
    }
  } catch (thrown) {
    return [`the file does not open again: ${isPulseQueueError(thrown) ? thrown.code : String(thrown)}`];
  }
}
