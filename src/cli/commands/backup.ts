import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { isPulseQueueError } from "../../core/errors.ts";
import type { VerifyReport } from "../../engines/local/index.ts";
import { runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { CommandError, exit, type ExitCode } from "../exit.ts";
import { shown } from "../load/locate.ts";
import { bytes, plural } from "../output/text.ts";

interface BackupOptions {
  readonly dryRun?: boolean;
}

export function addBackup(program: Command, session: Session): void {
  const command = new Command("backup")
    .description("copy the file as it is at one moment, while the engine runs or not")
    .argument("<target>", "the copy: a path that does not exist yet")
    .option("--dry-run", "check the paths, and copy nothing");
  runsOnQueue<BackupOptions>(command, session, backup);
  program.addCommand(command);
}

async function backup(call: QueueCall<BackupOptions>): Promise<undefined> {
  const target = resolve(call.io.cwd, call.args[0] ?? "");
  const name = shown(target, call.io.cwd);
  if (existsSync(target)) throw new CommandError("FILE_EXISTS", `${name} exists already`, "Name a file that does not exist yet: a backup never replaces one.");
  if (!existsSync(dirname(target)))
    throw new CommandError("FILE_MISSING", `There is no folder ${shown(dirname(target), call.io.cwd)}`, "Make the folder first, or name another path.");
  if (call.options.dryRun === true) {
    const facts = await call.queue((control) => control.facts({}));
    call.print.result({ target, bytes: facts.bytes, dryRun: true }, () => `would copy ${bytes(facts.bytes)} to ${name}`);
    return;
  }
  const result = await call.print.progress("copying", (report) => call.queue((control) => control.backup({ target }, report)));
  call.print.result({ target, ...result }, () => `copied ${bytes(result.bytes)} to ${name}`);
}

export function addVerify(program: Command, session: Session): void {
  const command = new Command("verify").description("check the journal's hash chain and the file's integrity; exit code 3 where something is damaged");
  runsOnQueue(command, session, verify);
  program.addCommand(command);
}

async function verify(call: QueueCall): Promise<ExitCode> {
  const result = await call.print.progress("verifying", (report) =>
    call.queue((control) => control.verify({}, report)).catch((thrown: unknown) => verifyDamaged(thrown, call)),
  );
  call.print.result(result, () => {
    if (result.ok) return `intact: ${plural(result.events, "event")}, hash chain unbroken`;
    const found = result.problems.map(({ position, message }) => `  at position ${String(position)}: ${message}`);
    return [
      `${call.print.paint("red", "damaged")}: ${plural(result.problems.length, "problem")} in ${plural(result.events, "event")}`,
      ...found,
      "  what to do: restore the last backup that verifies",
    ].join("\n");
  });
  return result.ok ? exit.ok : exit.problem;
}

/** A file so damaged that no engine opens it is looked through all the same. */
async function verifyDamaged(thrown: unknown, call: QueueCall): Promise<VerifyReport> {
  if (!isPulseQueueError(thrown) || thrown.code !== "STORE_CORRUPT") throw thrown;
  const { verifyLocal } = await import("../../engines/local/index.ts");
  const report = await verifyLocal((await call.settings()).file).catch(() => undefined);
  const found = { position: 0, message: thrown.message };
  return { ok: false, events: report?.events ?? 0, problems: [found, ...(report?.problems ?? [])] };
}
