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

/** One timer for the whole batch: handlers that end at once cost no timer each. */
export function watchTimeouts(clock: Clock, handler: HandlerDefinition, onStart: (abandon: (reason: PulseQueueError) => void) => void): Watch {
  let current: { readonly deadline: number; readonly expire: (reason: PulseQueueError) => void } | undefined;
  let cancel: (() => void) | undefined;
  const arm = (delay: number): void => {
    cancel = clock.timer(delay, () => {
      cancel = undefined;
      if (current === undefined) return;
      const left = current.deadline - clock.monotonic();
      if (left > 0) arm(left);
      else current.expire(new PulseQueueError("HANDLER_TIMEOUT", `${handler.name} took longer than ${String(handler.timeout)} ms`));
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
        if (cancel === undefined) arm(handler.timeout);
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
