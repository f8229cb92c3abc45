import { Command } from "commander";
import type { Control } from "./control/control.ts";
import { exit, type ExitCode } from "./exit.ts";
import { settle, type GlobalOptions, type Settings } from "./load/settings.ts";
import type { Io } from "./output/io.ts";
import { printer, type Printer } from "./output/printer.ts";
import { withQueue, type WhenMissing } from "./with-queue.ts";

/** One run of a command. */
export interface Call<Options = object> {
  readonly io: Io;
  readonly args: readonly string[];
  readonly options: Options & GlobalOptions;
  readonly print: Printer;
  settings(appArgument?: string): Promise<Settings>;
  /** Runs `use` on the queue, of a running engine or of the file. */
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
    const options = command.optsWithGlobals<Options & GlobalOptions>();
    const { io } = session;
    const settings = (appArgument?: string): Promise<Settings> => settle(options, io, appArgument);
    const code = await body({
      io,
      args: command.args,
      options,
      print: printer(io, options.json === true),
      settings,
      queue: async (use, whenMissing) => await withQueue(await settings(), io, use, whenMissing),
    });
    session.done(code ?? exit.ok);
  });
}

/** A group of commands, e.g. `dlq`. */
export function group(name: string, description: string): Command {
  return new Command(name).description(description);
}
