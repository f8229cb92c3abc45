import { PulseQueueError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { Rate } from "./options.ts";

/** Callers that are remembered; the one that was quiet for the longest is forgotten, which gives it a full bucket again. */
const mostKnown = 10_000;

/** Token buckets by caller. */
export interface Limiter {
  /** Takes `cost` tokens. Throws `RATE_LIMITED` with the time to wait; then nothing was taken. More than a burst needs a full bucket. */
  take(caller: string, cost: number): void;
}

interface Bucket {
  tokens: number;
  at: number;
}

export function createLimiter(clock: Pick<Clock, "monotonic">, { perSecond, burst }: Rate): Limiter {
  const buckets = new Map<string, Bucket>();
  const perMillisecond = perSecond / 1_000;

  const bucketOf = (caller: string, now: number): Bucket => {
    const known = buckets.get(caller);
    if (known !== undefined) {
      // Whoever was seen last is last in the map. Moving it each time would cost more than it is worth.
      if (now - known.at > 1_000) {
        buckets.delete(caller);
        buckets.set(caller, known);
      }
      return known;
    }
    const bucket = { tokens: burst, at: now };
    buckets.set(caller, bucket);
    const [oldest] = buckets.size > mostKnown ? buckets.keys() : [];
    if (oldest !== undefined) buckets.delete(oldest);
    return bucket;
  };

  return {
    take(caller, cost) {
      const now = clock.monotonic();
      const bucket = bucketOf(caller, now);
      bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) * perMillisecond);
      bucket.at = now;
      const needed = Math.min(cost, burst);
      if (bucket.tokens < needed) {
        const retryAfter = Math.ceil((needed - bucket.tokens) / perMillisecond);
        throw new PulseQueueError("RATE_LIMITED", "Too many requests", { retryAfter });
      }
      bucket.tokens -= cost;
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
