import type { App } from "../../core/app.ts";
import { PulseQueueError, type ErrorCode } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { newEvent } from "../../core/new-event.ts";
import type { DeadLetterView, EventView, PublishOptions, Queue, TraceNode } from "../../core/queue.ts";
import { revealEvent, revealRow } from "../../core/reveal.ts";
import type { AnyTable } from "../../core/table.ts";
import { machineClock } from "../../machine/clock.ts";
import { redact, redacted } from "../../core/personal-data.ts";
import type { Control, PublishRequest } from "./control.ts";

/** What the commands ask of a queue that is open in this process, on whatever engine. */
export type QueueControl = Omit<Control, "erase" | "rotateKey" | "backup" | "verify" | "facts">;

export function queueControl(app: App, queue: Queue): QueueControl {
  const { events, tables } = app.topology;
  const { inspect, operate } = queue;

  const hide = (event: EventView): EventView => {
    const declared = events.get(event.type);
    return { ...event, data: declared === undefined ? redacted : redact(event.data, declared.pii) };
  };
  const hideLetter = (letter: DeadLetterView): DeadLetterView => ({ ...letter, event: hide(letter.event) });
  const hideNode = (node: TraceNode): TraceNode => ({
    event: hide(node.event),
    deliveries: node.deliveries.map((delivery) => ({ ...delivery, emitted: delivery.emitted.map(hideNode) })),
  });
  const findTable = (name: string): AnyTable => find(tables, name, "TABLE_UNKNOWN", "table");

  return {
    async publish({ event: name, data, dryRun, ...options }) {
      const event = find(events, name, "EVENT_UNKNOWN", "event");
      if (!dryRun) return queue.publish(event, data, options satisfies PublishOptions);
      const { id } = newEvent({ clock: machineClock, newId: () => "" }, event, data, { source: app.name, ...options }, undefined);
      return { id, duplicate: await isKnown(options, app.name) };
    },
    events: async (filter) => (await inspect.events(filter)).map(hide),
    deliveries: (filter) => inspect.deliveries(filter),
    deadLetters: async (filter) => (await inspect.deadLetters(filter)).map(hideLetter),
    trace: async ({ id, ...choice }) => (await inspect.trace(id, choice)).map(hideNode),
    handlers: () => inspect.handlers(),
    ledger: (filter) => queue.ledger.entries(filter),
    ledgerHead: () => queue.ledger.head(),
    ledgerVerify: ({ head }) => queue.ledger.verify(head),
    apiKeys: () => queue.keys.list(),
    createApiKey: ({ key, ...options }) => queue.keys.create(key, options),
    rotateApiKey: ({ id, ...options }) => queue.keys.rotate(id, options),
    revokeApiKey: ({ id, ...options }) => queue.keys.revoke(id, options),
    incident: (filter) => inspect.incident(filter),
    contain: ({ handlers, keys, ...options }) =>
      operate.contain({ ...(handlers === undefined ? {} : { handlers }), ...(keys === undefined ? {} : { keys }) }, options),
    tables: async () => [...tables.values()].map(({ name, keyFields, indexFields }) => ({ name, key: keyFields, indexes: Object.fromEntries(indexFields) })),
    async row({ table: name, keys }) {
      const table = findTable(name);
      for (const key of keys) {
        const row = await inspect.table(table).get(key as never);
        if (row !== undefined) return redact(row as Json, table.pii);
      }
      return null;
    },
    async rows({ table: name, ...options }) {
      const table = findTable(name);
      const { rows, next = null } = await inspect.table(table).rows(options);
      return { rows: rows.map((row) => redact(row as Json, table.pii)), next };
    },
    redrive: ({ filter, ...options }) => operate.redrive(filter, options),
    discard: ({ filter, ...options }) => operate.discard(filter, options),
    pause: ({ handler, ...options }) => operate.pause(handler, options),
    resume: ({ handler, ...options }) => operate.resume(handler, options),
    replay: (request) => operate.replay(request),
    revealEvent: ({ id, reason, by, ...choice }) => revealEvent(queue, id, choice, { reason, ...(by === undefined ? {} : { by }) }),
    revealRow: ({ table, keys, ...options }) => revealRow(queue, findTable(table), keys, options),
  };

  async function isKnown({ id, source }: Omit<PublishRequest, "event" | "data" | "dryRun">, ownSource: string): Promise<boolean> {
    if (id === undefined) return false;
    return (await inspect.events({ id, source: source ?? ownSource })).some((event) => event.tenant === undefined);
  }
}

function find<Item>(items: ReadonlyMap<string, Item>, name: string, code: ErrorCode, kind: string): Item {
  const item = items.get(name);
  if (item !== undefined) return item;
  const known = [...items.keys()].filter((key) => !key.startsWith("pulsequeue."));
  const list = known.length === 0 ? `it declares no ${kind}s` : `its ${kind}s are ${known.slice(0, 30).join(", ")}${known.length > 30 ? ", …" : ""}`;
  throw new PulseQueueError(code, `The app has no ${kind} ${JSON.stringify(name.slice(0, 128))}; ${list}`);
}
