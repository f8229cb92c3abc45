/** What callers see of an engine's parts: a closed queue says so, and whatever the store throws is one of our errors. */
import type { PulseQueueError } from "./errors.ts";
import type { KeyStore } from "./keys.ts";
import type { Ledger, LedgerAction } from "./ledger.ts";
import type { Nonces } from "./nonces.ts";
import { checkReason, type OperationOptions } from "./operation.ts";
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
    trace: (id, choice) => ask(() => inspect.trace(id, choice)),
    handlers: () => ask(() => inspect.handlers()),
    incident: (filter) => ask(() => inspect.incident(filter)),
    table(table) {
      const rows = inspect.table(table);
      return { get: (key) => ask(() => rows.get(key)), rows: (options) => ask(() => rows.rows(options)), all: () => ask(() => rows.all()) };
    },
  };
}

export function guardOperate(operate: Operate, ledger: Pick<Ledger, "append">, guard: Guard): Operate {
  const act = acting(ledger, guard);
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

export function guardLedger(ledger: Ledger, guard: Guard): Ledger {
  const ask = asking(guard);
  return {
    append: (entry) => ask(() => ledger.append(entry)),
    entries: (filter) => ask(() => ledger.entries(filter)),
    verify: (head) => ask(() => ledger.verify(head)),
    head: () => ask(() => ledger.head()),
  };
}

export function guardKeys(keys: KeyStore, ledger: Pick<Ledger, "append">, guard: Guard): KeyStore {
  const ask = asking(guard);
  const act = acting(ledger, guard);
  return {
    create: (key, options) => act("key-create", key.name, options, () => keys.create(key, options)),
    list: () => ask(() => keys.list()),
    find: (id) => ask(() => keys.find(id)),
    rotate: (id, options) => act("key-rotate", id, options, () => keys.rotate(id, options)),
    revoke: (id, options) => act("key-revoke", id, options, () => keys.revoke(id, options)),
  };
}

export function guardNonces(nonces: Nonces, guard: Guard): Nonces {
  const ask = asking(guard);
  return { spend: (nonce, until) => ask(() => nonces.spend(nonce, until)) };
}

/** Runs an act of an operator. One that throws is recorded as failed, unless it was a dry run or had no reason: then nothing was tried. */
export type Acting = <Result>(action: LedgerAction, subject: string, options: OperationOptions, act: () => Promise<Result>) => Promise<Result>;

export function acting(ledger: Pick<Ledger, "append">, guard: Guard): Acting {
  const ask = asking(guard);
  return (action, subject, options, act) =>
    ask(async () => {
      if (options.dryRun === true) return await act();
      checkReason(options);
      try {
        return await act();
      } catch (thrown) {
        const { reason, by = "local" } = options;
        const entry = { by, action, subject, reason: `${reason.slice(0, 960)} (${guard.errorOf(thrown).code})`, result: "failed" } as const;
        await ledger.append(entry).catch(() => undefined); // the act's own error counts, e.g. that the store failed
        throw thrown;
      }
    });
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
