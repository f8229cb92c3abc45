import { readdirSync, watch, type FSWatcher } from "node:fs";
import { extname, join } from "node:path";

/** Files that make up an app. */
const watched: ReadonlySet<string> = new Set([".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs"]);
/** How long the files must be quiet before a change counts: editors and checkouts write many in a row. */
const quiet = 80;

export interface Watcher {
  /** Resolves with the path of a file at the next change. */
  changed(): Promise<string>;
  close(): void;
}

/**
 * Watches the source files below `folders`, new ones included; not `node_modules`, `dist` and folders that begin with a dot.
 * One watch a folder: watching a tree in one call would also watch what is left out here.
 */
export function watchFiles(folders: readonly string[]): Watcher {
  const watchers = new Map<string, FSWatcher>();
  let waiting: ((path: string) => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  const tell = (path: string): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const told = waiting;
      waiting = [];
      for (const resolve of told) resolve(path);
    }, quiet);
  };
  const add = (folder: string): void => {
    if (watchers.has(folder)) return;
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null) return;
        const path = join(folder, name);
        if (watched.has(extname(name))) tell(path);
        else if (isSource(name)) addAll(path); // perhaps a new folder
      });
      watcher.on("error", () => {
        watcher.close();
        watchers.delete(folder); // the folder is gone
      });
      watchers.set(folder, watcher);
    } catch {
      // not a folder, or gone again
    }
  };
  const addAll = (folder: string): void => {
    add(folder);
    for (const inner of foldersIn(folder)) addAll(join(folder, inner));
  };

  for (const folder of folders) addAll(folder);
  return {
    changed: () => new Promise((resolve) => waiting.push(resolve)),
    close: () => {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && isSource(entry.name))
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function isSource(name: string): boolean {
  return name !== "node_modules" && name !== "dist" && !name.startsWith(".");
}
