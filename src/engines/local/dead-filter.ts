import { PulseQueueError } from "../../core/errors.ts";
import type { DeadLetterFilter } from "../../core/queue.ts";
import type { Topology } from "../../core/topology.ts";
import { parseDeliveryId } from "../../core/views.ts";
import type { Journal } from "./journal.ts";
import type { DeadFilter } from "./statements/inspect.ts";
import type { Worker } from "./worker.ts";

/** The number of a declared event. Throws `EVENT_UNKNOWN`. */
export function eventTypeId(topology: Topology, journal: Journal, name: string): number {
  if (!topology.events.has(name)) throw new PulseQueueError("EVENT_UNKNOWN", `There is no event ${name}`);
  return journal.typeId(name);
}

/** The worker of a declared handler. Throws `HANDLER_UNKNOWN`. */
export function workerNamed(workers: ReadonlyMap<string, Worker>, name: string): Worker {
  const worker = workers.get(name);
  if (worker === undefined) throw new PulseQueueError("HANDLER_UNKNOWN", `There is no handler ${name}`);
  return worker;
}

/** No event has this position. */
const nowhere = 0;

/** The filter in the numbers of the file. Throws `EVENT_UNKNOWN`, `HANDLER_UNKNOWN`. */
export function deadFilter(filter: Partial<DeadLetterFilter>, workers: ReadonlyMap<string, Worker>, topology: Topology, journal: Journal): DeadFilter {
  const { id, handler, eventId, eventType, key, tenant, code } = filter;
  const named = id === undefined ? undefined : parseDeliveryId(id);
  const names = [handler, named?.handler].filter((name) => name !== undefined);
  return {
    handlers: names.map((name) => workerNamed(workers, name).window.id),
    ...(id === undefined ? {} : { seq: named?.sequence ?? nowhere, run: named?.run ?? 0 }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(eventType === undefined ? {} : { type: eventTypeId(topology, journal, eventType) }),
    ...(key === undefined ? {} : { key }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(code === undefined ? {} : { code }),
  };
}
