import { createHash, getRandomValues, hash, randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { idMaker } from "../../core/ids.ts";
import type { Clock, System } from "../../core/ports.ts";
import type { Vault } from "../../core/vault.ts";
import type { LocalOptions } from "./options.ts";
import { environmentSecret } from "./secrets.ts";

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

/**
 * A clock whose `now` cannot jump while the engine is open: the wall time of the opening plus monotonic time. So no wait ends
 * early or late when somebody sets the machine's clock. `floor` keeps time from running backwards across a restart.
 */
function steady(clock: Clock, floor: number): Clock {
  const offset = Math.max(clock.now(), floor) - clock.monotonic();
  return { ...clock, now: () => Math.floor(offset + clock.monotonic()) };
}

/** Numbers in [0, 1) from the cryptographic source, drawn in blocks. */
function cryptographic(): () => number {
  const block = new Uint32Array(512);
  let next = block.length;
  return () => {
    if (next === block.length) {
      getRandomValues(block);
      next = 0;
    }
    const value = block[next] ?? 0;
    next += 1;
    return value / 0x1_0000_0000;
  };
}

/** SHA-256 in base64. `crypto.hash` is one call; it came with Node 20.12. */
export const sha256: (text: string) => string =
  typeof hash === "function" ? (text) => hash("sha256", text, "base64") : (text) => createHash("sha256").update(text).digest("base64");

/** 256 random bits. */
export const randomKey = (): Buffer => randomBytes(32);

/** Where the value of a secret comes from. */
export function secretsOf(options: LocalOptions): System["secret"] {
  return options.secrets ?? ((name) => environmentSecret(name));
}

/** The system that the core works with. `floor`: a time after every one that the file knows, milliseconds since 1970. */
export function localSystem(options: LocalOptions, floor: number, vault: Vault | undefined): System {
  const clock = steady(options.clock ?? machineClock, floor);
  const random = options.random ?? cryptographic();
  return {
    clock,
    random,
    newId: idMaker(() => clock.now(), random),
    hash: sha256,
    secret: secretsOf(options),
    observe: options.observe ?? (() => undefined),
    vault,
    trace: options.trace,
  };
}
