#!/usr/bin/env node
import { PulseQueueError } from "../core/errors.ts";
import { connect, traffic } from "./aws/clients.ts";
import { exit, reportOf } from "./exit.ts";
import { printError } from "./output/error.ts";
import type { Io } from "./output/io.ts";
import { errorStyle, runCommand } from "./run.ts";

const args = process.argv.slice(2);
const { stdin, stdout, stderr, env } = process;
const io: Io = { stdin, stdout, stderr, env, cwd: process.cwd(), now: () => Date.now(), connect, traffic };

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? exit.ok : exit.failure);
});

/** What Node sets when the main module awaits something and nothing is left that could bring it. */
const unsettled = 13;

process.on("exit", () => {
  if (process.exitCode !== unsettled) return;
  const error = new PulseQueueError("APP_NOT_LOADED", "The app or the config never finished loading: it awaits something that does not come");
  printError(io, reportOf(error), errorStyle(args));
  process.exitCode = exit.declaration;
});

process.exitCode = await runCommand(args, io);
