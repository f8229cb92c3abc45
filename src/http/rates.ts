import { PulseQueueError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { Rate } from "./options.ts";

/** Callers that are remembered at once. */
const mostKnown = 10_000;
/** Between two looks at who can be forgotten, milliseconds: a look reads all of them. */
const sweepEvery = 100;

/** Token buckets by caller. */
export interface Limiter {
  /** Takes `cost` tokens. Throws `RATE_LIMITED` with the time to wait; then nothing was taken. More than a burst needs a full bucket. */
  take(caller: string, cost: number): void;
}

/**
 * Only a caller whose bucket is full again is forgotten, which gives nothing away: a new bucket is full too. While nobody can be
 * forgotten, those who are not known share one bucket, so that somebody with many addresses gets what one caller gets besides what
 * the known ones have, and cannot drive out who is known.
 */
export function createLimiter(clock: Pick<Clock, "monotonic">, { perSecond, burst }: Rate, most = mostKnown): Limiter {
  /** When each bucket is full again: what is missing until then is what was taken. */
  const fullAt = new Map<string, number>();
  let othersFullAt = 0;
  let nextSweep = 0;
  const perMillisecond = perSecond / 1_000;

  const hasRoom = (now: number): boolean => {
    if (fullAt.size < most) return true;
    if (now < nextSweep) return false;
    nextSweep = now + sweepEvery;
    for (const [caller, time] of fullAt) if (time <= now) fullAt.delete(caller);
    return fullAt.size < most;
  };
  /** When a bucket is full again after `cost` was taken from it. */
  const taken = (time: number, cost: number, now: number): number => {
    const missing = Math.max(0, time - now) * perMillisecond;
    const lacking = Math.min(cost, burst) - (burst - missing);
    if (lacking > 0) throw new PulseQueueError("RATE_LIMITED", "Too many requests", { retryAfter: Math.ceil(lacking / perMillisecond) });
    return now + (missing + cost) / perMillisecond;
  };

  return {
    take(caller, cost) {
      const now = clock.monotonic();
      const known = fullAt.get(caller);
      if (known !== undefined || hasRoom(now)) fullAt.set(caller, taken(known ?? 0, cost, now));
      else othersFullAt = taken(othersFullAt, cost, now);
    },
  };
}

/** The part of an address that one client has: a /64 of IPv6, all of IPv4. */
export function clientOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => "0");
  return `${[...first, ...zeros, ...last].slice(0, 4).join(":")}::/64`;
}

/** Bytes of bodies that are held at once. */
export interface Budget {
  /** Reserves `bytes` for `owner`; the answer gives them back. Throws `BACKPRESSURE` where all or its half is taken. */
  reserve(owner: string, bytes: number): () => void;
}

export function createBudget(total: number): Budget {
  const held = new Map<string, number>();
  let all = 0;
  return {
    reserve(owner, bytes) {
      const own = held.get(owner) ?? 0;
      if (all + bytes > total || own + bytes > total / 2)
        throw new PulseQueueError("BACKPRESSURE", "Too many requests are being worked on", { retryAfter: 1_000 });
      all += bytes;
      held.set(owner, own + bytes);
      let isBack = false;
      return () => {
        if (isBack) return;
        isBack = true;
        all -= bytes;
        const left = (held.get(owner) ?? 0) - bytes;
        if (left > 0) held.set(owner, left);
        else held.delete(owner);
      };
    },
  };
}
