import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { driftOf, policyFolder, quotaNeeds, quotaText } from "../../synth/index.ts";
import { runs, type Call, type Session } from "../call.ts";
import { exit, type ExitCode } from "../exit.ts";
import { shown } from "../load/locate.ts";
import { plural } from "../output/text.ts";
import { addStackOptions, openStacks, type Stack, type StackOptions } from "../stack/stack.ts";
import { replaceFile } from "../write-files.ts";

interface SynthOptions extends StackOptions {
  readonly check?: boolean;
  readonly overwrite?: boolean;
}

export function addSynth(program: Command, session: Session): void {
  const command = addStackOptions(new Command("synth").description("write what Terraform reads: names, permissions, alarms, from the app's declaration"))
    .option("--check", "write nothing; exit code 3 where a file is missing, edited, outdated or left behind")
    .option("--overwrite", "write files anew that somebody edited by hand");
  runs<SynthOptions>(command, session, synth);
  program.addCommand(command);
}

async function synth(call: Call<SynthOptions>): Promise<ExitCode> {
  const { stacks } = await openStacks(call);
  const { check, overwrite } = call.options;
  const results = stacks.map((stack) => ({ stack, drift: driftOf(stack.expected, stack.found) }));
  const edited = results.some(({ drift }) => drift.some(({ problem }) => problem === "edited"));
  const isRefused = edited && overwrite !== true;
  const isWritten = check !== true && !isRefused;
  if (isWritten) for (const { stack } of results) write(stack);
  const isDrifted = results.some(({ drift }) => drift.length > 0);
  const value = results.map(({ stack, drift }) => ({
    environment: stack.environment.environment,
    folder: stack.folder,
    files: stack.expected.size,
    drift,
    quotas: quotaNeeds(stack.infrastructure),
  }));
  call.print.result({ written: isWritten && isDrifted, stacks: value }, () =>
    results
      .flatMap(({ stack, drift }) => {
        const where = shown(stack.folder, call.io.cwd);
        const lines = drift.map(({ path, problem }) => `  ${problem}: ${path}`);
        if (drift.length === 0) return [`${where} is current: ${plural(stack.expected.size, "file")}`];
        if (isWritten) return [`wrote ${where}: ${plural(stack.expected.size, "file")}, ${String(drift.length)} of them changed`];
        const fix = isRefused && check !== true ? "\n  what to do: say it in the declaration or in environment.json, then run with --overwrite" : "";
        return [`${where} is not what the app declares:`, ...lines, ...(fix === "" ? [] : [fix.slice(1)])];
      })
      .join("\n"),
  );
  for (const { folder, environment, infrastructure } of stacks)
    for (const need of quotaNeeds(infrastructure)) call.print.note(`${shown(folder, call.io.cwd)} ${quotaText(need, environment.region)}`);
  return (check === true && isDrifted) || isRefused ? exit.problem : exit.ok;
}

function write({ folder, expected, found }: Stack): void {
  mkdirSync(join(folder, policyFolder), { recursive: true });
  for (const [path, text] of expected) {
    if (found.get(path) === text) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    replaceFile(join(folder, path), text);
  }
  for (const path of found.keys()) if (!expected.has(path)) rmSync(join(folder, path));
}
