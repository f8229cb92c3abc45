import { PulseQueueError } from "./errors.ts";

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time: milliseconds, or a whole or decimal number with a unit, e.g. `"250ms"`, `"30s"`, `"1.5h"`, `"7d"`. */
export type Duration = number | `${number}${keyof typeof units}`;

/** Milliseconds of `duration`, rounded. Throws `DECLARATION_INVALID` for anything else, negative or not finite. */
export function parseDuration(duration: Duration): number {
  const match = typeof duration === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : null;
  const value = match === null ? duration : Number(match[1]) * units[match[2] as keyof typeof units];
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw new PulseQueueError("DECLARATION_INVALID", `"${String(duration)}" is not a duration; write e.g. 500, "500ms", "30s", "5m", "1h", "7d"`);
  }
  return Math.round(value);
}
