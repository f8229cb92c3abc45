import { Command } from "commander";
import type { DeadLetterFilter, DeadLetterView } from "../../core/queue.ts";
import { PulseQueueError } from "../../core/errors.ts";
import { group, runsOnQueue, type QueueCall, type Session } from "../call.ts";
import type { Control } from "../control/control.ts";
import { exit, usageError, type ExitCode } from "../exit.ts";
import { table } from "../output/table.ts";
import { cut, plural, printable, printableJson } from "../output/text.ts";
import { when } from "../output/time.ts";
import {
  actOf,
  addAct,
  addChoice,
  addLimit,
  addYes,
  agreed,
  choiceOf,
  countOption,
  printAct,
  type ActOptions,
  type ChoiceOptions,
  type LimitOptions,
  type YesOptions,
} from "./options.ts";

interface FilterOptions extends ChoiceOptions {
  readonly handler?: string;
  readonly event?: string;
  readonly type?: string;
  readonly key?: string;
  readonly code?: string;
}

interface ActFilterOptions extends FilterOptions, ActOptions, YesOptions {
  readonly all?: true;
  readonly limit?: number;
}

export function addDlq(program: Command, session: Session): void {
  const dlq = group("dlq", "dead letters: deliveries that used up their attempts");
  const ls = addLimit(addFilter(new Command("ls").description("list dead letters")));
  const show = new Command("show").description("one dead letter: its event, its cause, its attempts").argument("<id>", "its id, as `dlq ls` prints it");
  const redrive = act("redrive", "start a new series of attempts");
  const discard = act("discard", "end dead letters without effects");
  runsOnQueue<LimitOptions & FilterOptions>(ls, session, list);
  runsOnQueue(show, session, showOne);
  runsOnQueue<ActFilterOptions>(redrive, session, (call) => perform(call, "redrive"));
  runsOnQueue<ActFilterOptions>(discard, session, (call) => perform(call, "discard"));
  program.addCommand(dlq.addCommand(ls).addCommand(show).addCommand(redrive).addCommand(discard));
}

function addFilter(command: Command): Command {
  return addChoice(command)
    .option("--handler <name>", "only of this handler")
    .option("--event <id>", "only of the event with this id")
    .option("--type <event>", "only of this event")
    .option("--key <key>", "only of this key")
    .option("--code <code>", "only with this error code, e.g. HANDLER_TIMEOUT");
}

function act(name: string, description: string): Command {
  const command = addFilter(new Command(name).description(description).argument("[id]", "one dead letter, by its id"))
    .option("--all", "every dead letter")
    .addOption(countOption("-n, --limit <count>", "at most so many, the oldest first", 1, Number.MAX_SAFE_INTEGER));
  return addYes(addAct(command));
}

function filterOf({ handler, event, type, key, code, ...choice }: FilterOptions): Partial<DeadLetterFilter> {
  return {
    ...choiceOf(choice),
    ...(handler === undefined ? {} : { handler }),
    ...(event === undefined ? {} : { eventId: event }),
    ...(type === undefined ? {} : { eventType: type }),
    ...(key === undefined ? {} : { key }),
    ...(code === undefined ? {} : { code }),
  };
}

async function list(call: QueueCall<LimitOptions & FilterOptions>): Promise<undefined> {
  const now = call.io.now();
  const letters = await call.queue((control) => control.deadLetters({ ...filterOf(call.options), limit: call.options.limit }));
  call.print.result(letters, () =>
    letters.length === 0
      ? "no dead letters"
      : table(
          letters,
          [
            { title: "ID", cell: (letter) => letter.id },
            { title: "DIED", cell: (letter) => (letter.failure === undefined ? "" : when(letter.failure.at, now)) },
            { title: "HANDLER", cell: (letter) => letter.handler },
            { title: "EVENT", cell: (letter) => letter.eventType },
            { title: "KEY", cell: (letter) => letter.key ?? "" },
            { title: "ATTEMPTS", cell: (letter) => String(letter.attempts), right: true },
            { title: "CAUSE", cell: (letter) => (letter.failure === undefined ? "" : cut(`${letter.failure.code}: ${letter.failure.message}`, 80)) },
          ],
          call.print.paint,
        ),
  );
}

async function showOne(call: QueueCall): Promise<undefined> {
  const now = call.io.now();
  const [id = ""] = call.args;
  const [letter] = await call.queue((control) => control.deadLetters({ id }));
  if (letter === undefined) throw new PulseQueueError("NOT_FOUND", `There is no dead letter ${JSON.stringify(id.slice(0, 256))}`);
  call.print.result(letter, () => describe(letter, now));
}

function describe({ id, handler, attempts, redrives, failure, event }: DeadLetterView, now: number): string {
  return [
    `${printable(id)}: ${handler} gave up on ${event.type} after ${plural(attempts, "attempt")}${redrives > 0 ? `, redriven ${plural(redrives, "time")}` : ""}`,
    ...(failure === undefined ? [] : [`  cause     ${failure.code}: ${printable(failure.message)}`, `  died      ${when(failure.at, now)}`]),
    ...(failure?.issues ?? []).map((issue) => `  at        ${printable(issue.path)}: ${printable(issue.message)}`),
    `  event     ${printable(event.id)}, position ${String(event.sequence)}, version ${String(event.version)}, accepted ${when(event.time, now)}`,
    ...(event.key === undefined ? [] : [`  key       ${printable(event.key)}`]),
    `  flow      ${printable(event.correlationId)}`,
    `  data      ${printableJson(event.data, 2).replaceAll("\n", "\n            ")}`,
    ...(failure?.stack === undefined ? [] : failure.stack.split("\n").map((line) => `  ${printable(line)}`)),
  ].join("\n");
}

async function perform(call: QueueCall<ActFilterOptions>, verb: "redrive" | "discard"): Promise<ExitCode> {
  const [id] = call.args;
  const { all, limit } = call.options;
  const named = filterOf(call.options);
  if (id === undefined && all === undefined && Object.keys(named).length === 0)
    throw usageError(`Which dead letters? \`dlq ${verb}\` acts on none by default`, "Give an id, a filter such as --handler, or --all.");
  const filter: DeadLetterFilter = {
    ...named,
    ...(id === undefined ? {} : { id }),
    ...(all === undefined ? {} : { all }),
    ...(limit === undefined ? {} : { limit }),
  };
  const options = actOf(call);
  const past = verb === "redrive" ? "redriven" : "discarded";
  return await call.queue(async (control: Control) => {
    const mustAsk = options.dryRun !== true && id === undefined && (verb === "discard" || all === true);
    if (mustAsk) {
      const { count } = await control[verb]({ filter, ...options, dryRun: true });
      if (count > 0 && !(await agreed(call, `${verb} ${plural(count, "dead letter")}?`))) return exit.failure;
    }
    const result = await control[verb]({ filter, ...options });
    if (id !== undefined && result.count === 0) throw new PulseQueueError("NOT_FOUND", `There is no dead letter ${JSON.stringify(id.slice(0, 256))}`);
    printAct(call, result, past, plural(result.count, "dead letter"));
    return exit.ok;
  });
}
