/** What callers see of inspection, operation, ledger and keys: a closed queue says so, and what SQLite throws is one of our errors. */
import type { KeyStore } from "../../core/keys.ts";
import type { Ledger, LedgerAction } from "../../core/ledger.ts";
import { checkReason, type OperationOptions } from "../../core/operation.ts";
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

export function guardOperate(operate: Operate, ledger: Pick<Ledger, "append">, assertOpen: () => void): Operate {
  const act = acting(ledger, assertOpen);
  return {
    redrive: (filter, options) => act("redrive", JSON.stringify(filter), options, () => operate.redrive(filter, options)),
    discard: (filter, options) => act("discard", JSON.stringify(filter), options, () => operate.discard(filter, options)),
    pause: (handler, options) => act("pause", handler, options, () => operate.pause(handler, options)),
    resume: (handler, options) => act("resume", handler, options, () => operate.resume(handler, options)),
    replay: (options) =>
      act("replay", `${options.handler} ${String(Number(options.from))}..${String(Number(options.to))}`, options, () => operate.replay(options)),
    contain: (targets, options) => act("contain", JSON.stringify(targets), options, () => operate.contain(targets, options)),
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

export function guardKeys(keys: KeyStore, ledger: Pick<Ledger, "append">, assertOpen: () => void): KeyStore {
  const ask = asking(assertOpen);
  const act = acting(ledger, assertOpen);
  return {
    create: (key, options) => act("key-create", key.name, options, () => keys.create(key, options)),
    list: () => ask(() => keys.list()),
    find: (id) => ask(() => keys.find(id)),
    rotate: (id, options) => act("key-rotate", id, options, () => keys.rotate(id, options)),
    revoke: (id, options) => act("key-revoke", id, options, () => keys.revoke(id, options)),
  };
}

/** Runs an act of an operator. One that throws is recorded as failed, unless it was a dry run or had no reason: then nothing was tried. */
export type Acting = <Result>(action: LedgerAction, subject: string, options: OperationOptions, act: () => Promise<Result>) => Promise<Result>;

export function acting(ledger: Pick<Ledger, "append">, assertOpen: () => void): Acting {
  const ask = asking(assertOpen);
  return (action, subject, options, act) =>
    ask(async () => {
      if (options.dryRun === true) return await act();
      checkReason(options);
      try {
        return await act();
      } catch (thrown) {
        const { reason, by = "local" } = options;
        const entry = { by, action, subject, reason: `${reason.slice(0, 960)} (${storeError(thrown).code})`, result: "failed" } as const;
        await ledger.append(entry).catch(() => undefined); // the act's own error counts, e.g. that the store failed
        throw thrown;
      }
    });
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
