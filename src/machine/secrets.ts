import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { PulseQueueError } from "../core/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Bits that the file of a secret must not have: anything for others, and writing for the group. */
const openModes = 0o027;

/**
 * The value of a declared secret from the environment: `PULSEQUEUE_SECRET_<NAME>`, in capitals with `_`, holds a reference,
 * `env:NAME` or `file:/path`, or else the value itself. A file is read anew each time, so that a rotated secret is the new one
 * from the next call on; one line end at its end is not part of the value.
 *
 * `undefined` where there is no value. Throws `SECRET_MISSING` for a file that others can read or that cannot be read; neither
 * value nor path is in the message.
 */
export function environmentSecret(name: string, env: Environment = process.env): string | undefined {
  const given = env[`PULSEQUEUE_SECRET_${name.toUpperCase().replaceAll(/[.-]/g, "_")}`];
  if (given === undefined || given === "") return undefined;
  if (given.startsWith("env:")) return nonEmpty(env[given.slice("env:".length)]);
  if (given.startsWith("file:")) return nonEmpty(fromFile(name, given.slice("file:".length)));
  return given;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function fromFile(name: string, path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new PulseQueueError("SECRET_MISSING", `The file of secret ${name} cannot be read`);
  }
  try {
    // Of what was opened, so that nothing can be put in its place between the look and the reading.
    if ((fstatSync(descriptor).mode & openModes) !== 0)
      throw new PulseQueueError("SECRET_MISSING", `The file of secret ${name} is open to other users: take their rights away with chmod 600`);
    return readFileSync(descriptor, "utf8").replace(/\r?\n$/, "");
  } finally {
    closeSync(descriptor);
  }
}
