/** What goes over the control channel: HTTP on a unix socket, one JSON document a call, JSON lines for the live stream. */
import { errorCatalogue, isPulseQueueError, PulseQueueError, type ErrorCode, type Issue } from "../../core/errors.ts";

/** Bytes of one request: an event at its largest, escaped, with room for the rest. */
export const maxRequestBytes = 4 * 1024 * 1024;

/** Answers at once: somebody is there. */
export const greetingPath = "/";
/** Path of the live stream; every other path is the name of a method. */
export const streamPath = "/stream";

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly issues: readonly Issue[];
  readonly retryAfter?: number;
}

export function toWire(thrown: unknown): WireError {
  const error = isPulseQueueError(thrown)
    ? thrown
    : new PulseQueueError("INTERNAL", thrown instanceof Error ? thrown.message : "something that is no error was thrown");
  return { code: error.code, message: error.message, issues: error.issues, ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }) };
}

/** The error as it was thrown in the engine's process. */
export function fromWire(value: unknown): PulseQueueError {
  const { code, message, issues, retryAfter } = value as Partial<WireError>;
  if (code === undefined || !Object.hasOwn(errorCatalogue, code))
    return new PulseQueueError("INTERNAL", "The engine answered with an error that this version does not know");
  return new PulseQueueError(code, String(message), { issues: issues ?? [], ...(retryAfter === undefined ? {} : { retryAfter }) });
}
