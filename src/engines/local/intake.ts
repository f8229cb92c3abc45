/** What comes to a handler, and in which lane. */
import { toMessage } from "../../core/dispatch.ts";
import type { EventRecord } from "../../core/envelope.ts";
import type { HandlerDefinition } from "../../core/handler.ts";
import type { Vault } from "../../core/vault.ts";
import type { Journal } from "./journal.ts";
import type { DeliveryStatements } from "./statements/deliveries.ts";
import type { EventRow, JournalStatements } from "./statements/journal.ts";

/** A type of event that a handler takes, from the position after `since`. */
export type Subscription = readonly [type: number, since: number];

/** What a window draws from. */
export interface WindowOptions {
  readonly id: number;
  readonly handler: HandlerDefinition;
  readonly cursor: number;
  readonly subscriptions: readonly Subscription[];
  readonly journal: Journal;
  readonly events: JournalStatements;
  readonly deliveries: DeliveryStatements;
  readonly vault: Vault | undefined;
  readonly reorder: (<Item>(items: readonly Item[]) => readonly Item[]) | undefined;
}

/** The first events of the subscribed types after a position, in journal order. */
export function firstEvents(events: JournalStatements, subscriptions: readonly Subscription[], after: number, limit: number): readonly EventRow[] {
  const lists = subscriptions.map(([type, since]) => events.ofType(type, Math.max(after, since), limit));
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return only;
  return lists
    .flat()
    .sort((left, right) => left[0] - right[0])
    .slice(0, limit);
}

/** What must not run twice at once: the event's key in an ordered handler, else the key that `concurrency` names. */
export function laneOf(handler: HandlerDefinition, event: EventRecord, vault: Vault | undefined): string | undefined {
  if (handler.ordered) return event.key;
  const { key } = handler.concurrency;
  const definition = key === undefined ? undefined : handler.on.find((candidate) => candidate.name === event.type);
  if (key === undefined || definition === undefined) return undefined;
  try {
    return key(toMessage(event, definition, vault));
  } catch {
    return undefined; // data that does not parse is refused when it is delivered; it needs no lane for that
  }
}
