/** The flags of the demonstration. */
import { Command, InvalidArgumentError, Option } from "commander";

export const engineNames = ["local", "aws-sim"] as const;
export type EngineName = (typeof engineNames)[number];

export interface DemoOptions {
  /** The embedded engine on a file, or the AWS engine on a simulated AWS in memory. */
  readonly engine: EngineName;
  readonly orders: number;
  readonly buyers: number;
  readonly skus: number;
  /** Units of each SKU. */
  readonly units: number;
  /** Percent of orders that are submitted twice. */
  readonly duplicates: number;
  /** Percent of authorizations that the card refuses. */
  readonly declines: number;
  /** Percent of provider calls that are not answered in time. */
  readonly timeouts: number;
  /** Percent of orders that their buyer cancels at once. */
  readonly cancels: number;
  /** Percent of confirmed orders that come back for a refund after the rush. */
  readonly refunds: number;
  /** How often the engine's process is killed, or all functions at once. */
  readonly kills: number;
  readonly seed: number;
  /** Database file; a temporary one where absent. */
  readonly file?: string;
  readonly json: boolean;
  /** Whether a temporary file stays. */
  readonly keep: boolean;
}

/** Exit codes: the flags are wrong; an invariant does not hold. */
export const exitUsage = 2;
export const exitViolation = 3;

export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a whole number from ${String(least)} to ${String(most)}.`);
    return value;
  };
}

export function percent(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 100)) throw new InvalidArgumentError("It must be a number from 0 to 100.");
  return value;
}

/** Reads the command line. Prints help or what is wrong with it, and ends the process then. */
export function readOptions(argv: readonly string[]): DemoOptions {
  const number = (flags: string, text: string, fallback: number, parse: (text: string) => number): Option =>
    new Option(flags, text).default(fallback).argParser(parse);
  const command = new Command("demo")
    .description("A flash sale: many buyers, few units, refusals, timeouts, repeats and a killed engine. Then every invariant is checked.")
    .addOption(new Option("--engine <name>", "the embedded engine on a real file, or the AWS engine on a simulated AWS").choices(engineNames).default("local"))
    .addOption(number("--orders <n>", "orders that buyers place", 5_000, whole(1, 1_000_000)))
    .addOption(number("--buyers <n>", "buyers at once", 64, whole(1, 1_000)))
    .addOption(number("--skus <n>", "different products", 5, whole(1, 1_000)))
    .addOption(number("--units <n>", "units of each product", 100, whole(1, 1_000_000)))
    .addOption(number("--duplicates <percent>", "orders that are submitted twice", 20, percent))
    .addOption(number("--declines <percent>", "payments that the card refuses", 10, percent))
    .addOption(number("--timeouts <percent>", "provider calls without an answer", 2, percent))
    .addOption(number("--cancels <percent>", "orders that their buyer cancels at once", 1, percent))
    .addOption(number("--refunds <percent>", "confirmed orders that are refunded after the rush", 3, percent))
    .addOption(number("--kills <n>", "times that the engine's process is killed with SIGKILL, or all functions of the simulated AWS", 1, whole(0, 1_000)))
    .addOption(number("--seed <n>", "makes the buyers and the provider do the same again", 1, whole(0, 2 ** 31 - 1)))
    .option("--file <path>", "database file, which must not exist yet (default: a temporary one)")
    .option("--json", "print the result as JSON", false)
    .option("--keep", "keep the temporary file and print its path", false)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : exitUsage);
    });
  return command.parse(argv, { from: "user" }).opts<DemoOptions>();
}
