import type { Context } from "./context.ts";
import { checkCron, nextCron } from "./cron.ts";
import { parseDuration, type Duration } from "./duration.ts";
import { PulseQueueError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import { grantSet, type GrantSet, type Grants } from "./grants.ts";
import { checkName } from "./names.ts";
import type { SecretDefinition } from "./secret.ts";
import type { AnyTable } from "./table.ts";

/** One tick of a schedule. */
export interface Tick {
  /** The time it stands for, ISO 8601 in UTC; the tick may run later. */
  readonly scheduledAt: string;
}

interface ScheduleBody<
  Reads extends readonly AnyTable[],
  Writes extends readonly AnyTable[],
  Emits extends readonly AnyEvent[],
  Secrets extends readonly SecretDefinition[],
> extends Grants<Reads, Writes, Emits, Secrets> {
  /** What a tick does. @default each event of `emits` is emitted with the tick as its data */
  handle?(tick: Tick, ctx: Context<Reads, Writes, Emits, Secrets>): Promise<void> | void;
}

/** What `defineSchedule` takes: `cron` (five fields) in an IANA `timezone` (default UTC), or `every`. */
export type ScheduleOptions<
  Reads extends readonly AnyTable[],
  Writes extends readonly AnyTable[],
  Emits extends readonly AnyEvent[],
  Secrets extends readonly SecretDefinition[],
> = ScheduleBody<Reads, Writes, Emits, Secrets> &
  (
    | { readonly cron: string; readonly timezone?: string; readonly every?: undefined }
    | { readonly every: Duration; readonly cron?: undefined; readonly timezone?: undefined }
  );

export type Cadence = { readonly cron: string; readonly timezone: string } | { /** Milliseconds. */ readonly every: number };

/** A declared schedule, its types erased. */
export interface ScheduleDefinition<Name extends string = string> {
  readonly kind: "schedule";
  readonly name: Name;
  readonly cadence: Cadence;
  readonly grants: GrantSet;
  readonly handle: (tick: Tick, ctx: Context) => Promise<void> | void;
}

/**
 * Declares a schedule. Each tick is an event of its own, so it is retried, dead-lettered and traced like any other.
 * Ticks missed while the engine was down are made up by one tick, the latest.
 *
 * @example
 * const sweep = defineSchedule("expire-reservations", { every: "30s", emits: [sweepDue] });
 *
 * Throws `DECLARATION_INVALID` for options that cannot work.
 */
export function defineSchedule<
  const Name extends string,
  const Reads extends readonly AnyTable[] = readonly [],
  const Writes extends readonly AnyTable[] = readonly [],
  const Emits extends readonly AnyEvent[] = readonly [],
  const Secrets extends readonly SecretDefinition[] = readonly [],
>(name: Name, options: ScheduleOptions<Reads, Writes, Emits, Secrets>): ScheduleDefinition<Name> {
  checkName("schedule", name);
  const grants = grantSet(`Schedule ${name}`, options);
  const emitAll = (tick: Tick, ctx: Context): void => {
    for (const event of grants.emits) ctx.emit(event, tick);
  };
  return Object.freeze({
    kind: "schedule" as const,
    name,
    cadence: cadence(name, options),
    grants,
    handle: options.handle === undefined ? emitAll : (options.handle.bind(options) as unknown as ScheduleDefinition["handle"]),
  });
}

function cadence(
  name: string,
  options: { readonly cron?: string | undefined; readonly timezone?: string | undefined; readonly every?: Duration | undefined },
): Cadence {
  if ((options.cron === undefined) === (options.every === undefined)) {
    throw new PulseQueueError("DECLARATION_INVALID", `Schedule ${name}: give either cron or every`);
  }
  if (options.cron !== undefined) {
    const timezone = options.timezone ?? "UTC";
    checkCron(`Schedule ${name}`, options.cron, timezone);
    return Object.freeze({ cron: options.cron, timezone });
  }
  const every = parseDuration(options.every ?? 0);
  if (every < 1_000) throw new PulseQueueError("DECLARATION_INVALID", `Schedule ${name}: every must be at least 1s`);
  return Object.freeze({ every });
}

/** The first tick of `schedule` after `after`, milliseconds since 1970. Ticks of `every` are multiples of it since 1970. */
export function nextTick(schedule: ScheduleDefinition, after: number): number | undefined {
  if ("every" in schedule.cadence) return (Math.floor(after / schedule.cadence.every) + 1) * schedule.cadence.every;
  return nextCron(`Schedule ${schedule.name}`, schedule.cadence.cron, schedule.cadence.timezone, after);
}
