import type { HandlerDefinition } from "../../../core/handler.ts";
import type { DeadLetterFilter } from "../../../core/queue.ts";
import type { Topology } from "../../../core/topology.ts";
import { parseDeliveryId } from "../../../core/views.ts";
import { sourceOf } from "../items/journal.ts";
import type { DeliveryReader, FoundRecord } from "./delivery-reader.ts";
import { checkEventType, handlerNamed } from "./names.ts";

export interface DeadLetter {
  readonly handler: HandlerDefinition;
  readonly found: FoundRecord;
}

export interface DeadLetterOptions {
  readonly topology: Topology;
  readonly deliveries: DeliveryReader;
}

/** The dead letters that a filter names, the oldest first, at most `limit`. Throws `EVENT_UNKNOWN`, `HANDLER_UNKNOWN`. */
export async function deadLetters(
  { topology, deliveries }: DeadLetterOptions,
  filter: Partial<DeadLetterFilter>,
  limit: number,
): Promise<readonly DeadLetter[]> {
  const { id, handler, eventId, source, eventType, key, tenant, code } = filter;
  checkEventType(topology, eventType);
  const named = id === undefined ? undefined : parseDeliveryId(id);
  if (id !== undefined && named === undefined) return [];
  const names = [handler, named?.handler].filter((name) => name !== undefined).map((name) => handlerNamed(topology, name));
  const chosen = [...topology.handlers.values()].filter((candidate) => names.every((name) => name === candidate));
  const letters: DeadLetter[] = [];
  for (const one of chosen) {
    let count = 0;
    for await (const found of dead(deliveries, one.name, named)) {
      const { event, record } = found;
      const isWanted =
        (eventId ?? event.id) === event.id &&
        (source ?? sourceOf(record.event?.journalKey)) === sourceOf(record.event?.journalKey) &&
        (eventType ?? event.type) === event.type &&
        (key ?? event.key) === event.key &&
        (tenant ?? event.tenant) === event.tenant &&
        (code ?? record.failure?.code) === record.failure?.code;
      if (!isWanted) continue;
      letters.push({ handler: one, found });
      count += 1;
      if (count === limit) break;
    }
  }
  return letters.sort((left, right) => left.found.event.sequence - right.found.event.sequence).slice(0, limit);
}

async function* dead(
  deliveries: DeliveryReader,
  handler: string,
  named: { readonly sequence: number; readonly run: number } | undefined,
): AsyncGenerator<FoundRecord> {
  if (named === undefined) yield* deliveries.open(handler, ["dead"]);
  else {
    const found = await deliveries.openAt(handler, named.sequence, named.run);
    if (found?.record.state === "dead") yield found;
  }
}
