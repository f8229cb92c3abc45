import { parseDuration, type Duration } from "../../core/duration.ts";
import { usageError } from "../exit.ts";

const steps = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

/** A length of time in its largest whole unit, e.g. `3 min`. */
export function age(milliseconds: number): string {
  const length = Math.max(0, milliseconds);
  for (const [size, unit] of steps) if (length >= size) return `${String(Math.floor(length / size))} ${unit}`;
  return `${String(Math.round(length))} ms`;
}

/** A time in UTC with how long ago it was, e.g. `2026-11-24 19:00:12.345Z (3 s ago)`. */
export function when(time: string | number, now: number): string {
  const at = new Date(time).getTime();
  const distance = now - at;
  return `${new Date(at).toISOString().replace("T", " ")} (${distance >= 0 ? `${age(distance)} ago` : `in ${age(-distance)}`})`;
}

/** The time of day in UTC, for logs. */
export function clockTime(time: string | number): string {
  return new Date(time).toISOString().slice(11, 23);
}

/** Parses what an option says about time: an ISO date, milliseconds since 1970, or how long ago (`15m`, `2h`). */
export function parseTime(option: string, text: string, now: number): number {
  if (/^\d{11,}$/.test(text)) return Number(text);
  if (/^[\d.]+(?:ms|s|m|h|d)$/.test(text)) return now - parseLength(option, text);
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw usageError(
      `${option} "${text}" is not a time`,
      'Give a date ("2026-11-24T18:00:00Z"), milliseconds since 1970, or how long ago ("15m", "2h", "1d").',
    );
  return time;
}

/** Parses a length of time into milliseconds. */
export function parseLength(option: string, text: string): number {
  try {
    return parseDuration(text as Duration);
  } catch {
    throw usageError(`${option} "${text}" is not a length of time`, 'Give a number with a unit: "500ms", "30s", "5m", "1h", "7d".');
  }
}
