/** Runs the crash run on copies of the engine with one fault each, until the checker has found it. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { buildCopy, plantFault, serverScript } from "./build.ts";
import type { Violation } from "./checker/check.ts";
import type { Fault } from "./faults.ts";
import type { CrashOptions } from "./options.ts";
import { calmPlan, freezePlan, killPlan, type Plan } from "./plan.ts";
import { brokenInvariants, table, violationLine } from "./report.ts";
import { CrashRun, type RunResult } from "./run.ts";

export interface FaultResult {
  readonly name: string;
  readonly shows: Fault["shows"];
  /** Whether an invariant that the fault breaks was seen broken. */
  readonly found: boolean;
  /** Invariants that do not hold: those that the fault breaks first, then those with the most violations. */
  readonly invariants: readonly string[];
  readonly cycles: number;
  readonly seconds: number;
  readonly example: Violation | undefined;
}

export interface MutantsResult {
  /** The engine as it is, at the same settings: it must hold. */
  readonly control: readonly FaultResult[];
  readonly faults: readonly FaultResult[];
}

/** How a fault is brought to light: what is done to the processes, and after how many of them the checker looks. */
const ways: Readonly<Record<Fault["shows"], { readonly plan: Plan; readonly checkEvery: number; readonly rounds: number; readonly controlRounds: number }>> = {
  "without a kill": { plan: calmPlan, checkEvery: 1, rounds: 16, controlRounds: 2 },
  // The process after a clean stop runs full batches, those after a kill claim each delivery durably: faults hide in either.
  "by a kill": { plan: killPlan, checkEvery: 3, rounds: 14, controlRounds: 3 },
  "to a reader of the file": { plan: calmPlan, checkEvery: 1, rounds: 1, controlRounds: 0 },
  "beside a second process": { plan: freezePlan, checkEvery: 1, rounds: 3, controlRounds: 2 },
};
const secondsPerCycle = 0.2;
/** So that a busy machine does not make the load too small for a fault to show. */
const answersPerCycle = 150;
/** Half the time, milliseconds, after which an engine in which nothing moves is given up. */
const patience = 5_000;

export interface MutantOptions extends Pick<CrashOptions, "seed" | "clients"> {
  /** A folder that is removed afterwards. */
  readonly folder: string;
  readonly onFault: (done: number, name: string) => void;
  readonly signal: AbortSignal;
}

export async function runMutants(faults: readonly Fault[], options: MutantOptions): Promise<MutantsResult> {
  const original = join(options.folder, "engine");
  buildCopy(original);
  const control: FaultResult[] = [];
  const results: FaultResult[] = [];
  for (const shows of Object.keys(ways) as Fault["shows"][]) {
    const { checkEvery, controlRounds } = ways[shows];
    if (controlRounds === 0) continue;
    options.onFault(results.length, "no fault");
    control.push(await runOn(original, { name: "no fault", shows, by: [], replacements: [] }, checkEvery * controlRounds, options));
  }
  for (const fault of faults) {
    options.onFault(results.length, fault.name);
    const copy = join(options.folder, "mutant");
    plantFault(original, copy, fault.replacements);
    const { checkEvery, rounds } = ways[fault.shows];
    results.push(await runOn(copy, fault, checkEvery * rounds, options));
    rmSync(copy, { recursive: true, force: true });
  }
  return { control, faults: results };
}

async function runOn(copy: string, fault: Fault, cycles: number, { folder, seed, clients, signal }: MutantOptions): Promise<FaultResult> {
  const { plan, checkEvery } = ways[fault.shows];
  const file = join(folder, "mutant.db");
  const run = new CrashRun({
    script: serverScript(copy),
    file,
    cycles,
    secondsPerCycle,
    answersPerCycle,
    seed,
    clients,
    plan,
    checkEvery,
    patience,
    // A late finisher is one thing to find, and it blurs what a kill does to attempts and steps.
    duplicates: fault.shows !== "by a kill",
    onCycle: () => undefined,
    signal,
  });
  try {
    return resultOf(fault, await run.run());
  } finally {
    await run.close();
    for (const suffix of ["", "-wal", "-shm", "-lock", "-lock-journal", ".history"]) rmSync(`${file}${suffix}`, { force: true });
  }
}

function resultOf({ name, shows, by }: Fault, { cycles, seconds, violations }: RunResult): FaultResult {
  const broken = brokenInvariants(violations);
  const expected = broken.filter((invariant) => by.includes(invariant));
  const invariants = [...expected, ...broken.filter((invariant) => !by.includes(invariant))];
  return {
    name,
    shows,
    found: by.length === 0 ? broken.length > 0 : expected.length > 0,
    invariants,
    cycles,
    seconds,
    example: violations.find(({ invariant }) => invariant === invariants[0]),
  };
}

/** Whether the checker is right: silent on the engine as it is, and not on any other. */
export function isProven({ control, faults }: MutantsResult): boolean {
  return control.every(({ invariants }) => invariants.length === 0) && faults.every(({ found }) => found);
}

export function mutantsTable({ control, faults }: MutantsResult): string {
  const row = ({ name, shows, found, invariants, cycles, seconds }: FaultResult): readonly string[] => [
    name,
    shows,
    found ? "yes" : "no",
    invariants.slice(0, 3).join(", ") + (invariants.length > 3 ? ` and ${String(invariants.length - 3)} more` : ""),
    String(cycles),
    seconds.toFixed(1),
  ];
  const rows = [["fault", "shows", "found", "by", "cycles", "seconds"], ...[...control, ...faults].map(row)];
  const found = faults.filter((fault) => fault.found).length;
  const wrong = control.flatMap(({ example }) => (example === undefined ? [] : [violationLine(example)]));
  return [table(rows), `${String(found)} of ${String(faults.length)} planted faults found`, ...wrong].join("\n");
}
