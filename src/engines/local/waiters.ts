import type { PulseQueueError } from "../../core/errors.ts";

/** Those who wait until something holds of the engine. */
export interface Waiters {
  /** Something may hold now: called after each commit and whenever a worker comes to rest. */
  readonly lookAgain: () => void;
  /** Resolves once `condition` holds. Rejects with why the store failed. */
  readonly until: (condition: () => boolean) => Promise<void>;
}

export function createWaiters(failure: () => PulseQueueError | undefined): Waiters {
  const checks = new Set<() => void>();
  return {
    lookAgain() {
      for (const check of checks) check();
    },
    until: (condition) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const error = failure();
          if (error === undefined && !condition()) return;
          checks.delete(check);
          if (error === undefined) resolve();
          else reject(error);
        };
        checks.add(check);
        check();
      }),
  };
}
