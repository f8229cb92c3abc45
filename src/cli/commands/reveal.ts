import { Command } from "commander";
import { group, runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { usageError } from "../exit.ts";
import { printableJson } from "../output/text.ts";
import { addChoice, choiceOf, loginName, type ChoiceOptions } from "./options.ts";
import { keyReadings } from "./tables.ts";

interface RevealOptions {
  readonly reason?: string;
  readonly by?: string;
}

export function addReveal(program: Command, session: Session): void {
  const reveal = group("reveal", "show personal data that is redacted elsewhere; it is recorded with the reason");
  const withReason = (command: Command): Command =>
    command.option("--reason <text>", "why: it is recorded (required)").option("--by <name>", "who: it is recorded (default: the user's login name)");
  const event = withReason(new Command("event").description("the data of one event").argument("<id>", "its id"));
  const row = withReason(
    new Command("row").description("one row of a table").argument("<table>", "its name").argument("<key...>", "the value of each key field"),
  );
  runsOnQueue<RevealOptions & ChoiceOptions>(addChoice(event), session, revealEvent);
  runsOnQueue<RevealOptions>(row, session, revealRow);
  program.addCommand(reveal.addCommand(event).addCommand(row));
}

function reasonOf({ options }: QueueCall<RevealOptions>): { readonly reason: string; readonly by: string } {
  const reason = options.reason?.trim() ?? "";
  if (reason === "") throw usageError("Personal data is shown with a reason only", 'Add --reason "why": it is recorded.');
  return { reason, by: options.by ?? loginName() };
}

async function revealEvent(call: QueueCall<RevealOptions & ChoiceOptions>): Promise<undefined> {
  const [id = ""] = call.args;
  const event = await call.queue((control) => control.revealEvent({ id, ...choiceOf(call.options), ...reasonOf(call) }));
  call.print.result(event, () => printableJson(event.data, 2));
}

async function revealRow(call: QueueCall<RevealOptions>): Promise<undefined> {
  const [name = "", ...words] = call.args;
  const given = reasonOf(call);
  const row = await call.queue(async (control) => control.revealRow({ table: name, keys: await keyReadings(control, name, words), ...given }));
  call.print.result(row, () => printableJson(row, 2));
}
