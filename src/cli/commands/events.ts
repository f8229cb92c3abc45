import { Command } from "commander";
import { group, runsOnQueue, type QueueCall, type Session } from "../call.ts";
import type { Control } from "../control/control.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { EventChoice, EventFilter, EventView } from "../../core/queue.ts";
import { eventNamed } from "../../core/reveal.ts";
import { shortId, printable, printableJson } from "../output/text.ts";
import { table } from "../output/table.ts";
import { parseTime, when } from "../output/time.ts";
import { describeDelivery } from "./describe.ts";
import { addChoice, addLimit, choiceOf, countOption, type ChoiceOptions, type LimitOptions } from "./options.ts";

interface ListOptions extends LimitOptions, ChoiceOptions {
  readonly type?: string;
  readonly key?: string;
  readonly correlation?: string;
  readonly from?: string;
  readonly to?: string;
  readonly after?: number;
}

export function addEvents(program: Command, session: Session): void {
  const events = group("events", "the journal of accepted events");
  const ls = addChoice(addLimit(new Command("ls").description("list events, the newest first")))
    .option("--type <event>", "only this event")
    .option("--key <key>", "only this key")
    .option("--correlation <id>", "only this flow")
    .option("--from <time>", "accepted at or after: a date, or how long ago (15m, 2h)")
    .option("--to <time>", "accepted before")
    .addOption(countOption("--after <position>", "after this journal position, the oldest first", 0, Number.MAX_SAFE_INTEGER));
  const show = new Command("show")
    .description("one event, with its data and what became of it")
    .argument("<event>", "its id, its short id or its journal position");
  addChoice(show);
  runsOnQueue<ListOptions>(ls, session, list);
  runsOnQueue<ChoiceOptions>(show, session, showOne);
  program.addCommand(events.addCommand(ls).addCommand(show));
}

async function list(call: QueueCall<ListOptions>): Promise<undefined> {
  const now = call.io.now();
  const { type, key, correlation, from, to, after, limit } = call.options;
  const filter: EventFilter = {
    limit,
    ...choiceOf(call.options),
    ...(type === undefined ? {} : { type }),
    ...(key === undefined ? {} : { key }),
    ...(correlation === undefined ? {} : { correlationId: correlation }),
    ...(from === undefined ? {} : { from: parseTime("--from", from, now) }),
    ...(to === undefined ? {} : { to: parseTime("--to", to, now) }),
    ...(after === undefined ? {} : { after }),
  };
  const events = await call.queue((control) => control.events(filter));
  call.print.result(events, () =>
    events.length === 0
      ? "no events"
      : table(
          events,
          [
            { title: "POSITION", cell: (event) => String(event.sequence), right: true },
            { title: "ACCEPTED", cell: (event) => when(event.time, now) },
            { title: "EVENT", cell: (event) => event.type },
            { title: "KEY", cell: (event) => event.key ?? "" },
            { title: "ID", cell: (event) => shortId(event.id) },
            { title: "FLOW", cell: (event) => shortId(event.correlationId) },
          ],
          call.print.paint,
        ),
  );
}

async function showOne(call: QueueCall<ChoiceOptions>): Promise<undefined> {
  const now = call.io.now();
  const { event, deliveries } = await call.queue(async (control) => {
    const found = await findEvent(control, call.args[0] ?? "", choiceOf(call.options));
    const all = await control.deliveries({ eventId: found.id, source: found.source });
    return { event: found, deliveries: all.filter(({ sequence }) => sequence === found.sequence) };
  });
  call.print.result({ ...event, deliveries }, () =>
    [
      `${call.print.paint("bold", event.type)} version ${String(event.version)}, position ${String(event.sequence)}`,
      `  id        ${printable(event.id)}`,
      `  accepted  ${when(event.time, now)}`,
      `  source    ${printable(event.source)}`,
      ...(event.key === undefined ? [] : [`  key       ${printable(event.key)}`]),
      `  flow      ${printable(event.correlationId)}`,
      ...(event.causationId === undefined ? [] : [`  caused by ${printable(event.causationId)}`]),
      `  data      ${printableJson(event.data, 2).replaceAll("\n", "\n            ")}`,
      ...deliveries.map((delivery) => `  ${describeDelivery(delivery, now, call.print.paint)}`),
    ].join("\n"),
  );
}

/** Events among which a short id is looked for. */
const recent = 1_000;

/** The event with this id, at this journal position, or whose id ends like this. Throws `NOT_FOUND`, `OPERATION_INVALID` where several have the id. */
export async function findEvent(control: Control, name: string, choice: EventChoice): Promise<EventView> {
  const end = name.replace(/^…/, "");
  if ((await control.events({ id: end, limit: 1, ...choice })).length > 0) return await eventNamed(control, end, choice);
  if (/^\d{1,16}$/.test(end)) {
    const [at] = await control.events({ after: Number(end) - 1, limit: 1 });
    if (at?.sequence === Number(end)) return at;
  }
  const alike = end.length < 6 ? [] : (await control.events({ limit: recent, ...choice })).filter((event) => event.id.endsWith(end));
  if (alike.length > 1) throw new PulseQueueError("NOT_FOUND", `${String(alike.length)} events have ids that end with ${JSON.stringify(end)}: give more of it`);
  const [only] = alike;
  if (only === undefined) throw new PulseQueueError("NOT_FOUND", `There is no event ${JSON.stringify(name.slice(0, 256))}`);
  return only;
}
