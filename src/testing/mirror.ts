import type { App } from "../core/app.ts";
import { PulseQueueError } from "../core/errors.ts";
import type { AnyEvent } from "../core/event.ts";
import type { MessageOf } from "../core/handler.ts";
import type { DeadLetterView, EventView, Queue } from "../core/queue.ts";
import { parseWith } from "../core/schema.ts";
import { emitterSource } from "../core/scope.ts";
import { givenKey, rowKey, type AnyTable, type Row, type RowKey } from "../core/table.ts";

/** What tests look at without waiting: a copy of the engine's state, taken when it is refreshed. */
export interface Mirror {
  refresh(queue: Queue): Promise<void>;
  emitted<E extends AnyEvent>(event: E): readonly MessageOf<E>[];
  table<T extends AnyTable>(table: T): { get(key: RowKey<T>): Row<T> | undefined; all(): readonly Row<T>[] };
  deadLetters(): readonly DeadLetterView[];
}

const pageSize = 1_000;

export function openMirror({ topology }: App): Mirror {
  const emitters = new Set([...topology.handlers.keys(), ...topology.endpoints.keys()].map((owner) => emitterSource(topology.app, owner)));
  const events: EventView[] = [];
  const rows = new Map<string, ReadonlyMap<string, unknown>>();
  let letters: readonly DeadLetterView[] = [];
  let seen = 0;

  return {
    async refresh({ inspect }) {
      for (let page = await inspect.events({ after: seen, limit: pageSize }); page.length > 0; page = await inspect.events({ after: seen, limit: pageSize })) {
        events.push(...page.filter((event) => emitters.has(event.source)));
        seen = page.at(-1)?.sequence ?? seen;
      }
      for (const table of topology.tables.values()) {
        const all: readonly unknown[] = await inspect.table(table).all();
        rows.set(table.name, new Map(all.map((row) => [rowKey(table, row as Readonly<Record<string, unknown>>), row])));
      }
      letters = await inspect.deadLetters({ limit: pageSize });
    },
    emitted<E extends AnyEvent>(event: E) {
      if (topology.events.get(event.name) !== event) throw new PulseQueueError("EVENT_UNKNOWN", `App ${topology.app} does not know the event ${event.name}`);
      return events.filter((view) => view.type === event.name).map((view) => messageOf(event, view));
    },
    table<T extends AnyTable>(table: T) {
      if (topology.tables.get(table.name) !== table) throw new PulseQueueError("TABLE_UNKNOWN", `App ${topology.app} does not know the table ${table.name}`);
      return {
        get: (key: RowKey<T>) => rows.get(table.name)?.get(givenKey(table, key)),
        all: () => [...(rows.get(table.name)?.values() ?? [])] as Row<T>[],
      };
    },
    deadLetters: () => letters,
  };
}

function messageOf<E extends AnyEvent>(event: E, view: EventView): MessageOf<E> {
  const { id, type, version, source, time, key, correlationId, causationId } = view;
  const data = parseWith(event.schema, view.data, "PAYLOAD_INVALID", `Event ${type}`);
  return { id, type, version, source, time: Date.parse(time), key, data, correlationId, causationId } as MessageOf<E>;
}
