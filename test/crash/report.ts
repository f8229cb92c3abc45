/** The result of a run, for people and as JSON. */
import { invariants, type Violation } from "./checker/check.ts";
import type { RunResult } from "./run.ts";

/** Violations that are printed one by one. */
const mostShown = 20;

export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const count = (value: number): string => value.toLocaleString("en");

export function asTable({ cycles, kinds, afterCrash, atPoints, checks, seconds, tally, violations }: RunResult): string {
  const kindText = Object.entries(kinds)
    .sort(([, left], [, right]) => right - left)
    .map(([kind, number]) => `${count(number)} ${kind}`)
    .join(", ");
  const rows: readonly (readonly [string, string])[] = [
    ["cycles", `${count(cycles)} on one file (${kindText})`],
    ["recoveries", `${count(afterCrash)} processes found the file as a kill had left it`],
    ["named points", `${count(atPoints)} processes killed themselves right before or after a commit`],
    ["requests", count(tally.requests)],
    ["acknowledged", count(tally.acknowledged)],
    ["unknown", `${count(tally.unknown)}, asked again with the same ids`],
    ["duplicates refused", count(tally.duplicates)],
    ["events", count(tally.events)],
    ["effects", count(tally.effects)],
    ["dead letters", `${count(tally.deadLetters)}, and ${count(tally.redrives)} sent again`],
    [
      "rate",
      `${(cycles / seconds).toFixed(1)} cycles/s, ${count(Math.round(tally.acknowledged / seconds))} acknowledged/s in ${seconds.toFixed(1)} s, checks included`,
    ],
    ["invariants", `${count(invariants.length)}, checked ${count(checks)} time${checks === 1 ? "" : "s"}`],
    ["violations", count(violations.length)],
  ];
  return [table(rows), ...violationLines(violations)].join("\n");
}

/** One line: the stack of a process that died is in the JSON. */
export function violationLine({ invariant, subject, message }: Violation): string {
  return `  ${invariant}: ${subject} ${message.split("\n")[0] ?? ""}`;
}

function violationLines(violations: readonly Violation[]): readonly string[] {
  return violations.slice(0, mostShown).map(violationLine);
}

/** The invariants that do not hold, those with the most violations first. */
export function brokenInvariants(violations: readonly Violation[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { invariant } of violations) counts.set(invariant, (counts.get(invariant) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => right - left).map(([name]) => name);
}
