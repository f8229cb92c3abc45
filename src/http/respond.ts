import { PulseQueueError, isPulseQueueError } from "../core/errors.ts";
import { problem } from "../core/request.ts";

/** On every answer: nothing is stored by caches or guessed by browsers. */
export const baseHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

const jsonHeaders = { ...baseHeaders, "content-type": "application/json" } as const;

export function json(status: number, body: unknown, headers?: Readonly<Record<string, string>>): Response {
  return new Response(JSON.stringify(body), { status, headers: headers === undefined ? jsonHeaders : { ...jsonHeaders, ...headers } });
}

/** What is told to a caller: a known error, else only that it is a defect. */
export function toError(thrown: unknown): PulseQueueError {
  return isPulseQueueError(thrown) ? thrown : new PulseQueueError("INTERNAL", "The request failed", { cause: thrown });
}

/** An error as problem+json (RFC 9457). */
export function problemResponse(error: PulseQueueError, more: Readonly<Record<string, string>> = {}): Response {
  const { status, body, headers } = problem(error);
  const challenge = status === 401 ? { "www-authenticate": "Bearer" } : {};
  return new Response(JSON.stringify(body), { status, headers: { ...baseHeaders, ...headers, ...challenge, ...more } });
}
