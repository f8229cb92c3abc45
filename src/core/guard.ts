/** What callers see of an engine's parts: a closed queue says so, and whatever the store throws is one of our errors. */
import type { PulseQueueError } from "./errors.ts";
import type { KeyStore } from "./keys.ts";
import type { Ledger } from "./ledger.ts";
import type { Nonces } from "./nonces.ts";
import type { Inspect, Operate } from "./queue.ts";

export interface Guard {
  /** Throws where the store must not be asked any more. */
  readonly assertOpen: () => void;
  /** What the store threw, as one of our errors. */
  readonly errorOf: (thrown: unknown) => PulseQueueError;
}

export function guardInspect(inspect: Inspect, guard: Guard): Inspect {
  const ask = asking(guard);
  return {
    events: (filter) => ask(() => inspect.events(filter)),
    deliveries: (filter) => ask(() => inspect.deliveries(filter)),
    deadLetters: (filter) => ask(() => inspect.deadLetters(filter)),
    trace: (correlationId) => ask(() => inspect.trace(correlationId)),
    handlers: () => ask(() => inspect.handlers()),
    incident: (filter) => ask(() => inspect.incident(filter)),
    table(table) {
      const rows = inspect.table(table);
      return { get: (key) => ask(() => rows.get(key)), all: () => ask(() => rows.all()) };
    },
  };
}

export function guardOperate(operate: Operate, guard: Guard): Operate {
  const ask = asking(guard);
  return {
    redrive: (filter, options) => ask(() => operate.redrive(filter, options)),
    discard: (filter, options) => ask(() => operate.discard(filter, options)),
    pause: (handler, options) => ask(() => operate.pause(handler, options)),
    resume: (handler, options) => ask(() => operate.resume(handler, options)),
    replay: (options) => ask(() => operate.replay(options)),
    contain: (targets, options) => ask(() => operate.contain(targets, options)),
  };
}

export function guardLedger(ledger: Ledger, guard: Guard): Ledger {
  const ask = asking(guard);
  return {
    append: (entry) => ask(() => ledger.append(entry)),
    entries: (filter) => ask(() => ledger.entries(filter)),
    verify: (head) => ask(() => ledger.verify(head)),
    head: () => ask(() => ledger.head()),
  };
}

export function guardKeys(keys: KeyStore, guard: Guard): KeyStore {
  const ask = asking(guard);
  return {
    create: (key, options) => ask(() => keys.create(key, options)),
    list: () => ask(() => keys.list()),
    find: (id) => ask(() => keys.find(id)),
    rotate: (id, options) => ask(() => keys.rotate(id, options)),
    revoke: (id, options) => ask(() => keys.revoke(id, options)),
  };
}

export function guardNonces(nonces: Nonces, guard: Guard): Nonces {
  const ask = asking(guard);
  return { spend: (nonce, until) => ask(() => nonces.spend(nonce, until)) };
}

function asking({ assertOpen, errorOf }: Guard): <Result>(question: () => Promise<Result>) => Promise<Result> {
  return async (question) => {
    assertOpen();
    try {
      return await question();
    } catch (thrown) {
      throw errorOf(thrown);
    }
  };
}
