import { Cron } from "croner";
import { PulseQueueError } from "./errors.ts";

/** Throws `DECLARATION_INVALID` unless `expression` is a five-field cron expression that some time matches, and `timezone` an IANA name. */
export function checkCron(what: string, expression: string, timezone: string): void {
  if (nextCron(what, expression, timezone, 0) === undefined) {
    throw new PulseQueueError("DECLARATION_INVALID", `${what}: cron "${expression}" names no date that ever comes`);
  }
}

/** The first time after `after` (milliseconds since 1970) that the expression names in `timezone`; `undefined` if there is none. */
export function nextCron(what: string, expression: string, timezone: string, after: number): number | undefined {
  try {
    // The library would also take a nickname or a date, which other engines' schedulers do not know.
    if (expression.trim().split(/\s+/).length !== 5) throw new RangeError("not five fields");
    if (timezone === "") throw new RangeError("no timezone: the machine's own would be taken");
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
