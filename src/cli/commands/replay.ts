import { Command } from "commander";
import { runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { exit, usageError, type ExitCode } from "../exit.ts";
import { plural } from "../output/text.ts";
import { parseTime } from "../output/time.ts";
import { actOf, addAct, addYes, agreed, printAct, type ActOptions, type YesOptions } from "./options.ts";

interface ReplayOptions extends ActOptions, YesOptions {
  readonly from: string;
  readonly to?: string;
}

export function addReplay(program: Command, session: Session): void {
  const command = new Command("replay")
    .description("deliver past events once more to one handler, in their order")
    .argument("<handler>", "its name")
    .requiredOption("--from <time>", "events accepted at or after: a date, or how long ago (15m, 2h)")
    .option("--to <time>", "events accepted before (default: now)");
  runsOnQueue<ReplayOptions>(addYes(addAct(command)), session, replay);
  program.addCommand(command);
}

async function replay(call: QueueCall<ReplayOptions>): Promise<ExitCode> {
  const now = call.io.now();
  const [handler = ""] = call.args;
  const from = parseTime("--from", call.options.from, now);
  const to = call.options.to === undefined ? now : parseTime("--to", call.options.to, now);
  if (from >= to) throw usageError("--from is not before --to", "Give an earlier --from or a later --to.");
  const options = actOf(call);
  const request = { handler, from, to, ...options };
  return await call.queue(async (control) => {
    if (options.dryRun !== true) {
      const { count } = await control.replay({ ...request, dryRun: true });
      if (!(await agreed(call, `deliver ${plural(count, "event")} once more to ${handler}?`))) return exit.failure;
    }
    const result = await call.print.progress("replaying", () => control.replay(request));
    printAct(call, result, "scheduled again", `${plural(result.count, "event")} for ${handler}`);
    return exit.ok;
  });
}
