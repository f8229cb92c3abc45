import { CommanderError } from "commander";
import { exit, reportOf, type ExitCode } from "./exit.ts";
import { printError } from "./output/error.ts";
import type { Io } from "./output/io.ts";
import { createProgram } from "./program.ts";

/** How errors are printed: it must be known before the command line is parsed, since parsing may fail. */
export function errorStyle(args: readonly string[]): { readonly json: boolean; readonly verbose: boolean } {
  return { json: args.includes("--json"), verbose: args.includes("--verbose") };
}

/** Runs one command line (without the program's name) to its end. Every error is printed, none is thrown. */
export async function runCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  const style = errorStyle(args);
  let code: ExitCode = exit.ok;
  const done = (result: ExitCode): void => {
    code = result;
  };
  try {
    await createProgram({ io, json: style.json, done }).parseAsync(args, { from: "user" });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exit.ok : exit.usage;
    const report = reportOf(thrown);
    printError(io, report, style);
    return report.exitCode;
  }
}
