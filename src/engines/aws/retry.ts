/** Repeats what AWS refuses for now. Such a repeat uses up no attempt of a delivery. */
import type { System } from "../../core/ports.ts";
import { retryDelay } from "../../core/retry.ts";
import { awsError, isPassing } from "./errors.ts";

/** At most about 6 seconds in all: more than a table needs to take more load, less than the margin that a function keeps for its commit. */
const policy = { attempts: 9, min: 25, max: 5_000 } as const;

export type Retrying = Pick<System, "clock" | "random">;

/** Resolves as `call` does. Rejects with our error for what AWS refused for good, or too often. `what`: see `awsError`. */
export async function retrying<Result>(system: Retrying, what: string, call: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (thrown) {
      if (attempt === policy.attempts || !isPassing(thrown)) throw awsError(thrown, what);
      await backOff(system, attempt);
    }
  }
}

/** Waits a random time that may be longer with each failed attempt (1 is the first); `false`: there were enough of them. */
export async function backOff({ clock, random }: Retrying, attempt: number): Promise<boolean> {
  if (attempt >= policy.attempts) return false;
  const delay = retryDelay(policy, attempt, random);
  await new Promise<void>((resolve) => clock.timer(delay, resolve));
  return true;
}
