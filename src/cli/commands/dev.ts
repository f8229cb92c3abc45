import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { runs, type Call, type Session } from "../call.ts";
import { exit, type ExitCode } from "../exit.ts";
import { shown } from "../load/locate.ts";
import { createLog, levelOf } from "../log.ts";
import { addServing, servingArgs, type ServingOptions } from "../serving-options.ts";
import { onStop } from "../signals.ts";
import { watchFiles } from "../watch.ts";

interface DevOptions extends ServingOptions {
  readonly watch?: readonly string[];
}

export function addDev(program: Command, session: Session): void {
  const command = addServing(new Command("dev"))
    .description("run the app, log every event and attempt, and restart whenever one of its files changes")
    .argument("[app]", "module whose default export is the app")
    .option("--watch <folder...>", "watch these folders too, e.g. of shared packages")
    .addHelpText("after", "\nWatches the folders of the app and of the config, except node_modules, dist and folders that begin with a dot.");
  runs<DevOptions>(command, session, dev);
  program.addCommand(command);
}

async function dev(call: Call<DevOptions>): Promise<ExitCode> {
  const { io, options } = call;
  const { app, file, root } = await call.settings(call.args[0]);
  const log = createLog(call, levelOf(io.env, "debug"));
  const watcher = watchFiles([...new Set([dirname(app), root, ...(options.watch ?? []).map((folder) => resolve(io.cwd, folder))])]);
  const args = [
    "start",
    app,
    "--file",
    file,
    ...servingArgs(options),
    ...(options.keyFile === undefined ? [] : ["--key-file", resolve(io.cwd, options.keyFile)]),
    ...(options.json === true ? ["--json"] : []),
    ...(options.verbose === true ? ["--verbose"] : []),
  ];
  const env = { ...io.env, PULSEQUEUE_LOG_LEVEL: levelOf(io.env, "debug") };
  const stopped = untilStopped();
  try {
    for (;;) {
      const changed = watcher.changed();
      const engine = startEngine(args, env, io.cwd);
      const ended = once(engine, "exit").then(([code]: unknown[]) => ({ code }));
      const first = await Promise.race([stopped.asked, changed, ended]);
      if (first === "stop") return await stop(engine, stopped.again);
      if (typeof first === "object") {
        log.error(`the app ended with exit code ${String(first.code)}; waiting for a change`);
        if ((await Promise.race([stopped.asked, changed])) === "stop") return exit.ok;
      }
      log.info(`${shown(await changed, io.cwd)} changed: starting again`);
      await stop(engine, stopped.again);
    }
  } finally {
    stopped.release();
    watcher.close();
  }
}

/**
 * An engine in a process of its own: nothing of the old code stays. It is in a process group of its own, so that Ctrl-C
 * reaches it once, through us; it stops by itself when we are gone.
 */
function startEngine(args: readonly string[], env: Call["io"]["env"], cwd: string): ChildProcess {
  const [, main = ""] = process.argv;
  return spawn(process.execPath, [...process.execArgv, main, ...args], { cwd, env, detached: true, stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

/** Asks the engine to end and waits for it; `again` makes it end at once. */
async function stop(engine: ChildProcess, again: Promise<void>): Promise<ExitCode> {
  if (engine.exitCode !== null || engine.signalCode !== null) return exit.ok;
  const ended = once(engine, "exit");
  engine.kill("SIGTERM");
  const isForced = await Promise.race([ended.then(() => false), again.then(() => true)]);
  if (!isForced) return exit.ok;
  engine.kill("SIGKILL");
  await ended;
  return exit.interrupted;
}

interface Stopped {
  readonly asked: Promise<"stop">;
  readonly again: Promise<void>;
  release(): void;
}

function untilStopped(): Stopped {
  let askStop: () => void = () => undefined;
  let askAgain: () => void = () => undefined;
  const asked = new Promise<"stop">((resolve) => {
    askStop = () => {
      resolve("stop");
    };
  });
  const again = new Promise<void>((resolve) => {
    askAgain = resolve;
  });
  const release = onStop((count) => {
    if (count === 1) askStop();
    else askAgain();
  });
  return { asked, again, release };
}
