import type { App } from "../../core/app.ts";
import { PulseQueueError, type ErrorCode } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { newEvent } from "../../core/new-event.ts";
import type { DeadLetterView, EventView, PublishOptions, TraceNode } from "../../core/queue.ts";
import { revealEvent, revealRow } from "../../core/reveal.ts";
import type { AnyTable } from "../../core/table.ts";
import { masterKeyFromFile } from "../../engines/local/master-key.ts";
import type { LocalQueue } from "../../engines/local/index.ts";
import { machineClock } from "../../machine/clock.ts";
import { redact, redacted } from "../../core/personal-data.ts";
import type { Control, PublishRequest } from "./control.ts";

/** The commands' view of a queue that is open in this process. */
export function localControl(app: App, queue: LocalQueue, live: boolean): Control {
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
    trace: async ({ id }) => (await inspect.trace(id)).map(hideNode),
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
    async rows({ table: name, limit }) {
      const table = findTable(name);
      return (await inspect.table(table).all()).slice(0, limit).map((row) => redact(row as Json, table.pii));
    },
    redrive: ({ filter, ...options }) => operate.redrive(filter, options),
    discard: ({ filter, ...options }) => operate.discard(filter, options),
    pause: ({ handler, ...options }) => operate.pause(handler, options),
    resume: ({ handler, ...options }) => operate.resume(handler, options),
    replay: (request) => operate.replay(request),
    revealEvent: ({ id, ...options }) => revealEvent(queue, id, options),
    revealRow: ({ table, keys, ...options }) => revealRow(queue, findTable(table), keys, options),
    erase: ({ subject, ...options }) => queue.erase(subject, options),
    rotateKey: ({ keyFile, ...options }) => queue.rotateMasterKey(masterKeyFromFile(keyFile), options),
    backup: ({ target }, progress) => queue.backup(target, (done, total) => progress?.(`${String(Math.floor((100 * done) / Math.max(1, total)))} %`)),
    verify: (_request, progress) => queue.verify((count) => progress?.(`${count.toLocaleString("en")} events`)),
    facts: async () => ({ ...(await queue.facts()), app: app.name, pid: process.pid, live }),
  };

  async function isKnown({ id, source }: Omit<PublishRequest, "event" | "data" | "dryRun">, ownSource: string): Promise<boolean> {
    if (id === undefined) return false;
    return (await inspect.events({ id })).some((event) => event.source === (source ?? ownSource));
  }
}

function find<Item>(items: ReadonlyMap<string, Item>, name: string, code: ErrorCode, kind: string): Item {
  const item = items.get(name);
  if (item !== undefined) return item;
  const known = [...items.keys()].filter((key) => !key.startsWith("pulsequeue."));
  const list = known.length === 0 ? `it declares no ${kind}s` : `its ${kind}s are ${known.slice(0, 30).join(", ")}${known.length > 30 ? ", …" : ""}`;
  throw new PulseQueueError(code, `The app has no ${kind} ${JSON.stringify(name.slice(0, 128))}; ${list}`);
}
