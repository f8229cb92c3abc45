import { execFileSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { PulseQueueError } from "../../core/errors.ts";

const bytes = 32;
/** How long a command that gives the key may take, milliseconds. */
const patience = 30_000;

/** The master key in the file at `path`: 64 hexadecimal digits or 44 of base64. Throws `KEY_FILE_INVALID` for another content, or a file that others can read. */
export function masterKeyFromFile(path: string): Uint8Array {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch {
    throw new PulseQueueError("KEY_FILE_INVALID", "The key file cannot be opened");
  }
  try {
    if ((fstatSync(descriptor).mode & 0o077) !== 0) throw new PulseQueueError("KEY_FILE_INVALID", "The key file is open to other users: run chmod 600 on it");
    return parseMasterKey(readFileSync(descriptor, "utf8"));
  } finally {
    closeSync(descriptor);
  }
}

/** The master key that a command prints, e.g. one that asks a secret store; run by the shell. Throws `KEY_FILE_INVALID`. */
export function masterKeyFromCommand(command: string): Uint8Array {
  let output: string;
  try {
    output = execFileSync("/bin/sh", ["-c", command], { encoding: "utf8", timeout: patience, stdio: ["ignore", "pipe", "inherit"], maxBuffer: 4_096 });
  } catch {
    throw new PulseQueueError("KEY_FILE_INVALID", "The command that gives the master key failed"); // its output may be the key: no cause
  }
  return parseMasterKey(output);
}

function parseMasterKey(text: string): Uint8Array {
  const word = text.trim();
  const key = /^[\da-f]{64}$/i.test(word) ? Buffer.from(word, "hex") : /^[\w+/-]{43}=?$/.test(word) ? Buffer.from(word, "base64") : undefined;
  if (key?.length !== bytes) throw new PulseQueueError("KEY_FILE_INVALID", "The master key is not 32 bytes as 64 hexadecimal digits or as base64");
  return key;
}
