/** Options that several commands share. */
import { createInterface } from "node:readline/promises";
import { userInfo } from "node:os";
import { InvalidArgumentError, Option, type Command } from "commander";
import type { OperationOptions, OperationResult } from "../../core/operation.ts";
import type { EventChoice } from "../../core/queue.ts";
import type { Call } from "../call.ts";
import { usageError } from "../exit.ts";

/** An option that takes a whole number. */
export function countOption(flags: string, description: string, least: number, most: number): Option {
  return new Option(flags, description).argParser((text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`Give a whole number from ${String(least)} to ${String(most)}.`);
    return value;
  });
}

export interface LimitOptions {
  readonly limit: number;
}

export function addLimit(command: Command, most = 1_000): Command {
  return command.addOption(countOption("-n, --limit <count>", "how many to show", 1, most).default(20));
}

/** Options that say which of the events with one id is meant. */
export interface ChoiceOptions {
  readonly source?: string;
  readonly tenant?: string;
}

export function addChoice(command: Command): Command {
  return command.option("--source <source>", "of this source, where several have the event's id").option("--tenant <tenant>", "of this tenant");
}

export function choiceOf({ source, tenant }: ChoiceOptions): EventChoice {
  return { ...(source === undefined ? {} : { source }), ...(tenant === undefined ? {} : { tenant }) };
}

/** What every act of an operator takes. */
export interface ActOptions {
  readonly reason?: string;
  readonly by?: string;
  readonly dryRun?: boolean;
}

export function addAct(command: Command): Command {
  return command
    .option("--reason <text>", "why: it is recorded (required, except with --dry-run)")
    .option("--by <name>", "who: it is recorded (default: the user's login name)")
    .option("--dry-run", "say what would be done, and do nothing");
}

export interface YesOptions {
  readonly yes?: boolean;
}

export function addYes(command: Command): Command {
  return command.option("-y, --yes", "do not ask back; needed where nobody can answer");
}

export function loginName(): string {
  return userInfo().username;
}

/** The recorded part of an act. Throws a usage error without a reason. */
export function actOf({ options }: Call<ActOptions>): OperationOptions {
  const dryRun = options.dryRun === true;
  const reason = options.reason?.trim() ?? "";
  if (reason === "" && !dryRun) throw usageError("This act needs a reason", 'Add --reason "why", or --dry-run to see what it would do.');
  return { reason: reason === "" ? "dry run" : reason, by: options.by ?? loginName(), dryRun };
}

/**
 * Asks whether to go on, unless `--yes` said so. Throws a usage error where nobody can answer, and says no for every answer
 * but `y`.
 */
export async function agreed(call: Call<YesOptions>, question: string): Promise<boolean> {
  if (call.options.yes === true) return true;
  const { stdin, stderr } = call.io;
  if (call.options.json === true || stdin.isTTY !== true || stderr.isTTY !== true) {
    throw usageError(`This act needs to be confirmed: ${question}`, "Add --yes, or name one by its id; --dry-run shows what it would do.");
  }
  const dialogue = createInterface({ input: stdin, output: stderr });
  const answer = await dialogue.question(`${question} [y/N] `);
  dialogue.close();
  if (/^y(?:es)?$/i.test(answer.trim())) return true;
  call.print.note("Nothing was done.");
  return false;
}

/** What an act did, in words: `redriven: 3 dead letters`. */
export function printAct(call: Call, result: OperationResult, past: string, what: string): void {
  call.print.result(result, () => (result.dryRun ? `would have ${past}: ${what}` : `${past}: ${what}`));
}
