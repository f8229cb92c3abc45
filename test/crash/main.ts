/** `npm run crash`: the process is killed under load, again and again, and the checker looks for what that broke. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { seededRandom } from "../../src/testing/random.ts";
import { buildCopy, serverScript } from "./build.ts";
import { faults } from "./faults.ts";
import { isProven, mutantsTable, runMutants } from "./mutants.ts";
import { exitCodes, readOptions, type CrashOptions } from "./options.ts";
import { mixedPlan } from "./plan.ts";
import { progressBar } from "./progress.ts";
import { asTable } from "./report.ts";
import { CrashRun, type RunResult } from "./run.ts";
import { runSealed } from "./sealed.ts";

const options = readOptions(process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), "pulsequeue-crash-"));
/** `keep`: the folder holds what somebody will want to look at. */
const leftovers = { keep: false };
const interrupt = new AbortController();
process.on("SIGINT", () => interrupt.abort());
process.on("SIGTERM", () => interrupt.abort());

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function runOnce({ cycles, secondsPerCycle, clients, checkEvery, patience, seed }: CrashOptions, file: string): Promise<RunResult> {
  const copy = join(folder, "engine");
  buildCopy(copy);
  const bar = progressBar(cycles, process.stderr);
  const run = new CrashRun({
    script: serverScript(copy),
    file,
    cycles,
    secondsPerCycle,
    answersPerCycle: 0,
    clients,
    checkEvery,
    seed,
    patience: patience * 1_000,
    plan: mixedPlan(seededRandom(seed)),
    duplicates: true,
    onCycle: (cycle) => bar.show(cycle, "cycles"),
    signal: interrupt.signal,
  });
  try {
    return await run.run();
  } finally {
    bar.clear();
    await run.close();
  }
}

async function crash(): Promise<number> {
  const file = options.file === undefined ? join(folder, "crash.db") : resolve(options.file);
  if ([file, `${file}.history`].some((path) => existsSync(path))) {
    process.stderr.write(`error: ${file} or its history exists already: the run starts on an empty file\n`);
    return exitCodes.usage;
  }
  const result = await runOnce(options, file);
  print(options.json ? JSON.stringify({ seed: options.seed, ...result }, undefined, 2) : asTable(result));
  if (result.violations.length === 0) return 0;
  leftovers.keep = options.file === undefined;
  process.stderr.write(`The file and the clients' history stay: ${file}, ${file}.history\n`);
  return exitCodes.violation;
}

async function sealed(): Promise<number> {
  const copy = join(folder, "engine");
  buildCopy(copy);
  const place = join(folder, "sealed");
  mkdirSync(place);
  const script = join(copy, "test", "crash", "sealed-server.js");
  const { cycles, acknowledged, violations } = await runSealed(script, join(place, "sealed.db"), options.cycles, seededRandom(options.seed));
  for (const violation of violations) print(violation);
  print(`${String(cycles)} processes killed while they sealed, ${String(acknowledged)} events acknowledged, ${String(violations.length)} violations`);
  return violations.length === 0 ? 0 : exitCodes.violation;
}

async function mutants(): Promise<number> {
  const chosen = faults.filter(({ name }) => name.includes(options.only ?? ""));
  if (chosen.length === 0) {
    process.stderr.write(`error: no fault has a name that holds ${options.only ?? ""}\n`);
    return exitCodes.usage;
  }
  const bar = progressBar(chosen.length, process.stderr);
  const { seed, clients } = options;
  const result = await runMutants(chosen, { folder, seed, clients, onFault: (done, name) => bar.show(done, `faults: ${name}`), signal: interrupt.signal });
  bar.clear();
  print(options.json ? JSON.stringify({ seed, ...result }, undefined, 2) : mutantsTable(result));
  return isProven(result) ? 0 : exitCodes.violation;
}

try {
  process.exitCode = await (options.mutants ? mutants() : options.sealed ? sealed() : crash());
} catch (error) {
  if (!interrupt.signal.aborted) throw error;
  process.exitCode = exitCodes.interrupted;
} finally {
  if (!leftovers.keep) rmSync(folder, { recursive: true, force: true });
}
