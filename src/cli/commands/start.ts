import { Command } from "commander";
import type { App } from "../../core/app.ts";
import type { ObservedFact, Observer } from "../../core/ports.ts";
import type { LocalQueue } from "../../engines/local/index.ts";
import { environmentSecret } from "../../machine/secrets.ts";
import { declaresPersonalData } from "../doctor.ts";
import { runs, type Call, type Session } from "../call.ts";
import { exit, type ExitCode } from "../exit.ts";
import { loadApp } from "../load/app.ts";
import { shown } from "../load/locate.ts";
import { vaultOf, type Settings } from "../load/settings.ts";
import { createLog, levelOf, type Log } from "../log.ts";
import { openTelemetryTracer } from "../../observe/trace.ts";
import { addServing, type ServingOptions } from "../serving-options.ts";
import { onStop } from "../signals.ts";
import { makeFolder } from "../with-file.ts";

export function addStart(program: Command, session: Session): void {
  const command = addServing(new Command("start"))
    .description("run the app and its HTTP server until SIGINT or SIGTERM; a second signal ends it at once")
    .argument("[app]", "module whose default export is the app")
    .addHelpText("after", "\nLogs what goes wrong; PULSEQUEUE_LOG_LEVEL=debug logs every event and attempt. JSON lines with --json.");
  runs<ServingOptions>(command, session, start);
  program.addCommand(command);
}

async function start(call: Call<ServingOptions>): Promise<ExitCode> {
  const { io } = call;
  const settings = await call.settings(call.args[0]);
  const { app: path, file } = settings;
  const log = createLog(call, levelOf(io.env, "info"));
  const app = await loadApp(path, io.cwd);
  log.declare(app.topology, environmentSecret);
  const stopped = untilStopped(log);
  if (settings.masterKey === undefined && declaresPersonalData(app.topology)) log.fact(unencrypted);
  const engine = await open(app, settings, log, call);
  try {
    if (stopped.isAsked()) return exit.ok;
    await engine.queue.start();
    log.info(`${app.name} runs`, {
      file: shown(file, io.cwd),
      socket: shown(engine.socket, io.cwd),
      pid: process.pid,
      handlers: app.topology.handlers.size,
      url: engine.url,
    });
    await Promise.race([stopped.asked, untilBroken(engine.queue)]);
  } finally {
    await engine.close();
  }
  log.info(`${app.name} stopped`);
  return exit.ok;
}

interface Engine {
  readonly queue: LocalQueue;
  readonly socket: string;
  readonly url: string;
  close(): Promise<void>;
}

/** For development: doctor says the same. */
const unencrypted: ObservedFact = {
  type: "log",
  level: "warn",
  message: "personal data is stored unencrypted: there is no master key (--key-file)",
  fields: {},
};

async function open(app: App, settings: Settings, log: Log, { io, options }: Call<ServingOptions>): Promise<Engine> {
  const { file } = settings;
  const [{ openLocal }, { serveControl }, { localControl }, { openDoor }] = await Promise.all([
    import("../../engines/local/index.ts"),
    import("../control/server.ts"),
    import("../control/local.ts"),
    import("../serving.ts"),
  ]);
  makeFolder(file);
  const observers: Observer[] = [log.fact];
  const queue = await openLocal(app, {
    file,
    ...vaultOf(settings),
    trace: await openTelemetryTracer(),
    observe: (fact) => {
      for (const observe of observers) observe(fact);
    },
  });
  try {
    const server = await serveControl(file, localControl(app, queue, true));
    observers.push(server.tell);
    const door = await openDoor({ app, queue, file, isEncrypted: settings.masterKey !== undefined, io, options, observers }).catch(async (thrown: unknown) => {
      await server.close();
      throw thrown;
    });
    return {
      queue,
      socket: server.path,
      url: door.url,
      close: async () => {
        await door.close();
        await server.close();
        await queue.close();
      },
    };
  } catch (thrown) {
    await queue.close();
    throw thrown;
  }
}

/** Resolves at the first signal; a second one ends the process at once. A parent that goes away counts as a signal. */
function untilStopped(log: Log): { readonly asked: Promise<void>; isAsked(): boolean } {
  let isAsked = false;
  const asked = new Promise<void>((resolve) => {
    onStop((count) => {
      if (count > 1) process.exit(exit.interrupted);
      isAsked = true;
      log.info("stopping: what runs may end; a second signal ends it at once");
      resolve();
    });
    if (!process.connected) return;
    process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
    process.channel?.unref();
  });
  return { asked, isAsked: () => isAsked };
}

/** How often the store is asked whether it can still be used, milliseconds. */
const heartbeat = 1_000;

/** Rejects with the error after which the engine takes no more work, e.g. a failed sync. */
function untilBroken(queue: LocalQueue): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setInterval(() => {
      queue.facts().catch((thrown: unknown) => {
        clearInterval(timer);
        reject(thrown instanceof Error ? thrown : new Error("the store failed"));
      });
    }, heartbeat);
    timer.unref();
  });
}
