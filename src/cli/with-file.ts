import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { App } from "../core/app.ts";
import { isPulseQueueError, PulseQueueError } from "../core/errors.ts";
import type { LocalQueue } from "../engines/local/index.ts";
import { connectControl } from "./control/client.ts";
import type { Control } from "./control/control.ts";
import { CommandError } from "./exit.ts";
import { loadApp } from "./load/app.ts";
import { shown } from "./load/locate.ts";
import { vaultOf, type Settings } from "./load/settings.ts";
import type { Io } from "./output/io.ts";

/** How long a file that is held by a process that does not answer yet is asked again: it may be starting or stopping. */
const patience = 3_000;
const pause = 100;

/** What a command does where there is no file yet. */
export type WhenMissing = "refuse" | "create";

/**
 * Runs `use` on the queue of `settings.file`: through the control channel of the engine that holds the file, else on the file
 * itself, opened for the time of the command without starting handlers. Only then is the app loaded.
 *
 * Throws `STORE_LOCKED` when a process holds the file and does not answer, `FILE_MISSING` when there is no file.
 */
export async function withFile<Result>(settings: Settings, io: Io, use: (control: Control) => Promise<Result>, whenMissing: WhenMissing): Promise<Result> {
  const running = await connectControl(settings.file);
  if (running !== undefined) return await use(running);
  if (whenMissing === "refuse" && !existsSync(settings.file)) throw missingFile(settings.file, io.cwd);
  const app = await loadApp(settings.app, io.cwd);
  const opened = await openOrConnect(settings, app, io);
  if (!("close" in opened)) return await use(opened);
  const { localControl } = await import("./control/local.ts");
  try {
    return await use(localControl(app, opened, false));
  } finally {
    await opened.close();
  }
}

async function openOrConnect(settings: Settings, app: App, io: Io): Promise<LocalQueue | Control> {
  const { file } = settings;
  const until = io.now() + patience;
  for (;;) {
    try {
      return await openFile(settings, app);
    } catch (thrown) {
      if (!isPulseQueueError(thrown) || thrown.code !== "STORE_LOCKED") throw thrown;
      const running = await connectControl(file);
      if (running !== undefined) return running;
      if (io.now() > until)
        throw new PulseQueueError("STORE_LOCKED", `Another process holds ${shown(file, io.cwd)} and does not answer on its control socket`, { cause: thrown });
      await wait(pause);
    }
  }
}

async function openFile(settings: Settings, app: App): Promise<LocalQueue> {
  const { file } = settings;
  makeFolder(file);
  const { openLocal } = await import("../engines/local/index.ts");
  return await openLocal(app, { file, secrets: () => "", ...vaultOf(settings) }); // no handler runs, so nobody asks for a secret's value
}

/** The folder of a new file is for this user only, like the file. */
export function makeFolder(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new PulseQueueError("STORE_READ_ONLY", "The folder of the file cannot be made", { cause });
  }
}

function missingFile(file: string, cwd: string): CommandError {
  return new CommandError(
    "FILE_MISSING",
    `There is no file ${shown(file, cwd)}`,
    "Start the app once with `pulsequeue dev` or `pulsequeue start`, or name its file with --file.",
  );
}
