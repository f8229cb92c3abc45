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

/** Throws `ID_INVALID` unless `value` is 1 to 256 characters, none of them a control character. */
export function checkIdentifier(kind: string, value: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this refuses
  if (typeof value !== "string" || value.length === 0 || value.length > limits.identifierLength || /[\u0000-\u001f\u007f]/.test(value)) {
    throw new PulseQueueError("ID_INVALID", `The ${kind} must be a string of 1 to ${String(limits.identifierLength)} characters without control characters`);
  }
  return value;
}
