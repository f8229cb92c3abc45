/** `npm run simulate`: seeds that kill the engine at every kind of commit, and a judge over what is left. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { progressBar } from "../crash/progress.ts";
import { projectRoot } from "../support/tree.ts";
import { isProven, mutantsTable, runMutants, simulated } from "./mutants.ts";
import { exitCodes, readOptions, type SimulateOptions } from "./options.ts";
import { runSeeds } from "./pool.ts";
import { asTable, isClean, summarise, type SeedReport } from "./report.ts";

const interrupt = new AbortController();
process.on("SIGINT", () => interrupt.abort());
process.on("SIGTERM", () => interrupt.abort());

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function simulate(options: SimulateOptions): Promise<number> {
  const bar = progressBar(options.seeds, process.stderr);
  const started = performance.now();
  const reports: SeedReport[] = [];
  const onSeed = (report: SeedReport): boolean => {
    reports.push(report);
    bar.show(reports.length, "seeds");
    return false;
  };
  await runSeeds({ ...options, folder: projectRoot, onSeed, signal: interrupt.signal });
  bar.clear();
  const summary = summarise(options.from, reports, (performance.now() - started) / 1_000);
  print(options.json ? JSON.stringify(summary, undefined, 2) : asTable(summary));
  return isClean(summary) ? 0 : exitCodes.violation;
}

async function mutants(options: SimulateOptions): Promise<number> {
  const chosen = simulated.filter(({ name }) => name.includes(options.only ?? ""));
  if (chosen.length === 0) {
    process.stderr.write(`error: no fault has a name that holds ${options.only ?? ""}\n`);
    return exitCodes.usage;
  }
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-simulate-"));
  const bar = progressBar(chosen.length, process.stderr);
  try {
    const result = await runMutants(chosen, { ...options, folder, onFault: (done, name) => bar.show(done, `faults: ${name}`), signal: interrupt.signal });
    bar.clear();
    print(options.json ? JSON.stringify(result, undefined, 2) : mutantsTable(result));
    return isProven(result) ? 0 : exitCodes.violation;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const options = readOptions(process.argv.slice(2));
process.exitCode = await (options.mutants ? mutants(options) : simulate(options));
if (interrupt.signal.aborted) process.exitCode = exitCodes.interrupted;
