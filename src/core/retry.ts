import { parseDuration, type Duration } from "./duration.ts";
import { PulseQueueError } from "./errors.ts";

/** How a handler's failures are retried. */
export interface RetryOptions {
  /** Attempts in all, the first included, 1 to 100. @default 5 */
  readonly attempts?: number;
  /** Upper bound of the wait after the first failure; it doubles with each further one. @default "1s" */
  readonly min?: Duration;
  /** Upper bound of every wait. @default "5m" */
  readonly max?: Duration;
}

/** `RetryOptions` in milliseconds. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly min: number;
  readonly max: number;
}

export function retryPolicy(what: string, options: RetryOptions = {}): RetryPolicy {
  const policy = {
    attempts: options.attempts ?? 5,
    min: parseDuration(options.min ?? "1s"),
    max: parseDuration(options.max ?? "5m"),
  };
  if (!Number.isInteger(policy.attempts) || policy.attempts < 1 || policy.attempts > 100) {
    throw new PulseQueueError("DECLARATION_INVALID", `${what}: retry.attempts must be a whole number from 1 to 100`);
  }
  if (policy.min > policy.max) {
    throw new PulseQueueError("DECLARATION_INVALID", `${what}: retry.min is longer than retry.max`);
  }
  return Object.freeze(policy);
}

/**
 * Milliseconds to wait after the failed attempt `attempt` (1 is the first): exponential with full jitter, a uniform draw
 * from [0, min(max, min × 2^(attempt−1))], the scheme that spreads a crowd of failures best
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function retryDelay(policy: RetryPolicy, attempt: number, random: () => number): number {
  const bound = Math.min(policy.max, policy.min * 2 ** Math.min(attempt - 1, 40));
  return Math.round(bound * random());
}
