/** A clock of a machine whose time was set back. Only its time of day differs: what is monotonic does not jump. */
import type { LocalOptions } from "pulsequeue/local";

type Clock = NonNullable<LocalOptions["clock"]>;

export function clockBehind(milliseconds: number): Clock {
  return {
    now: () => Date.now() - milliseconds,
    monotonic: () => performance.now(),
    timer(delay, fn) {
      const end = performance.now() + delay;
      let handle: NodeJS.Timeout;
      const check = (): void => {
        const left = end - performance.now();
        if (left > 0) handle = setTimeout(check, Math.ceil(left));
        else fn();
      };
      handle = setTimeout(check, Math.ceil(delay));
      return () => {
        clearTimeout(handle);
      };
    },
    soon: (fn) => void setImmediate(fn),
  };
}
