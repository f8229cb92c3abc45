import { Cron } from "croner";
import { PulseQueueError } from "./errors.ts";

/** Throws `DECLARATION_INVALID` unless `expression` is a five-field cron expression and `timezone` an IANA name. */
export function checkCron(what: string, expression: string, timezone: string): void {
  nextCron(what, expression, timezone, 0);
}

/** The first time after `after` (milliseconds since 1970) that the expression names in `timezone`; `undefined` if there is none. */
export function nextCron(what: string, expression: string, timezone: string, after: number): number | undefined {
  try {
    const cron = new Cron(expression, { timezone, paused: true, mode: "5-part" });
    return cron.nextRun(new Date(after))?.getTime();
  } catch (cause) {
    throw new PulseQueueError(
      "DECLARATION_INVALID",
      `${what}: cron "${expression}" in timezone "${timezone}" is not valid; write e.g. "*/5 * * * *" and "Europe/Berlin"`,
      { cause },
    );
  }
}
