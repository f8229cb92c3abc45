import { PulseQueueError, type ErrorCode } from "./errors.ts";
import { limits } from "./limits.ts";

/** What survives a round trip through JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * `T` where all of it is JSON, else `never`. Unlike `Json` it takes interfaces, which have no index signature, and `void`; a
 * function, a `Date` or a `Map` anywhere in it makes that place `never`.
 */
export type JsonLike<T> = T extends Json | ReturnType<() => void>
  ? T
  : T extends (...args: never) => unknown
    ? never
    : T extends object
      ? { readonly [Key in keyof T]: JsonLike<T[Key]> }
      : never;

/**
 * The JSON text of `value`, refused where JSON would lose something silently.
 *
 * Throws `PAYLOAD_UNSERIALISABLE` (NaN, Infinity, bigint, function, symbol, invalid date, class instance without `toJSON`, a
 * key named `__proto__` or `$pq`), `PAYLOAD_TOO_DEEP` (more than 32 levels, or a cycle) or `PAYLOAD_TOO_LARGE` (more than `maxBytes`
 * bytes of UTF-8).
 */
export function encodeJson(value: unknown, what: string, maxBytes: number): string {
  const refusal = value === undefined ? unserialisable("it is undefined") : refusalOf(value, 0);
  if (refusal !== undefined) {
    const path = refusal.path.join(".").slice(0, 200);
    throw new PulseQueueError(refusal.code, `${what} cannot be stored${path === "" ? "" : ` at ${path}`}: ${refusal.reason}`, {
      issues: [{ path, message: refusal.reason }],
    });
  }
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

/** Why a value is refused. The path grows from its end while the walk returns, so that a good value costs no path. */
interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly path: string[];
}

const unserialisable = (reason: string): Refusal => ({ code: "PAYLOAD_UNSERIALISABLE", reason, path: [] });

function refusalOf(value: unknown, depth: number): Refusal | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : unserialisable(`${String(value)} is not a JSON number`);
    case "object":
      if (value === null) return undefined;
      return isPlain(value) ? refusalInside(value, depth) : refusalOfInstance(value, depth);
    case "bigint":
    case "function":
    case "symbol":
      return unserialisable(`a ${typeof value} is not JSON`);
  }
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** An instance of a class is stored as what its `toJSON` gives. */
function refusalOfInstance(value: object, depth: number): Refusal | undefined {
  if (value instanceof Date && Number.isNaN(value.getTime())) return unserialisable("an invalid date is not JSON");
  if (!hasToJson(value)) return unserialisable("an instance of a class is not JSON");
  const given = value.toJSON();
  if (given === undefined || (typeof given === "object" && given !== null && !isPlain(given))) return unserialisable("its toJSON does not give a JSON value");
  return refusalOf(given, depth);
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function refusalInside(value: object, depth: number): Refusal | undefined {
  if (depth >= limits.depth) {
    return { code: "PAYLOAD_TOO_DEEP", reason: `nesting is deeper than ${String(limits.depth)} levels, or the value contains itself`, path: [] };
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const item: unknown = value[index];
      const refusal = item === undefined ? unserialisable("an array item is undefined") : refusalOf(item, depth + 1);
      if (refusal !== undefined) return at(String(index), refusal);
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (key === "__proto__") return unserialisable("a key is named __proto__");
    if (key === "$pq") return unserialisable("a key is named $pq, which stands for encrypted data");
    const refusal = refusalOf((value as Record<string, unknown>)[key], depth + 1);
    if (refusal !== undefined) return at(key, refusal);
  }
  return undefined;
}

function at(key: string, refusal: Refusal): Refusal {
  refusal.path.unshift(key);
  return refusal;
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
