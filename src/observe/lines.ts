/** What an observed fact is as a line of the log. */
import type { ObservedFact } from "../core/ports.ts";
import type { Fields } from "./hide.ts";

export const levels = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof levels)[number];

/** One thing to log. */
export interface Line {
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
}

/**
 * What an observed fact is in the log: every attempt once, with its outcome; never a payload. Attempts that fail are warnings,
 * dead letters are errors, what went well is for `debug`.
 */
export function lineOf(fact: ObservedFact): Line {
  switch (fact.type) {
    case "published": {
      const { event, count, duplicates, correlationId } = fact;
      return { level: "debug", message: `${event} accepted`, fields: { event, count, ...(duplicates > 0 ? { duplicates } : {}), correlationId } };
    }
    case "settled": {
      const { handler, event, eventId, correlationId, state, attempt, milliseconds, failure } = fact;
      const fields = {
        handler,
        event,
        eventId,
        correlationId,
        attempt,
        outcome: state,
        milliseconds: Math.round(milliseconds),
        ...(failure === undefined ? {} : { code: failure.code, reason: failure.message }),
      };
      return { level: state === "dead" ? "error" : state === "retrying" ? "warn" : "debug", message: `${handler} ${state}`, fields };
    }
    case "conflict":
      return { level: "debug", message: `${fact.handler} runs again, since rows it read have changed`, fields: { handler: fact.handler } };
    case "request": {
      const { method, route, status, milliseconds, principal, correlationId } = fact;
      const level = status >= 500 ? "error" : "debug";
      return {
        level,
        message: `${method} ${route} ${String(status)}`,
        fields: { method, route, status, milliseconds: Math.round(milliseconds), principal, correlationId },
      };
    }
    case "refused":
      return { level: "warn", message: `a request to ${fact.route} was refused`, fields: { route: fact.route, reason: fact.reason } };
    case "log":
      return { level: fact.level, message: fact.message, fields: fact.fields };
  }
}
