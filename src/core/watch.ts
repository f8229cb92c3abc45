/** The time that handlers have. */
import { PulseQueueError } from "./errors.ts";
import type { HandlerDefinition } from "./handler.ts";
import type { Clock } from "./ports.ts";

/** What is told that its time is over. */
interface Closing {
  close(reason: PulseQueueError): void;
}

export interface Watch {
  /** Resolves or rejects as `running` does, or rejects with `HANDLER_TIMEOUT`, whatever comes first. */
  race(running: Promise<unknown>, scope: Closing, started: number): Promise<void>;
  stop(): void;
}

export interface WatchOptions {
  /** Told how to end the wait for the handler that runs. */
  readonly onStart: (abandon: (reason: PulseQueueError) => void) => void;
  /** Milliseconds after which the batch is slow, and whom to tell, once. */
  readonly slowAfter: number;
  readonly onSlow: () => void;
}

/** One timer for the whole batch: handlers that end at once cost no timer each. */
export function watchTime(clock: Clock, handler: HandlerDefinition, { onStart, slowAfter, onSlow }: WatchOptions): Watch {
  let isSlow = false;
  let current: { readonly deadline: number; readonly expire: (reason: PulseQueueError) => void } | undefined;
  let cancel: (() => void) | undefined;
  const arm = (delay: number): void => {
    cancel = clock.timer(delay, () => {
      cancel = undefined;
      if (current === undefined) return;
      const left = current.deadline - clock.monotonic();
      if (left <= 0) {
        current.expire(new PulseQueueError("HANDLER_TIMEOUT", `${handler.name} took longer than ${String(handler.timeout)} ms`));
        return;
      }
      arm(left);
      if (isSlow) return;
      isSlow = true;
      onSlow();
    });
  };
  onStart((reason) => current?.expire(reason));
  return {
    race: (running, scope, started) =>
      new Promise((resolve, reject) => {
        const expire = (reason: PulseQueueError): void => {
          current = undefined;
          scope.close(reason);
          reject(reason);
        };
        current = { deadline: started + handler.timeout, expire };
        if (cancel === undefined) arm(isSlow ? handler.timeout : Math.min(handler.timeout, slowAfter));
        running.then(
          () => {
            current = undefined;
            resolve();
          },
          (thrown: unknown) => {
            current = undefined;
            reject(thrown instanceof Error ? thrown : new PulseQueueError("HANDLER_FAILED", `${handler.name} rejected with ${describe(thrown)}`));
          },
        );
      }),
    stop() {
      cancel?.();
    },
  };
}

function describe(thrown: unknown): string {
  return typeof thrown === "string" ? `"${thrown.slice(0, 200)}"` : `a value of type ${typeof thrown}`;
}
