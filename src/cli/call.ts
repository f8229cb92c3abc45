import { Command } from "commander";
import type { Control } from "./control/control.ts";
import { exit, type ExitCode } from "./exit.ts";
import { settle, type GlobalOptions, type Settings } from "./load/settings.ts";
import type { Io } from "./output/io.ts";
import { printer, type Printer } from "./output/printer.ts";
import { addPlace, placeOf, withQueue, type Place, type PlaceOptions, type WhenMissing } from "./with-queue.ts";

/** One run of a command. */
export interface Call<Options = object> {
  readonly io: Io;
  readonly args: readonly string[];
  readonly options: Options & GlobalOptions;
  readonly print: Printer;
  settings(appArgument?: string): Promise<Settings>;
}

/** One run of a command on a queue. */
export interface QueueCall<Options = object> extends Call<Options & PlaceOptions> {
  place(): Promise<Place>;
  /** Runs `use` on the queue: of a running engine, of the file, or of a deployment. */
  queue<Result>(use: (control: Control) => Promise<Result>, whenMissing?: WhenMissing): Promise<Result>;
}

/** What commands are added to: the process they talk to, and where their exit code goes. */
export interface Session {
  readonly io: Io;
  readonly done: (code: ExitCode) => void;
  /** Whether errors are JSON, known before the command line is parsed. */
  readonly json: boolean;
}

/** Gives `command` its body. Nothing returned means exit code 0. */
export function runs<Options extends object>(command: Command, session: Session, body: (call: Call<Options>) => Promise<ExitCode | undefined>): Command {
  return command.action(async () => {
    session.done((await body(callOf<Options>(command, session))) ?? exit.ok);
  });
}

/** Gives `command`, which asks a queue, its body, and the options that say which queue. */
export function runsOnQueue<Options extends object>(
  command: Command,
  session: Session,
  body: (call: QueueCall<Options>) => Promise<ExitCode | undefined>,
): Command {
  return addPlace(command).action(async () => {
    const call = callOf<Options & PlaceOptions>(command, session);
    const place = async (): Promise<Place> => placeOf(await call.settings(), call.options, call.io);
    const queue: QueueCall["queue"] = async (use, whenMissing) => await withQueue(await place(), call.io, use, whenMissing);
    session.done((await body({ ...call, place, queue })) ?? exit.ok);
  });
}

function callOf<Options extends object>(command: Command, { io }: Session): Call<Options> {
  const options = command.optsWithGlobals<Options & GlobalOptions>();
  return { io, args: command.args, options, print: printer(io, options.json === true), settings: (appArgument) => settle(options, io, appArgument) };
}

/** A group of commands, e.g. `dlq`. */
export function group(name: string, description: string): Command {
  return new Command(name).description(description);
}
