/** From items to what people see. */
import type { Vault } from "../../../core/vault.ts";
import { openJson } from "../../../core/vault.ts";
import type { DeadLetterView, DeliveryView, EventView } from "../../../core/queue.ts";
import { eventPlace } from "../../../core/sealed-store.ts";
import { displayKey } from "../../../core/table.ts";
import { iso, type DeliveryFacts } from "../../../core/views.ts";
import type { DeliveryRecord } from "../items/deliveries.ts";
import type { StoredEvent } from "../items/journal.ts";
import { timeOfSequence } from "../sequence.ts";

export function eventView({ event, sequence }: StoredEvent, vault: Vault | undefined): EventView {
  const { id, type, version, source, time, key, causationId, tenant } = event;
  const data = openJson(vault, event.data, eventPlace(type), "mark");
  return { id, type, version, source, sequence, time: iso(time), key, correlationId: event.correlationId ?? id, causationId, tenant, data };
}

/** What a record says. One whose time has come is ready, or runs already. */
export function recordFacts({ state, run, attempts, dueAt, failure, wrote, milliseconds, endedAt, redrives }: DeliveryRecord, now: number): DeliveryFacts {
  const waits = state === "retrying" || state === "scheduled";
  const isDue = waits && (dueAt ?? 0) <= now;
  return {
    state: isDue ? "ready" : state,
    run,
    attempts,
    dueAt: waits && !isDue ? dueAt : undefined,
    endedAt: endedAt ?? (state === "dead" ? failure?.at : undefined),
    milliseconds: state === "done" ? milliseconds : undefined,
    wrote: (wrote ?? []).map(displayKey),
    failure: state === "done" || state === "discarded" ? undefined : failure,
    redrives,
  };
}

/** A dead letter whose event is not one of ours: its bytes stand for the data. */
export function foreignLetter(view: DeliveryView, raw: string): DeadLetterView {
  const { eventId: id, sequence } = view;
  const event = { id, type: view.eventType, version: 0, source: "", sequence, time: iso(timeOfSequence(sequence)), key: undefined };
  return { ...view, event: { ...event, correlationId: id, causationId: undefined, tenant: undefined, data: raw } };
}
