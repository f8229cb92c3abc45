/** The flags of the fuzz run. */
import { Command, InvalidArgumentError } from "commander";

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  readonly sockets: number;
  /** Silent connections that are held at once. */
  readonly idle: number;
  /** Connections that are cut as soon as they are there. */
  readonly resets: number;
  /** Whether faults are planted in the door instead, to see the judge find them. */
  readonly mutants: boolean;
  /** Only the faults whose name holds this. */
  readonly only?: string;
}

export function readOptions(): FuzzOptions {
  const number = (text: string): number => {
    if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
    return Number(text);
  };
  return new Command("fuzz")
    .description("Sends generated requests to the door; nothing invalid may be accepted, nothing may break.")
    .option("--seed <n>", "seed of the inputs", number, 1)
    .option("--inputs <n>", "inputs in this process", number, 100_000)
    .option("--sockets <n>", "inputs over sockets", number, 5_000)
    .option("--idle <n>", "silent connections that are held at once", number, 5_000)
    .option("--resets <n>", "connections that are reset as soon as they are there", number, 5_000)
    .option("--mutants", "plant faults in a copy of the door, one at a time, and see the judge find each", false)
    .option("--only <name>", "with --mutants: only the faults whose name holds this")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse()
    .opts<FuzzOptions>();
}
