import { PulseQueueError } from "./errors.ts";
import { limits } from "./limits.ts";

/** Throws `DECLARATION_INVALID` unless `name` can name something on both engines: letters, digits, `.`, `_`, `-`. */
export function checkName(kind: string, name: unknown): void {
  if (typeof name !== "string" || name.length > limits.nameLength || !/^[A-Za-z][\w.-]*$/.test(name)) {
    throw new PulseQueueError(
      "DECLARATION_INVALID",
      `${kind} name ${JSON.stringify(String(name).slice(0, 140))} is not allowed: start with a letter; letters, digits, ".", "_", "-" follow; ${String(limits.nameLength)} characters at most`,
    );
  }
}

/** Control characters, and halves of surrogate pairs: UTF-8 has none, so two different texts could be stored as one. */
const unstorable = /[\p{Cc}\p{Cs}]/u;

/** Whether `value` is 1 to 256 characters that every store keeps as they are. */
export function isStorableText(value: string): boolean {
  return value.length > 0 && value.length <= limits.identifierLength && !unstorable.test(value);
}

/** Throws `ID_INVALID` unless `value` is 1 to 256 characters, none of them a control character or half a surrogate pair. */
export function checkIdentifier(kind: string, value: string): string {
  if (typeof value !== "string" || !isStorableText(value)) {
    throw new PulseQueueError("ID_INVALID", `The ${kind} must be a string of 1 to ${String(limits.identifierLength)} characters without control characters`);
  }
  return value;
}

/** A URI reference (RFC 3986): its characters, and no colon before the first slash but after a scheme. */
const uriReference = /^(?:[A-Za-z][A-Za-z\d+.-]*:|(?![^/?#]*:))(?:[\w\-.~:/?@!$&'()*+,;=]|%[\dA-Fa-f]{2})*(?:#(?:[\w\-.~:/?@!$&'()*+,;=]|%[\dA-Fa-f]{2})*)?$/;

/** Throws `ID_INVALID` unless `value` is a URI reference of 1 to 256 characters, as CloudEvents asks of a source. */
export function checkSource(value: string): string {
  if (typeof value !== "string" || !isStorableText(value) || !uriReference.test(value)) {
    throw new PulseQueueError(
      "ID_INVALID",
      `The source must be a URI reference of 1 to ${String(limits.identifierLength)} characters, e.g. "shop" or "https://example.org/shop"`,
    );
  }
  return value;
}

/** Throws `ID_INVALID` unless `value` is a W3C trace context (https://www.w3.org/TR/trace-context/). */
export function checkTraceparent(value: string): string {
  if (typeof value !== "string" || !/^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(value)) {
    throw new PulseQueueError("ID_INVALID", 'The traceparent must be a W3C trace context, e.g. "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"');
  }
  return value;
}
