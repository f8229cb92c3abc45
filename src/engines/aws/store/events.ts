/** Events on their way into the journal, as actions of a transaction. */
import type { NewEvent } from "../../../core/envelope.ts";
import { encodeHead, eventItem, headKey, headSort, journalKey, type HeadEntry } from "../items/journal.ts";
import { put, type Action } from "./transaction.ts";
import type { StoreContext } from "./types.ts";

/** An event with its place in the journal. */
export interface PlacedEvent {
  readonly event: NewEvent;
  readonly key: string;
  readonly sequence: number;
}

/** `after`: the position of what caused the event. */
export function placed({ system, next }: StoreContext, event: NewEvent, after?: number): PlacedEvent {
  return { event, key: journalKey(system.hash, event), sequence: next(after) };
}

/** Puts the event unless its identity is taken; then the cancellation tells by what. */
export function putEvent({ deployment, system }: StoreContext, { event, sequence }: PlacedEvent): Action {
  return put(deployment.journal, eventItem(system.hash, event, sequence), {
    ConditionExpression: "attribute_not_exists(p)",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
}

/** Whether the event's key needs its head: somebody wants it in order, now. One that is due later takes its place when it is due. */
export function isOrdered({ topology }: StoreContext, { type, key, dueAt }: NewEvent): boolean {
  return key !== undefined && dueAt === undefined && (topology.subscribers.get(type) ?? []).some((handler) => handler.ordered);
}

/** One change of the head of each key that `events` are to be delivered in order for. */
export function headActions(context: StoreContext, events: readonly PlacedEvent[]): readonly Action[] {
  const entries = new Map<string, HeadEntry[]>();
  for (const { event, key } of events) {
    if (event.key === undefined || !isOrdered(context, event)) continue;
    const list = entries.get(event.key) ?? [];
    entries.set(event.key, list);
    list.push({ key, type: event.type });
  }
  return [...entries].map(([key, list]) => headAction(context, key, list));
}

function headAction({ deployment }: StoreContext, key: string, entries: readonly HeadEntry[]): Action {
  const text = encodeHead(entries);
  const write = {
    Update: {
      TableName: deployment.journal,
      Key: { p: { S: headKey(key) }, s: { S: headSort } },
      UpdateExpression: "SET n = if_not_exists(n, :none) + :count, a = :entries",
      ExpressionAttributeValues: { ":none": { N: "0" }, ":count": { N: String(entries.length) }, ":entries": { S: text } },
    },
  };
  return { write, bytes: text.length + key.length + 32 };
}
