/** How events and requests come into a queue, on every engine. */
import type { NewEvent } from "./envelope.ts";
import { PulseQueueError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import { newEvent } from "./new-event.ts";
import type { Receipt, Store, System } from "./ports.ts";
import type { PublishOptions, Queue } from "./queue.ts";
import { runRequest } from "./request.ts";
import type { Topology } from "./topology.ts";

export interface PublisherOptions {
  readonly system: System;
  readonly topology: Topology;
  readonly store: Store;
  /** Throws where nothing more is taken. */
  readonly admit: () => void;
}

export function createPublisher({ system, topology, store, admit }: PublisherOptions): Pick<Queue, "publish" | "publishMany" | "invoke"> {
  const running = new Set<string>();
  const declared = (event: AnyEvent): AnyEvent => {
    if (topology.events.get(event.name) !== event) throw new PulseQueueError("EVENT_UNKNOWN", `App ${topology.app} does not know the event ${event.name}`);
    return event;
  };
  const make = (event: AnyEvent, data: unknown, given: PublishOptions): NewEvent =>
    newEvent(system, event, data, { source: topology.app, ...given }, undefined);
  const append = async (event: AnyEvent, events: readonly NewEvent[]): Promise<readonly Receipt[]> => {
    const receipts: Receipt[] = [];
    let duplicates = 0;
    for (const result of await store.append(events)) {
      if (result instanceof Error) throw result;
      if (result.duplicate) duplicates += 1;
      receipts.push(result);
    }
    const [first] = events;
    if (first !== undefined)
      system.observe({ type: "published", event: event.name, count: receipts.length, duplicates, correlationId: first.correlationId ?? first.id });
    return receipts;
  };

  return {
    async publish(event, data, given = {}) {
      admit();
      const [receipt] = await append(event, [make(declared(event), data, given)]);
      if (receipt === undefined) throw new PulseQueueError("INTERNAL", "A publish was not answered");
      return receipt;
    },
    async publishMany(event, data) {
      admit();
      declared(event);
      return append(
        event,
        data.map((item) => make(event, item, {})),
      );
    },
    async invoke(endpoint, request = {}) {
      admit();
      if (topology.endpoints.get(endpoint.name) !== endpoint)
        throw new PulseQueueError("ENDPOINT_UNKNOWN", `App ${topology.app} does not know the endpoint ${endpoint.name}`);
      return runRequest({ system, app: topology.app, store, running }, endpoint, request);
    },
  };
}
