import type { Clock } from "../core/ports.ts";

/** The machine's time. Its timers keep no process alive. */
export const machineClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(delay, fn) {
    const timer = setTimeout(fn, delay);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
  soon: (fn) => {
    setImmediate(fn);
  },
};
