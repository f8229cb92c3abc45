import { idMaker } from "../../core/ids.ts";
import type { Clock, System } from "../../core/ports.ts";
import type { Vault } from "../../core/vault.ts";
import { machineClock } from "../../machine/clock.ts";
import { sha256 } from "../../machine/hash.ts";
import { cryptographic } from "../../machine/random.ts";
import { environmentSecret } from "../../machine/secrets.ts";
import type { LocalOptions } from "./options.ts";

/**
 * A clock whose `now` cannot jump while the engine is open: the wall time of the opening plus monotonic time. So no wait ends
 * early or late when somebody sets the machine's clock. `floor` keeps time from running backwards across a restart.
 */
function steady(clock: Clock, floor: number): Clock {
  const offset = Math.max(clock.now(), floor) - clock.monotonic();
  return { ...clock, now: () => Math.floor(offset + clock.monotonic()) };
}

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
