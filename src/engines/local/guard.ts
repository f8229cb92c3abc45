/** What callers see of inspection and operation: a closed queue says so, and what SQLite throws is one of our errors. */
import type { Inspect, Operate } from "../../core/queue.ts";
import { storeError } from "./failure.ts";

/** `assertOpen` throws where the store must not be asked any more. */
export function guardInspect(inspect: Inspect, assertOpen: () => void): Inspect {
  const ask = asking(assertOpen);
  return {
    events: (filter) => ask(() => inspect.events(filter)),
    deliveries: (filter) => ask(() => inspect.deliveries(filter)),
    deadLetters: (filter) => ask(() => inspect.deadLetters(filter)),
    trace: (correlationId) => ask(() => inspect.trace(correlationId)),
    handlers: () => ask(() => inspect.handlers()),
    operations: (limit) => ask(() => inspect.operations(limit)),
    table(table) {
      const rows = inspect.table(table);
      return { get: (key) => ask(() => rows.get(key)), all: () => ask(() => rows.all()) };
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
