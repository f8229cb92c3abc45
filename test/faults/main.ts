/** `npm run faults`: the disk fails at every call in turn, and files are damaged bit by bit; nothing acknowledged is lost and nothing wrong is served. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { openLocal } from "pulsequeue/local";
import { buildCopy, plantFault } from "../crash/build.ts";
import { faultApp } from "./app.ts";
import { buildFile } from "./build-file.ts";
import { diskFaults, runDiskCase, whyNoDiskFaults, type DiskCaseOptions, type DiskFault } from "./disk.ts";
import { plantedFaults, type PlantedFault } from "./planted.ts";
import { printReport, type DiskResult, type FlipResult, type PlantedResult } from "./report.ts";

interface Options {
  readonly n: number;
  readonly flips: number;
  readonly seed: number;
  readonly json: boolean;
}

/** Processes at once: most of their time they wait for the disk, or rest after it was full. */
const processes = 4;
/** Flips that must show a planted fault. */
const plantedFlips = 60;
const copied = [
  "src/index.ts",
  "src/testing/random.ts",
  "src/testing/clock.ts",
  ...["app", "victim", "flip-worker", "judge", "read-all", "requests"].map((name) => `test/faults/${name}.ts`),
];

const options = readOptions();
const folder = mkdtempSync(join(tmpdir(), "pulsequeue-faults-"));
process.once("exit", () => {
  rmSync(folder, { recursive: true, force: true });
});
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => process.exit(130));

let free = processes;
const queue: (() => void)[] = [];

/** Runs `task` when there is room for one more process. */
async function pooled<Result>(task: () => Promise<Result>): Promise<Result> {
  if (free === 0) await new Promise<void>((resolve) => queue.push(resolve));
  else free -= 1;
  try {
    return await task();
  } finally {
    const next = queue.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

const script = (copy: string, name: string): string => join(copy, "test", "faults", `${name}.js`);

async function runFault(place: Omit<DiskCaseOptions, "script">, copy: string, fault: DiskFault, first: number, last: number): Promise<DiskResult> {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const cases = await Promise.all(
    numbers.map(async (n) => ({ n, ...(await pooled(() => runDiskCase({ ...place, script: script(copy, "victim") }, fault, n))) })),
  );
  const reached = cases.filter((one) => one.target !== undefined);
  const violations = cases.flatMap(({ n, violations: found }) => found.map((text) => `${fault.name}, call ${String(n)}: ${text}`));
  if (fault.work === "large" && !reached.some((one) => one.target === "file")) violations.push(`${fault.name}: no call was reached while the log is copied`);
  return { fault: fault.name, tried: reached.length, targets: reached.flatMap(({ target }) => (target === undefined ? [] : [target])), violations };
}

function runFlips(copy: string, original: string, seed: number, flips: number): Promise<FlipResult> {
  return pooled(
    () =>
      new Promise((resolve, reject) => {
        execFile(process.execPath, [script(copy, "flip-worker"), folder, original, String(seed), String(flips)], (error, stdout) => {
          if (error !== null) reject(new Error("the process that flips bits failed", { cause: error }));
          else resolve(JSON.parse(stdout) as FlipResult);
        });
      }),
  );
}

async function plant(planted: PlantedFault, index: number, copy: string, place: Omit<DiskCaseOptions, "script">, original: string): Promise<PlantedResult> {
  const changed = join(folder, `planted-${String(index)}`);
  plantFault(copy, changed, planted.replacements);
  const { by } = planted;
  if (by === "flips") {
    const { counts } = await runFlips(changed, original, 100 + index, plantedFlips);
    return { name: planted.name, found: (counts.silent ?? 0) > 0, how: `${String(counts.silent ?? 0)} of ${String(plantedFlips)} flips served in silence` };
  }
  const fault = diskFaults.find((candidate) => candidate.name === by.fault);
  if (fault === undefined) throw new Error(`there is no fault "${by.fault}"`);
  const { violations } = await runFault({ ...place, folder: changed }, changed, fault, by.first, by.last);
  return { name: planted.name, found: violations.length > 0, how: violations[0] ?? "" };
}

async function main(): Promise<number> {
  const copy = join(folder, "engine");
  buildCopy(copy, copied);
  const oldFile = join(folder, "old.db");
  await (await openLocal(faultApp, { file: oldFile })).close();
  const original = join(folder, "original.db");
  await buildFile({ file: original, events: 500, seed: options.seed });
  const skipped = whyNoDiskFaults();
  const place = { folder, oldFile };
  const share = Math.ceil(options.flips / 2);
  const [disk, flips, planted] = await Promise.all([
    Promise.all(
      skipped === undefined
        ? diskFaults.map((fault) => runFault(place, copy, fault, fault.first, fault.first - 1 + Math.max(1, Math.ceil(options.n * fault.share))))
        : [],
    ),
    Promise.all([runFlips(copy, original, options.seed, share), runFlips(copy, original, options.seed + 1, options.flips - share)]),
    Promise.all(plantedFaults.filter(({ by }) => by === "flips" || skipped === undefined).map((fault, index) => plant(fault, index, copy, place, original))),
  ]);
  return printReport({ n: options.n, seed: options.seed, skipped, disk, flips, planted }, options.json);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1_000_000) throw new InvalidArgumentError("It must be a whole number from 1 to 1,000,000.");
  return value;
}

function readOptions(): Options {
  return new Command("faults")
    .description(
      "Makes system calls of the engine fail, one in each life, and flips bits of its file, one in each copy; checks what is lost and what is served.",
    )
    .option("--n <n>", "how many calls of each kind fail, one in each life", whole, 60)
    .option("--flips <n>", "bits that are flipped, one in each copy", whole, 1_000)
    .option("--seed <n>", "draws the same bits again", whole, 1)
    .option("--json", "print the result as JSON", false)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    })
    .parse()
    .opts<Options>();
}

process.exitCode = await main();
