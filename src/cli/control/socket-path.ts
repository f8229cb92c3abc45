import { createHash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { PulseQueueError } from "../../core/errors.ts";

/** Bytes that a unix socket's path may have on every system we run on: 104 on macOS with the final zero, 108 on Linux. */
const longest = 100;

/**
 * Where the engine that holds `file` (an absolute path) listens: next to the file; for a path that is too long, under a name
 * made from it in a folder of this user alone below the system's temporary folder.
 *
 * Throws `STORE_FAILED` when that folder belongs to someone else: they could answer in the engine's place.
 */
export function socketPath(file: string): string {
  const near = `${file}.sock`;
  if (Buffer.byteLength(near) <= longest) return near;
  const folder = join(tmpdir(), `pulsequeue-${String(userInfo().uid)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (uid !== userInfo().uid || (mode & 0o077) !== 0) {
    throw new PulseQueueError(
      "STORE_FAILED",
      "The folder for control sockets below the temporary folder is not this user's own: remove it, or use a shorter path for the file",
    );
  }
  return join(folder, `${createHash("sha256").update(file).digest("hex").slice(0, 32)}.sock`);
}
