/** How events and requests come into a queue, on every engine. */
import type { NewEvent } from "./envelope.ts";
import { isPulseQueueError, PulseQueueError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import { newEvent } from "./new-event.ts";
import type { Receipt, Store, System } from "./ports.ts";
import type { Publication, PublishOptions, Queue } from "./queue.ts";
import { runRequest } from "./request.ts";
import type { Topology } from "./topology.ts";

export interface PublisherOptions {
  readonly system: System;
  readonly topology: Topology;
  readonly store: Store;
  /** Throws where nothing more is taken. */
  readonly admit: () => void;
}

export function createPublisher({ system, topology, store, admit }: PublisherOptions): Pick<Queue, "publish" | "publishMany" | "publishEach" | "invoke"> {
  const running = new Set<string>();
  const declared = (event: AnyEvent): AnyEvent => {
    if (topology.events.get(event.name) !== event) throw new PulseQueueError("EVENT_UNKNOWN", `App ${topology.app} does not know the event ${event.name}`);
    return event;
  };
  const make = (event: AnyEvent, data: unknown, given: PublishOptions): NewEvent =>
    newEvent(system, event, data, { source: topology.app, ...given }, undefined);
  /** The event, or why it is none. */
  const attempt = ({ event, data, options = {} }: Publication): NewEvent | PulseQueueError => {
    try {
      return make(declared(event), data, options);
    } catch (thrown) {
      if (isPulseQueueError(thrown)) return thrown;
      throw thrown;
    }
  };
  const tell = (events: readonly NewEvent[], receipts: readonly Receipt[]): void => {
    const [first] = events;
    if (first === undefined) return;
    for (const [index, { duplicate }] of receipts.entries()) if (!duplicate) events[index]?.sent?.();
    const duplicates = receipts.filter(({ duplicate }) => duplicate).length;
    system.observe({ type: "published", event: first.type, count: receipts.length, duplicates, correlationId: first.correlationId ?? first.id });
  };
  const append = async (events: readonly NewEvent[]): Promise<readonly Receipt[]> => {
    const receipts = (await store.append(events)).map((result) => {
      if (result instanceof Error) throw result;
      return result;
    });
    tell(events, receipts);
    return receipts;
  };

  return {
    async publish(event, data, given = {}) {
      admit();
      const [receipt] = await append([make(declared(event), data, given)]);
      if (receipt === undefined) throw new PulseQueueError("INTERNAL", "A publish was not answered");
      return receipt;
    },
    async publishMany(event, data) {
      admit();
      declared(event);
      return append(data.map((item) => make(event, item, {})));
    },
    async publishEach(publications) {
      admit();
      const made = publications.map(attempt);
      const events = made.flatMap((one) => (one instanceof Error ? [] : [one]));
      const results = (await store.append(events)).values();
      return made.map((one) => {
        if (one instanceof Error) return one;
        const result = results.next().value ?? new PulseQueueError("INTERNAL", "A publish was not answered");
        if (!(result instanceof Error)) tell([one], [result]);
        return result;
      });
    },
    async invoke(endpoint, request = {}) {
      admit();
      if (topology.endpoints.get(endpoint.name) !== endpoint)
        throw new PulseQueueError("ENDPOINT_UNKNOWN", `App ${topology.app} does not know the endpoint ${endpoint.name}`);
      return runRequest({ system, app: topology.app, store, running }, endpoint, request);
    },
  };
}
