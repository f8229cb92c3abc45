import { CheckFailed } from "./check.ts";
import type { FollowUp, Job } from "./job.ts";
import type { Hooks } from "./peer.ts";

/** What the handlers of one session were given, in the order in which they started. */
export interface Ledger extends Hooks {
  readonly orderIds: readonly string[];
  readonly followUps: readonly FollowUp[];
  /** When the first handler started, by `performance.now()`. */
  firstAt(): number;
  /** Resolves as soon as so many jobs, or follow-ups, were given. Rejects with `CheckFailed` when that takes too long. */
  until(what: "jobs" | "follow-ups", count: number): Promise<void>;
}

const patience = 180_000;

interface Waiter {
  readonly count: number;
  readonly reached: () => void;
}

const nobody: Waiter = { count: Infinity, reached: () => undefined };

export function ledger(): Ledger {
  const orderIds: string[] = [];
  const followUps: FollowUp[] = [];
  const waiters = { jobs: nobody, "follow-ups": nobody };
  let first = Number.NaN;
  return {
    orderIds,
    followUps,
    handled(job: Job) {
      if (orderIds.length === 0) first = performance.now();
      orderIds.push(job.orderId);
      if (orderIds.length >= waiters.jobs.count) waiters.jobs.reached();
    },
    followed(followUp) {
      followUps.push(followUp);
      if (followUps.length >= waiters["follow-ups"].count) waiters["follow-ups"].reached();
    },
    firstAt: () => first,
    until(what, count) {
      const seen = what === "jobs" ? orderIds : followUps;
      if (seen.length >= count) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new CheckFailed(`${String(seen.length)} of ${String(count)} ${what} arrived within ${String(patience / 1_000)} s`));
        }, patience);
        waiters[what] = {
          count,
          reached() {
            clearTimeout(timer);
            resolve();
          },
        };
      });
    },
  };
}
