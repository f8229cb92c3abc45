import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CommandError } from "./exit.ts";

/** Writes new files and the folders they need. Throws `FILE_UNWRITABLE`; an existing file is never touched. */
export function writeNewFiles(files: readonly (readonly [path: string, text: string])[]): void {
  for (const [path, text] of files) {
    attempt(() => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { flag: "wx" });
    });
  }
}

/** Writes a file that may exist: a reader sees the old text or the new one, never half of it. Throws `FILE_UNWRITABLE`. */
export function replaceFile(path: string, text: string): void {
  attempt(() => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  });
}

function attempt(write: () => void): void {
  try {
    write();
  } catch (thrown) {
    throw new CommandError(
      "FILE_UNWRITABLE",
      thrown instanceof Error ? thrown.message : "The file cannot be written",
      "Name a place that this user can write to.",
    );
  }
}
