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
