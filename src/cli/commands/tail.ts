import { setTimeout as wait } from "node:timers/promises";
import { Command } from "commander";
import { PulseQueueError } from "../../core/errors.ts";
import { followJournal } from "../aws/follow.ts";
import { runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { connectControl, openStream } from "../control/client.ts";
import type { Happening } from "../control/control.ts";
import { exit, type ExitCode } from "../exit.ts";
import { shown } from "../load/locate.ts";
import { cut, printable, printableJson, shortId, type Paint } from "../output/text.ts";
import { clockTime } from "../output/time.ts";
import { onStop } from "../signals.ts";
import { paintState } from "./describe.ts";
import { countOption } from "./options.ts";

interface TailOptions {
  readonly last: number;
  readonly type?: string;
  readonly deliveries?: boolean;
  readonly count?: number;
}

/** How often an engine is looked for where none runs. */
const pause = 250;

export function addTail(program: Command, session: Session): void {
  const command = new Command("tail")
    .description("follow the journal of a running engine, across its restarts, or of a deployment; JSON lines with --json")
    .addOption(countOption("--last <count>", "begin with so many past events", 0, 1_000).default(10))
    .option("--type <event>", "only this event")
    .option("--deliveries", "also how each attempt of a handler ended")
    .addOption(countOption("--count <count>", "end after so many lines", 1, Number.MAX_SAFE_INTEGER));
  runsOnQueue<TailOptions>(command, session, tail);
  program.addCommand(command);
}

async function tail(call: QueueCall<TailOptions>): Promise<ExitCode> {
  const { settings, environment } = await call.place();
  if (environment !== undefined && call.options.deliveries === true)
    throw new PulseQueueError("CAPABILITY_MISSING", "How attempts end is in the logs of a deployment's functions, not in its journal");
  const stop = new AbortController();
  const release = onStop(() => {
    stop.abort();
  });
  try {
    if (environment === undefined) return await show(call, follow(call, settings.file, stop.signal));
    return await call.queue((control) => show(call, followJournal(control, call.options, stop.signal)));
  } finally {
    release();
    stop.abort();
  }
}

async function show({ options, print }: QueueCall<TailOptions>, happenings: AsyncIterable<Happening>): Promise<ExitCode> {
  let left = options.count ?? Infinity;
  for await (const happening of happenings) {
    if (!wanted(happening, options)) continue;
    await print.line(happening.type === "event" ? { ...happening.event, kind: "event" } : { ...happening, kind: "settled" }, () =>
      render(happening, print.paint),
    );
    left -= 1;
    if (left === 0) return exit.ok;
  }
  return exit.interrupted;
}

/** What happens, from the last `--last` events on, until `signal` aborts; while no engine runs it waits for one. */
async function* follow(call: QueueCall<TailOptions>, file: string, signal: AbortSignal): AsyncGenerator<Happening> {
  let position: number | undefined;
  let isTold = false;
  while (!signal.aborted) {
    position ??= await startOf(call, file);
    const stream = position === undefined ? undefined : await openStream(file, position, signal);
    if (stream === undefined) {
      if (!isTold) call.print.note(`No engine holds ${shown(file, call.io.cwd)}: waiting for one to start.`);
      isTold = true;
      await wait(pause, undefined, { signal }).catch(() => undefined);
      continue;
    }
    isTold = false;
    for await (const happening of stream) {
      if (happening.type === "event") position = happening.event.sequence;
      yield happening;
    }
  }
}

/** The journal position before the first event to show, or `undefined` while no engine runs. */
async function startOf({ options }: QueueCall<TailOptions>, file: string): Promise<number | undefined> {
  const control = await connectControl(file);
  if (control === undefined) return undefined;
  const { last, type } = options;
  const newest = await control.events({ limit: Math.max(1, last), ...(type === undefined ? {} : { type }) });
  if (last === 0) return newest[0]?.sequence ?? 0;
  const first = newest.at(-1);
  return first === undefined ? 0 : first.sequence - 1;
}

function wanted(happening: Happening, { type, deliveries }: TailOptions): boolean {
  if (happening.type === "settled") return deliveries === true && (type === undefined || happening.event === type);
  return type === undefined || happening.event.type === type;
}

function render(happening: Happening, paint: Paint): string {
  if (happening.type === "event") {
    const { time, type, sequence, key, data } = happening.event;
    return `${paint("dim", clockTime(time))} ${paint("bold", type)} #${String(sequence)}${key === undefined ? "" : ` key ${printable(key)}`} ${paint("dim", cut(printableJson(data), 160))}`;
  }
  const { handler, state, attempt, milliseconds, failure, eventId } = happening;
  const why = failure === undefined ? "" : ` ${failure.code}: ${printable(failure.message)}`;
  return `             ${handler} ${paintState(state, paint)} ${shortId(eventId)} attempt ${String(attempt)} in ${String(Math.round(milliseconds))} ms${why}`;
}
