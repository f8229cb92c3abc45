/** What callers see of inspection, operation, ledger and keys: a closed queue says so, and what SQLite throws is one of our errors. */
import type { KeyStore } from "../../core/keys.ts";
import type { Ledger } from "../../core/ledger.ts";
import type { Inspect, Operate } from "../../core/queue.ts";
import { storeError } from "./failure.ts";

/** `assertOpen` throws where the store must not be asked any more. */
export function guardInspect(inspect: Inspect, assertOpen: () => void): Inspect {
  const ask = asking(assertOpen);
  return {
    events: (filter) => ask(() => inspect.events(filter)),
    deliveries: (filter) => ask(() => inspect.deliveries(filter)),
    deadLetters: (filter) => ask(() => inspect.deadLetters(filter)),
    trace: (id, choice) => ask(() => inspect.trace(id, choice)),
    handlers: () => ask(() => inspect.handlers()),
    incident: (filter) => ask(() => inspect.incident(filter)),
    table(table) {
      const rows = inspect.table(table);
      return { get: (key) => ask(() => rows.get(key)), rows: (options) => ask(() => rows.rows(options)), all: () => ask(() => rows.all()) };
    },
  };
}

export function guardOperate(operate: Operate, assertOpen: () => void): Operate {
  const ask = asking(assertOpen);
  return {
    redrive: (filter, options) => ask(() => operate.redrive(filter, options)),
    discard: (filter, options) => ask(() => operate.discard(filter, options)),
    pause: (handler, options) => ask(() => operate.pause(handler, options)),
    resume: (handler, options) => ask(() => operate.resume(handler, options)),
    replay: (options) => ask(() => operate.replay(options)),
    contain: (targets, options) => ask(() => operate.contain(targets, options)),
  };
}

export function guardLedger(ledger: Ledger, assertOpen: () => void): Ledger {
  const ask = asking(assertOpen);
  return {
    append: (entry) => ask(() => ledger.append(entry)),
    entries: (filter) => ask(() => ledger.entries(filter)),
    verify: (head) => ask(() => ledger.verify(head)),
    head: () => ask(() => ledger.head()),
  };
}

export function guardKeys(keys: KeyStore, assertOpen: () => void): KeyStore {
  const ask = asking(assertOpen);
  return {
    create: (key, options) => ask(() => keys.create(key, options)),
    list: () => ask(() => keys.list()),
    find: (id) => ask(() => keys.find(id)),
    rotate: (id, options) => ask(() => keys.rotate(id, options)),
    revoke: (id, options) => ask(() => keys.revoke(id, options)),
  };
}

function asking(assertOpen: () => void): <Result>(question: () => Promise<Result>) => Promise<Result> {
  return async (question) => {
    assertOpen();
    try {
      return await question();
    } catch (thrown) {
      throw storeError(thrown);
    }
  };
}
