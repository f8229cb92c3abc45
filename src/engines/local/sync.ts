import { closeSync, fsyncSync, openSync } from "node:fs";
import { platform } from "node:os";

/** Syncs a file on which this process has no locks: closing it would give them up. Throws what the operating system throws. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Syncs the names in a folder. Windows has no such thing. */
export function syncFolder(path: string): void {
  if (platform() !== "win32") syncFile(path);
}
