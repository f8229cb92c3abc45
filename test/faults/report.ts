/** What `npm run faults` prints. */
import type { Target } from "./disk.ts";
import { verdicts, type Verdict } from "./judge.ts";

export interface DiskResult {
  readonly fault: string;
  /** Lives in which the call came and failed. */
  readonly tried: number;
  readonly targets: readonly Target[];
  readonly violations: readonly string[];
}

export interface FlipResult {
  readonly counts: Readonly<Partial<Record<Verdict | "unexpected error", number>>>;
  /** Where something was served in silence, or went wrong otherwise. */
  readonly places: readonly string[];
}

export interface PlantedResult {
  readonly name: string;
  readonly found: boolean;
  /** What found it. */
  readonly how: string;
}

export interface Report {
  readonly n: number;
  readonly seed: number;
  /** Why the disk could not be made to fail. */
  readonly skipped: string | undefined;
  readonly disk: readonly DiskResult[];
  readonly flips: readonly FlipResult[];
  readonly planted: readonly PlantedResult[];
}

const widest = 46;

/** Prints the report and answers the exit code: 3 where something was found. */
export function printReport({ n, seed, skipped, disk, flips, planted }: Report, asJson: boolean): number {
  const counts = sum(flips.map((result) => result.counts));
  const total = Object.values(counts).reduce((left, right) => left + right, 0);
  const flipsFailed = (counts.silent ?? 0) + (counts["unexpected error"] ?? 0);
  const passed =
    disk.reduce((all, { tried, violations }) => all + Math.max(0, tried - violations.length), 0) +
    (flipsFailed === 0 ? 1 : 0) +
    planted.filter(({ found }) => found).length;
  const failed = disk.reduce((all, { violations }) => all + violations.length, 0) + (flipsFailed === 0 ? 0 : 1) + planted.filter(({ found }) => !found).length;
  const findings = [...disk.flatMap(({ violations }) => violations), ...flips.flatMap(({ places }) => places)];
  if (asJson) print(JSON.stringify({ n, seed, skipped, disk, flips: { total, counts }, planted, findings, passed, failed }, undefined, 2));
  else {
    if (skipped !== undefined) print(`skipped: the disk cannot be made to fail here: ${skipped}`);
    else printDisk(disk);
    print(`\n${String(total)} flipped bits, one in each copy of a closed file (seed ${String(seed)})`);
    for (const verdict of verdicts) print(`  ${verdict.padEnd(widest)}${String(counts[verdict] ?? 0).padStart(6)}`);
    if ((counts["unexpected error"] ?? 0) > 0) print(`  ${"unexpected error".padEnd(widest)}${String(counts["unexpected error"]).padStart(6)}`);
    print("\nfaults planted in the engine");
    for (const { name, found, how } of planted) print(`  ${name.padEnd(widest)} ${found ? "found" : "NOT FOUND"}${how === "" ? "" : `: ${how}`}`);
    for (const finding of findings) print(`violation: ${finding}`);
    print(`\n${String(passed)} passed, ${String(failed)} failed`);
  }
  return failed === 0 ? 0 : 3;
}

function printDisk(disk: readonly DiskResult[]): void {
  print(`${"what fails, once in each life".padEnd(widest + 2)}${"lives".padStart(6)}${"wrong".padStart(7)}  where`);
  for (const { fault, tried, targets, violations } of disk) {
    const places = [...new Set(targets)].map((target) => `${target} ${String(targets.filter((other) => other === target).length)}`).join(", ");
    print(`  ${fault.padEnd(widest)}${String(tried).padStart(6)}${String(violations.length).padStart(7)}  ${places}`);
  }
}

function sum(all: readonly FlipResult["counts"][]): Partial<Record<Verdict | "unexpected error", number>> {
  const total: Partial<Record<Verdict | "unexpected error", number>> = {};
  for (const counts of all) {
    for (const [verdict, count] of Object.entries(counts) as [Verdict, number][]) total[verdict] = (total[verdict] ?? 0) + count;
  }
  return total;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
