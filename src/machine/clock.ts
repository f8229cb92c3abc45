import { performance } from "node:perf_hooks";
import type { Clock } from "../core/ports.ts";

/** `setTimeout` fires at once for a longer delay (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
const longestTimeout = 0x7fff_ffff;

/** The machine's clock. */
export const machineClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(delay, fn) {
    const end = performance.now() + delay;
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle = setTimeout(check, Math.min(Math.ceil(left), longestTimeout));
    };
    // A timeout may end up to a millisecond early: it counts whole milliseconds from the start of its turn of the event loop.
    const check = (): void => {
      const left = end - performance.now();
      if (left > 0) arm(left);
      else fn();
    };
    arm(delay);
    return () => {
      clearTimeout(handle);
    };
  },
  soon(fn) {
    setImmediate(fn);
  },
};
