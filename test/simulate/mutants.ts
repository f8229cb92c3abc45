/** Runs the simulation on copies of the engine with one fault each, until the judge has found it. */
import { cpSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyReplacements, readSource } from "../crash/build.ts";
import { table } from "../crash/report.ts";
import { isTest, projectRoot } from "../support/tree.ts";
import { runSeeds, type PoolOptions } from "./pool.ts";
import type { Planted, Simulation } from "./simulation.ts";

export interface MutantResult {
  readonly name: string;
  readonly found: boolean;
  /** Seeds that ran until it was found, or in all. */
  readonly seeds: number;
  readonly rule: string;
  readonly text: string;
  readonly seconds: number;
}

export interface MutantOptions extends Pick<PoolOptions, "from" | "seeds" | "workers" | "patience" | "signal"> {
  /** A folder that is removed afterwards. */
  readonly folder: string;
  readonly onFault: (done: number, name: string) => void;
}

export interface MutantsResult {
  /** A copy without a fault: the judge must be silent on it, or the others prove nothing. */
  readonly control: MutantResult;
  readonly faults: readonly MutantResult[];
}

const noFault: Planted = { name: "no fault", replacements: [] };
/** Seeds that the copy without a fault must keep clean. */
const controlSeeds = 20;

export async function runMutants(simulation: Simulation, chosen: readonly Planted[], options: MutantOptions): Promise<MutantsResult> {
  const find = async (fault: Planted, seeds: number): Promise<MutantResult> => {
    const copy = join(options.folder, "mutant");
    copyWith(simulation, fault, copy);
    const result = await findFault(fault, { ...options, seeds, folder: copy, script: simulation.seeds });
    rmSync(copy, { recursive: true, force: true });
    return result;
  };
  options.onFault(0, noFault.name);
  const control = await find(noFault, controlSeeds);
  const results: MutantResult[] = [];
  for (const fault of chosen) {
    options.onFault(results.length, fault.name);
    results.push(await find(fault, options.seeds));
  }
  return { control, faults: results };
}

/** Whether the judge is right: silent on the engine as it is, and not on any other. */
export function isProven({ control, faults: results }: MutantsResult): boolean {
  return !control.found && results.every((result) => result.found);
}

/** What the simulation needs of the sources, with the fault planted. */
function copyWith({ copied }: Simulation, { replacements }: Planted, folder: string): void {
  const filter = (path: string): boolean => !isTest(path) || path.startsWith(join(projectRoot, "test"));
  for (const part of copied) cpSync(join(projectRoot, part), join(folder, part), { recursive: true, filter });
  for (const [path, text] of applyReplacements(replacements, readSource)) writeFileSync(join(folder, path), text);
  // The copy refers to itself by the package's name, as the sources do.
  const { exports } = JSON.parse(readSource("package.json")) as { readonly exports: unknown };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "pulsequeue", type: "module", exports }));
  symlinkSync(join(projectRoot, "node_modules"), join(folder, "node_modules"));
}

async function findFault({ name }: Planted, options: Omit<PoolOptions, "onSeed">): Promise<MutantResult> {
  const started = performance.now();
  let seeds = 0;
  let violation: { readonly rule: string; readonly text: string } | undefined;
  await runSeeds({
    ...options,
    onSeed: (report) => {
      seeds += 1;
      violation ??= report.violations[0];
      return violation !== undefined;
    },
  });
  const seconds = (performance.now() - started) / 1_000;
  return { name, found: violation !== undefined, seeds, rule: violation?.rule ?? "", text: violation?.text ?? "", seconds };
}

export function mutantsTable({ control, faults: results }: MutantsResult): string {
  const rows = [control, ...results].map(({ name, found, seeds, rule, seconds }) => [name, found ? "yes" : "no", String(seeds), seconds.toFixed(1), rule]);
  const found = results.filter((result) => result.found);
  const median = found.map((result) => result.seeds).sort((left, right) => left - right)[Math.floor(found.length / 2)];
  return [
    table([["fault", "found", "seeds", "seconds", "by"], ...rows]),
    `${String(found.length)} of ${String(results.length)} planted faults found${median === undefined ? "" : `, half of them within ${String(median)} seeds`}`,
  ].join("\n");
}
