import { setImmediate } from "node:timers";
import { parseDuration, type Duration } from "../core/duration.ts";
import type { Clock } from "../core/ports.ts";

/** A clock that stands still until a test moves it. */
export interface VirtualClock extends Clock {
  /** Lets `duration` pass on both clocks at once, as after a pause of the process: what is due fires now, in the order of its times. */
  advance(duration: Duration): void;
  /** Sets the wall clock alone, forth or back; `monotonic` and timers do not notice. */
  jumpTo(wall: Date | number): void;
  /** Milliseconds until the next timer; `undefined` without one. */
  untilNextTimer(): number | undefined;
  /** How many calls wait for their turn. */
  pending(): number;
  /** Grows with everything that is asked of the clock or run by it: unchanged means that nothing moved. */
  activity(): number;
  /** Runs one waiting call, drawn by the seed if there is one; `false` when none waits. */
  step(): boolean;
  /** A clock for one engine alone; `detach` forgets all that the engine still waits for, as the death of its process would. */
  port(): ClockPort;
}

export interface ClockPort extends Clock {
  detach(): void;
}

export interface VirtualClockOptions {
  /** Where the wall clock starts. @default 2026-01-01T00:00:00Z */
  readonly now?: Date | number;
  /** Draws the order of calls that wait for the same turn. @default the order in which they were asked for */
  readonly random?: () => number;
  /** Whether waiting calls run by themselves in the next turn of the event loop, or only by `step`. @default true */
  readonly automatic?: boolean;
}

interface Waiting {
  readonly fn: () => void;
  readonly owner: object;
}

interface Timer extends Waiting {
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** Where the wall clock of tests starts. */
export const testEpoch = Date.UTC(2026, 0, 1);

/**
 * A virtual clock. Timers are ordered by their time, then by the order in which they were asked for.
 *
 * @example
 * const clock = virtualClock();
 * const queue = await openLocal(app, { file: ":memory:", clock });
 * clock.advance("15m");
 */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const { random, automatic = true } = options;
  let monotonic = 0;
  let offset = Number(options.now ?? testEpoch);
  let activity = 0;
  let flushing = false;
  let timers: readonly Timer[] = [];
  let calls: Waiting[] = [];

  const timer = (owner: object, delay: number, fn: () => void): (() => void) => {
    const added: Timer = { fn, owner, at: Math.ceil(monotonic + Math.max(0, delay)) };
    const index = timers.findLastIndex((other) => other.at <= added.at) + 1;
    timers = timers.toSpliced(index, 0, added);
    activity += 1;
    return () => {
      timers = timers.filter((other) => other !== added);
    };
  };
  const take = (from: Waiting[]): Waiting | undefined => from.splice(random === undefined ? 0 : Math.floor(random() * from.length), 1)[0];
  const run = (from: Waiting[]): boolean => {
    const call = take(from);
    if (call === undefined) return false;
    activity += 1;
    call.fn();
    return true;
  };
  const flush = (): void => {
    flushing = false;
    const turn = calls;
    calls = [];
    try {
      for (let more = true; more;) more = run(turn);
    } finally {
      calls.unshift(...turn);
      wake();
    }
  };
  const wake = (): void => {
    if (!automatic || flushing || calls.length === 0) return;
    flushing = true;
    setImmediate(flush);
  };
  const soon = (owner: object, fn: () => void): void => {
    calls.push({ fn, owner });
    activity += 1;
    wake();
  };
  const portOf = (owner: object): Clock => ({
    now: () => Math.floor(monotonic + offset),
    monotonic: () => monotonic,
    timer: (delay, fn) => timer(owner, delay, fn),
    soon: (fn) => {
      soon(owner, fn);
    },
  });

  return {
    ...portOf({}),
    advance: (duration) => {
      const target = monotonic + parseDuration(duration);
      for (let due = timers[0]; due !== undefined && due.at <= target; due = timers[0]) {
        timers = timers.slice(1);
        monotonic = Math.max(monotonic, due.at);
        activity += 1;
        due.fn();
      }
      monotonic = Math.max(monotonic, target);
    },
    jumpTo: (wall) => {
      offset = Number(wall) - monotonic;
    },
    untilNextTimer: () => (timers[0] === undefined ? undefined : Math.max(0, timers[0].at - monotonic)),
    pending: () => calls.length,
    activity: () => activity,
    step: () => run(calls),
    port: () => {
      const owner = {};
      let attached = true;
      const port = portOf(owner);
      return {
        ...port,
        timer: (delay, fn) => (attached ? port.timer(delay, fn) : () => undefined),
        soon: (fn) => {
          if (attached) port.soon(fn);
        },
        detach: () => {
          attached = false;
          timers = timers.filter((entry) => entry.owner !== owner);
          calls = calls.filter((entry) => entry.owner !== owner);
        },
      };
    },
  };
}
