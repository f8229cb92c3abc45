/** The flags of the simulation. */
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Simulation } from "./simulation.ts";

export interface SimulateOptions {
  readonly seeds: number;
  readonly from: number;
  readonly workers: number;
  readonly patience: number;
  readonly json: boolean;
  /** Whether faults are planted in the engine instead, to see the judge find them. */
  readonly mutants: boolean;
  /** Only the faults whose name holds this. */
  readonly only?: string;
}

export const exitCodes = { usage: 2, violation: 3, interrupted: 130 } as const;

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${String(least)} to ${String(most)}.`);
    }
    return value;
  };
}

/** Reads the command line. Prints help or what is wrong with it, and ends the process then. */
export function readOptions({ command: name, description }: Pick<Simulation, "command" | "description">, argv: readonly string[]): SimulateOptions {
  const option = (flags: string, text: string, fallback: number, most: number): Option => new Option(flags, text).default(fallback).argParser(whole(1, most));
  const command = new Command(name)
    .description(description)
    .addOption(option("--seeds <n>", "how many seeds; with --mutants: how many at most for each fault", 200, 100_000_000))
    .addOption(option("--from <n>", "the first seed", 1, 2 ** 31 - 1))
    .addOption(option("--workers <n>", "processes at once", availableParallelism(), 256))
    .addOption(option("--patience <s>", "seconds of real time after which a seed is taken for one that hangs", 120, 3_600))
    .option("--mutants", "plant faults in a copy of the engine, one at a time, and see the judge find each", false)
    .option("--only <name>", "with --mutants: only the faults whose name holds this")
    .option("--json", "print the result as JSON", false)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : exitCodes.usage);
    });
  return command.parse(argv, { from: "user" }).opts<SimulateOptions>();
}
