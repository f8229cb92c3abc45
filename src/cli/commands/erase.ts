import { resolve } from "node:path";
import { Command } from "commander";
import { runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { exit, usageError, type ExitCode } from "../exit.ts";
import { actOf, addAct, addYes, agreed, printAct, type ActOptions, type YesOptions } from "./options.ts";

interface EraseOptions extends ActOptions, YesOptions {
  readonly subject?: string;
}

export function addErase(program: Command, session: Session): void {
  const erase = new Command("erase")
    .description("make the personal data of one person unreadable for good, in the file and in every backup, by destroying the person's key")
    .option("--subject <id>", "whom: what the app's `subject` gives (required)");
  runsOnQueue<EraseOptions>(addYes(addAct(erase)), session, perform);
  program.addCommand(erase);
  const rotate = new Command("rotate-key")
    .description("wrap the keys of personal data with another master key; give the new key file from the next start on")
    .argument("<new-key-file>", "the new master key: 64 hexadecimal digits in a file of mode 0600");
  runsOnQueue<ActOptions>(addAct(rotate), session, rotateKey);
  program.addCommand(rotate);
}

async function perform(call: QueueCall<EraseOptions>): Promise<ExitCode> {
  const subject = call.options.subject ?? "";
  if (subject === "") throw usageError("Whose data? `erase` needs a subject", "Add --subject with the id that the app's `subject` gives.");
  const options = actOf(call);
  return await call.queue(async (control) => {
    const isCertain = options.dryRun === true || (await agreed(call, "erase the personal data of this person for good?"));
    if (!isCertain) return exit.failure;
    printAct(call, await control.erase({ subject, ...options }), "erased", "the personal data of this subject");
    return exit.ok;
  });
}

async function rotateKey(call: QueueCall<ActOptions>): Promise<undefined> {
  const options = actOf(call);
  const keyFile = resolve(call.io.cwd, call.args[0] ?? "");
  const result = await call.queue((control) => control.rotateKey({ keyFile, ...options }));
  printAct(call, result, "wrapped anew", `${String(result.count)} keys`);
}
