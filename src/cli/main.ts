#!/usr/bin/env node
import { CommanderError } from "commander";
import { PulseQueueError } from "../core/errors.ts";
import { exit, reportOf, type ExitCode } from "./exit.ts";
import { printError } from "./output/error.ts";
import type { Io } from "./output/io.ts";
import { createProgram } from "./program.ts";

const io: Io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd(), now: () => Date.now() };
const style = { json: process.argv.includes("--json"), verbose: process.argv.includes("--verbose") };
let finished = false;

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? exit.ok : exit.failure);
});

// With nothing left to wait for, Node ends in the middle of the run: only a module that awaits for ever does that.
process.on("exit", () => {
  if (finished) return;
  printError(
    io,
    reportOf(new PulseQueueError("APP_NOT_LOADED", "The app or the config never finished loading: it awaits something that does not come")),
    style,
  );
  process.exitCode = exit.declaration;
});

async function run(): Promise<ExitCode> {
  let code: ExitCode = exit.ok;
  try {
    await createProgram({ io, json: style.json, done: (result) => void (code = result) }).parseAsync(process.argv);
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exit.ok : exit.usage;
    const report = reportOf(thrown);
    printError(io, report, style);
    return report.exitCode;
  }
}

process.exitCode = await run();
finished = true;
