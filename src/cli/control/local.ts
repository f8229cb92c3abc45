import type { App } from "../../core/app.ts";
import { masterKeyFromFile } from "../../engines/local/master-key.ts";
import type { LocalQueue } from "../../engines/local/index.ts";
import type { Control } from "./control.ts";
import { queueControl } from "./queue.ts";

/** The commands' view of a queue on a file that is open in this process. */
export function localControl(app: App, queue: LocalQueue, live: boolean): Control {
  return {
    ...queueControl(app, queue),
    erase: ({ subject, ...options }) => queue.erase(subject, options),
    rotateKey: ({ keyFile, ...options }) => queue.rotateMasterKey(masterKeyFromFile(keyFile), options),
    backup: ({ target }, progress) => queue.backup(target, (done, total) => progress?.(`${String(Math.floor((100 * done) / Math.max(1, total)))} %`)),
    verify: (_request, progress) => queue.verify((count) => progress?.(`${count.toLocaleString("en")} events`)),
    facts: async () => ({ ...(await queue.facts()), app: app.name, pid: process.pid, live }),
  };
}
