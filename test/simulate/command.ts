/** The command of a simulation: its seeds, or its planted faults. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { progressBar } from "../crash/progress.ts";
import { projectRoot } from "../support/tree.ts";
import { isProven, mutantsTable, runMutants } from "./mutants.ts";
import { exitCodes, readOptions, type SimulateOptions } from "./options.ts";
import { runSeeds } from "./pool.ts";
import { asTable, isClean, summarise, type SeedReport } from "./report.ts";
import type { Simulation } from "./simulation.ts";

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Answers the exit code. */
export async function runSimulation(simulation: Simulation, argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  process.on("SIGINT", () => interrupt.abort());
  process.on("SIGTERM", () => interrupt.abort());
  const options = readOptions(simulation, argv);
  const code = await (options.mutants ? mutants(simulation, options, interrupt.signal) : simulate(simulation, options, interrupt.signal));
  return interrupt.signal.aborted ? exitCodes.interrupted : code;
}

async function simulate(simulation: Simulation, options: SimulateOptions, signal: AbortSignal): Promise<number> {
  const bar = progressBar(options.seeds, process.stderr);
  const started = performance.now();
  const reports: SeedReport[] = [];
  const onSeed = (report: SeedReport): boolean => {
    reports.push(report);
    bar.show(reports.length, "seeds");
    return false;
  };
  await runSeeds({ ...options, script: simulation.seeds, folder: projectRoot, onSeed, signal });
  bar.clear();
  const summary = summarise(simulation, options.from, reports, (performance.now() - started) / 1_000);
  print(options.json ? JSON.stringify(summary, undefined, 2) : asTable(simulation, summary));
  return isClean(summary) ? 0 : exitCodes.violation;
}

async function mutants(simulation: Simulation, options: SimulateOptions, signal: AbortSignal): Promise<number> {
  const chosen = simulation.faults.filter(({ name }) => name.includes(options.only ?? ""));
  if (chosen.length === 0) {
    process.stderr.write(`error: no fault has a name that holds ${options.only ?? ""}\n`);
    return exitCodes.usage;
  }
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-simulate-"));
  const bar = progressBar(chosen.length, process.stderr);
  try {
    const onFault = (done: number, name: string): void => bar.show(done, `faults: ${name}`);
    const result = await runMutants(simulation, chosen, { ...options, folder, onFault, signal });
    bar.clear();
    print(options.json ? JSON.stringify(result, undefined, 2) : mutantsTable(result));
    return isProven(result) ? 0 : exitCodes.violation;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
