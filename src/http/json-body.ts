/** Bodies: bytes to JSON, with every limit checked before it can hurt. */
import { PulseQueueError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws `REQUEST_INVALID` for bytes that are not UTF-8; a byte order mark is none of JSON's. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new PulseQueueError("REQUEST_INVALID", "The body is not UTF-8");
  }
}

/**
 * The JSON value of a text, read as strictly as I-JSON (RFC 7493) wants: an object that names a field twice, and half a surrogate
 * pair, mean one thing to one reader and another to the next. `__proto__` is a key like any other: no object's prototype is changed.
 * Throws `REQUEST_INVALID`, and `PAYLOAD_TOO_DEEP` before anything is parsed.
 */
export function parseJsonBody(text: string, depth: number): Json {
  const { isDeeper, isHalf, members } = scan(text, depth);
  if (isDeeper) throw new PulseQueueError("PAYLOAD_TOO_DEEP", `The body is nested deeper than ${String(depth)} levels`);
  const value = parse(text);
  if (isHalf) throw new PulseQueueError("REQUEST_INVALID", "The body holds half a surrogate pair");
  if (membersOf(value) < members) throw new PulseQueueError("REQUEST_INVALID", "An object of the body names a field twice");
  return value;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new PulseQueueError("REQUEST_INVALID", "The body is not JSON");
  }
}

const [quote, backslash, colon, openBracket, closeBracket, openBrace, closeBrace, letterU] = [0x22, 0x5c, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d, 0x75];

interface Scan {
  /** Whether brackets outside of strings are open more than `depth` deep anywhere. */
  readonly isDeeper: boolean;
  /** Whether an escape names half of a surrogate pair without the other one. */
  readonly isHalf: boolean;
  /** Colons outside of strings: where the text is JSON, the fields of all objects. */
  readonly members: number;
}

/** Goes through a text, be it JSON or not, without recursion. */
function scan(text: string, depth: number): Scan {
  const hasEscapes = text.includes("\\");
  let open = 0;
  let members = 0;
  let isString = false;
  let isHalf = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (isString) {
      if (unit === backslash) {
        index += 1;
        if (text.charCodeAt(index) === letterU) {
          const length = surrogateAt(text, index - 1);
          isHalf ||= length === 1;
          if (length === 2) index += 6;
        }
      } else if (unit === quote) isString = false;
    } else if (unit === quote) {
      if (hasEscapes) isString = true;
      else {
        // Nothing in the string but its end matters: to look for that is much faster than to go through it.
        const end = text.indexOf('"', index + 1);
        index = end < 0 ? text.length : end;
      }
    } else if (unit === colon) members += 1;
    else if (unit === openBracket || unit === openBrace) {
      open += 1;
      if (open > depth) return { isDeeper: true, isHalf, members };
    } else if (unit === closeBracket || unit === closeBrace) open -= 1;
  }
  return { isDeeper: false, isHalf, members };
}

/** What the escape at `index` is: 0 no surrogate, 1 half of a pair, 2 a pair. */
function surrogateAt(text: string, index: number): 0 | 1 | 2 {
  if (!/^\\u[dD][89a-fA-F]/.test(text.slice(index, index + 4))) return 0;
  return /^\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F]/.test(text.slice(index, index + 10)) ? 2 : 1;
}

/** The fields of all objects in a value. */
function membersOf(value: Json | undefined): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner: readonly (Json | undefined)[] = Array.isArray(value) ? value : Object.values(value);
  let members = Array.isArray(value) ? 0 : inner.length;
  for (const each of inner) members += membersOf(each);
  return members;
}

/** A content type's name in lower case, without parameters. Throws `MEDIA_TYPE_UNSUPPORTED` for a charset other than UTF-8. */
export function mediaTypeOf(header: string | null): string {
  if (header === null) return "";
  const [type = "", ...parameters] = header.toLowerCase().split(";");
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    if (name.trim() === "charset" && !/^\s*"?utf-8"?\s*$/.test(value)) throw new PulseQueueError("MEDIA_TYPE_UNSUPPORTED", "The body's charset is not UTF-8");
  }
  return type.trim();
}

/** `application/json` and everything that says `+json`. */
export function isJsonType(type: string): boolean {
  return type === "application/json" || /^application\/[\w.-]+\+json$/.test(type);
}
