/** An engine with its control channel in this process, on a file in a folder of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import type { App } from "../../src/core/app.ts";
import type { Observer } from "../../src/core/ports.ts";
import { localControl } from "../../src/cli/control/local.ts";
import { serveControl } from "../../src/cli/control/server.ts";

export interface LiveEngine {
  readonly folder: string;
  readonly file: string;
  readonly socket: string;
  readonly queue: LocalQueue;
  close(): Promise<void>;
}

export async function startLive(app: App, name = "app.db"): Promise<LiveEngine> {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-live-"));
  const file = join(folder, name);
  const observers: Observer[] = [];
  const queue = await openLocal(app, {
    file,
    observe: (fact) => {
      for (const observe of observers) observe(fact);
    },
  });
  const server = await serveControl(file, localControl(app, queue, true));
  observers.push(server.tell);
  await queue.start();
  return {
    folder,
    file,
    socket: server.path,
    queue,
    close: async () => {
      await server.close();
      await queue.close();
      rmSync(folder, { recursive: true });
    },
  };
}
