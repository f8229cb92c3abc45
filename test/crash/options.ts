/** The flags of the crash run. */
import { Command, InvalidArgumentError, Option } from "commander";

export interface CrashOptions {
  readonly cycles: number;
  readonly secondsPerCycle: number;
  readonly clients: number;
  readonly checkEvery: number;
  readonly patience: number;
  readonly seed: number;
  /** Database file; a temporary one where absent. */
  readonly file?: string;
  readonly json: boolean;
  /** Whether faults are planted in the engine instead, to see the checker find them. */
  readonly mutants: boolean;
  /** Whether the process that is killed seals personal data instead. */
  readonly sealed: boolean;
  /** Only the faults whose name holds this. */
  readonly only?: string;
}

export const exitCodes = { failure: 1, usage: 2, violation: 3, interrupted: 130 } as const;

function number(least: number, most: number, isWhole: boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= least && value <= most) || (isWhole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`It must be a ${isWhole ? "whole " : ""}number from ${String(least)} to ${String(most)}.`);
    return value;
  };
}

/** Reads the command line. Prints help or what is wrong with it, and ends the process then. */
export function readOptions(argv: readonly string[]): CrashOptions {
  const option = (flags: string, text: string, fallback: number, parse: (text: string) => number): Option =>
    new Option(flags, text).default(fallback).argParser(parse);
  const command = new Command("crash")
    .description(
      "Kills the engine's process with SIGKILL under load, again and again on one file, and checks from the clients' own history that nothing is lost.",
    )
    .addOption(option("--cycles <n>", "processes that are started and ended", 200, number(1, 1_000_000, true)))
    .addOption(option("--seconds-per-cycle <s>", "how long a process is under load, on average", 0.2, number(0.01, 60, false)))
    .addOption(option("--clients <n>", "requests at once", 32, number(1, 1_000, true)))
    .addOption(option("--check-every <n>", "cycles after which all is brought to rest and checked", 50, number(1, 1_000_000, true)))
    .addOption(option("--patience <s>", "how long nothing may move before that is a fault", 60, number(1, 3_600, false)))
    .addOption(option("--seed <n>", "draws the same load and the same kinds of ends again; the moments are the machine's own", 1, number(0, 2 ** 31 - 1, true)))
    .option("--file <path>", "database file, which must not exist yet and which stays (default: a temporary one)")
    .option("--mutants", "plant faults in a copy of the engine, one at a time, and see the checker find each", false)
    .option("--sealed", "kill a process that seals personal data: all of it opens afterwards, and none is in the file in clear", false)
    .option("--only <name>", "with --mutants: only the faults whose name holds this")
    .option("--json", "print the result as JSON", false)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : exitCodes.usage);
    });
  return command.parse(argv, { from: "user" }).opts<CrashOptions>();
}
