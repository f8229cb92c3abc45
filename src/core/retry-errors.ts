import { parseDuration, type Duration } from "./duration.ts";
import { PulseQueueError, type ErrorDetails } from "./errors.ts";

/** Thrown in a handler: the delivery goes to the dead letters at once. */
export class NonRetryableError extends PulseQueueError {
  constructor(reason: string, details: ErrorDetails = {}) {
    super("NON_RETRYABLE", reason, details);
  }
}

/** Thrown in a handler: the delivery is tried again after `delay`, e.g. `"30s"` or milliseconds; it uses an attempt. */
export class RetryAfterError extends PulseQueueError {
  constructor(delay: Duration, reason: string, details: ErrorDetails = {}) {
    super("RETRY_AFTER", reason, { ...details, retryAfter: parseDuration(delay) });
  }
}
