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
 * The JSON value in `bytes`. Of a key that is there twice the last one counts, and `__proto__` is a key like any other: no
 * object's prototype is changed. Throws `REQUEST_INVALID`, and `PAYLOAD_TOO_DEEP` before anything is parsed.
 */
export function parseJsonBody(text: string, depth: number): Json {
  if (isDeeper(text, depth)) throw new PulseQueueError("PAYLOAD_TOO_DEEP", `The body is nested deeper than ${String(depth)} levels`);
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new PulseQueueError("REQUEST_INVALID", "The body is not JSON");
  }
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/** Whether brackets outside of strings are open more than `depth` deep anywhere in the text, be it JSON or not. */
export function isDeeper(text: string, depth: number): boolean {
  let open = 0;
  let isString = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (isString) {
      if (unit === backslash) index += 1;
      else if (unit === quote) isString = false;
    } else if (unit === quote) isString = true;
    else if (unit === openBracket || unit === openBrace) {
      open += 1;
      if (open > depth) return true;
    } else if (unit === closeBracket || unit === closeBrace) open -= 1;
  }
  return false;
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
