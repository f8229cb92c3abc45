import { PulseQueueError, type ErrorCode } from "./errors.ts";
import { limits } from "./limits.ts";

/** What survives a round trip through JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * The JSON text of `value`, refused where JSON would lose something silently.
 *
 * Throws `PAYLOAD_UNSERIALISABLE` (NaN, Infinity, bigint, function, symbol, class instance without `toJSON`, cycle, a key
 * named `__proto__`), `PAYLOAD_TOO_DEEP` (more than 32 levels) or `PAYLOAD_TOO_LARGE` (more than `maxBytes` bytes of UTF-8).
 */
export function encodeJson(value: unknown, what: string, maxBytes: number): string {
  check(value, what, "", 0);
  const text = JSON.stringify(value);
  if (text.length * 3 > maxBytes && (text.length > maxBytes || utf8Length(text) > maxBytes)) {
    throw new PulseQueueError("PAYLOAD_TOO_LARGE", `${what} is larger than ${String(maxBytes)} bytes of JSON`);
  }
  return text;
}

/** Parses text that `encodeJson` wrote. */
export function decodeJson(text: string): Json {
  return JSON.parse(text) as Json;
}

function check(value: unknown, what: string, path: string, depth: number): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Number.isFinite(value)) return;
      throw refused("PAYLOAD_UNSERIALISABLE", what, path, `${String(value)} is not a JSON number`);
    case "object":
      if (value === null) return;
      checkObject(value, what, path, depth);
      return;
    case "undefined":
      if (path !== "") return;
      throw refused("PAYLOAD_UNSERIALISABLE", what, path, "it is undefined");
    case "bigint":
    case "function":
    case "symbol":
      throw refused("PAYLOAD_UNSERIALISABLE", what, path, `a ${typeof value} is not JSON`);
  }
}

function checkObject(value: object, what: string, path: string, depth: number): void {
  if (depth >= limits.depth) {
    throw refused("PAYLOAD_TOO_DEEP", what, path, `nesting is deeper than ${String(limits.depth)} levels, or the value contains itself`);
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const item: unknown = value[index];
      if (item === undefined) throw refused("PAYLOAD_UNSERIALISABLE", what, `${path}.${String(index)}`, "an array item is undefined");
      check(item, what, `${path}.${String(index)}`, depth + 1);
    }
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    if ("toJSON" in value && typeof value.toJSON === "function") return;
    throw refused("PAYLOAD_UNSERIALISABLE", what, path, "an instance of a class is not JSON");
  }
  for (const key of Object.keys(value)) {
    if (key === "__proto__") throw refused("PAYLOAD_UNSERIALISABLE", what, path, "a key is named __proto__");
    check((value as Record<string, unknown>)[key], what, path === "" ? key : `${path}.${key}`, depth + 1);
  }
}

function refused(code: ErrorCode, what: string, path: string, reason: string): PulseQueueError {
  const at = path.startsWith(".") ? path.slice(1) : path;
  return new PulseQueueError(code, `${what} cannot be stored${at === "" ? "" : ` at ${at.slice(0, 200)}`}: ${reason}`, {
    issues: [{ path: at.slice(0, 200), message: reason }],
  });
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit < 0xdc00 ? 4 : 3;
    if (unit >= 0xd800 && unit < 0xdc00) index += 1;
  }
  return bytes;
}

/** Whether two JSON values are equal whatever the order of their keys. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const a = left as Record<string, unknown>;
  const b = right as Record<string, unknown>;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]));
}
