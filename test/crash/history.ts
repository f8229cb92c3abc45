/** The client's own record of what it asked and what it was told, in a file of its own that the engine never sees. */
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Entry } from "./evidence.ts";

export interface History {
  /** Resolves once the entry, and all before it, is on disk. Entries of one turn share a sync. */
  write(entry: Entry): Promise<void>;
  /** The same, for an entry that nothing waits for; nothing happens once the history is closed. */
  note(entry: Entry): void;
  /** Everything written so far, as it stands in the file. */
  read(): readonly Entry[];
  close(): void;
}

export function openHistory(file: string): History {
  const descriptor = openSync(file, "wx", 0o600);
  let lines: string[] = [];
  let synced: Promise<void> | undefined;
  let closed = false;
  const flush = (): void => {
    if (lines.length === 0) return;
    writeSync(descriptor, lines.join(""));
    lines = [];
    fdatasyncSync(descriptor);
  };
  const write = (entry: Entry): Promise<void> => {
    if (closed) return Promise.reject(new Error("the history is closed"));
    lines.push(`${JSON.stringify(entry)}\n`);
    synced ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        synced = undefined;
        try {
          flush();
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error("the history cannot be written"));
        }
      });
    });
    return synced;
  };
  return {
    write,
    note(entry) {
      if (!closed) void write(entry);
    },
    read() {
      flush();
      return parseHistory(readFileSync(file, "utf8"));
    },
    close() {
      flush();
      closed = true;
      closeSync(descriptor);
    },
  };
}

export function parseHistory(text: string): readonly Entry[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}
