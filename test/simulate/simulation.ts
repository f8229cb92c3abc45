/** What is simulated: which script runs its seeds, what strikes in it, and which faults are planted to prove its judge. */
import { faultPoints } from "../../src/engines/local/options.ts";
import type { Replacement } from "../crash/build.ts";
import { faults } from "../crash/faults.ts";

/** A fault as exact replacements of the engine's text. */
export interface Planted {
  readonly name: string;
  readonly replacements: readonly Replacement[];
}

export interface Simulation {
  /** The npm script that starts it. */
  readonly command: string;
  readonly description: string;
  /** The script of the processes that run seeds, from the root. */
  readonly seeds: string;
  /** Folders and files that a copy to plant faults in holds, without tests. */
  readonly copied: readonly string[];
  /** What strikes: enough seeds must have met each. */
  readonly points: readonly string[];
  /** Rows of a table of how often each struck. */
  readonly struck: (counts: Readonly<Record<string, number>>) => readonly (readonly string[])[];
  readonly faults: readonly Planted[];
}

export const count = (value: number): string => value.toLocaleString("en");

/** The embedded engine, killed at every kind of commit. Of the crash run's faults those that a simulation of one process can show. */
export const embedded: Simulation = {
  command: "simulate",
  description: "Runs the real engine in memory under a seeded scheduler that kills it at every kind of commit, and judges what clients saw and what is left.",
  seeds: "test/simulate/seeds.ts",
  copied: ["src/core", "src/machine", "src/engines/local", "src/testing", "test/simulate", "test/crash", "test/support"],
  points: faultPoints,
  struck: (counts) => [
    ["killed", "before the commit", "after it"],
    ...[...new Set(faultPoints.map((point) => point.split(".")[0] ?? ""))].map((kind) => [
      kind,
      count(counts[`${kind}.before-commit`] ?? 0),
      count(counts[`${kind}.after-commit`] ?? 0),
    ]),
    ["anywhere else", count(counts["anywhere"] ?? 0)],
  ],
  faults: faults.filter((fault) => fault.shows === "by a kill" || fault.shows === "without a kill"),
};
