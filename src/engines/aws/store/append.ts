/**
 * Appends to the journal. What is asked for while a write is under way waits for it and shares the next one: so events are
 * stored in the order of the calls, and a hundred publishers cost one request. Events of one call that are more than a
 * transaction takes are stored by several, one after the other.
 */
import type { NewEvent } from "../../../core/envelope.ts";
import { PulseQueueError } from "../../../core/errors.ts";
import type { Receipt } from "../../../core/ports.ts";
import type { Item } from "../items/attributes.ts";
import { isSameEvent, readEvent } from "../items/journal.ts";
import { headActions, isOrdered, placed, putEvent, type PlacedEvent } from "./events.ts";
import { isTooLarge, putAlone, transact } from "./transaction.ts";
import type { StoreContext } from "./types.ts";

interface Waiting {
  readonly placed: PlacedEvent;
  readonly resolve: (result: Receipt | PulseQueueError) => void;
  readonly reject: (error: unknown) => void;
}

const what = "DynamoDB refused to store events";
/** What an event can add to the head of its key, at most. */
const headBytes = 4_096;

export function createAppender(context: StoreContext): (events: readonly NewEvent[]) => Promise<readonly (Receipt | PulseQueueError)[]> {
  let waiting: Waiting[] = [];
  let busy = false;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = takeGroup(context, waiting);
      waiting = waiting.slice(group.length);
      try {
        await store(context, group);
      } catch (thrown) {
        for (const { reject } of group) reject(thrown);
      }
    }
    busy = false;
  };

  return (events) =>
    Promise.all(
      events.map(
        (event) =>
          new Promise<Receipt | PulseQueueError>((resolve, reject) => {
            waiting.push({ placed: placed(context, event), resolve, reject });
            if (busy) return;
            busy = true;
            context.system.clock.soon(() => void flush());
          }),
      ),
    );
}

/** The first of those that wait: as many as one transaction takes, none twice. */
function takeGroup(context: StoreContext, waiting: readonly Waiting[]): readonly Waiting[] {
  const keys = new Set<string>();
  const heads = new Set<string>();
  let bytes = 0;
  for (const [index, { placed: one }] of waiting.entries()) {
    if (keys.has(one.key)) return waiting.slice(0, index);
    if (isOrdered(context, one.event) && one.event.key !== undefined) heads.add(one.event.key);
    bytes += putEvent(context, one).bytes + headBytes;
    if (index > 0 && isTooLarge(keys.size + 1 + heads.size, bytes)) return waiting.slice(0, index);
    keys.add(one.key);
  }
  return waiting;
}

/** Stores a group and tells everyone. Throws what the store throws; then nobody was told who is not told by then. */
async function store(context: StoreContext, group: readonly Waiting[]): Promise<void> {
  for (let left = group; left.length > 0;) {
    const events = left.map((entry) => entry.placed);
    const failed = await write(context, events);
    if (failed.size === 0) {
      for (const {
        placed: { event },
        resolve,
      } of left)
        resolve({ id: event.id, duplicate: false });
      return;
    }
    left = left.filter((entry, index) => {
      if (!failed.has(index)) return true;
      entry.resolve(taken(context, entry.placed, failed.get(index)));
      return false;
    });
  }
}

/** Writes all of `events`, or nothing: then answers the positions of those whose identity is taken, with what is there. */
async function write(context: StoreContext, events: readonly PlacedEvent[]): Promise<ReadonlyMap<number, Item | undefined>> {
  const actions = events.map((event) => putEvent(context, event));
  const heads = headActions(context, events);
  const [only] = actions;
  // Alone it needs no transaction, which costs twice.
  return actions.length === 1 && heads.length === 0 && only?.write.Put !== undefined
    ? putAlone(context, what, only.write.Put)
    : transact(context, what, [...actions, ...heads]);
}

/** What a publisher is told whose event's identity is taken by `there`. */
function taken({ system }: StoreContext, { event, sequence }: PlacedEvent, there: Item | undefined): Receipt | PulseQueueError {
  if (there === undefined) return new PulseQueueError("INTERNAL", "An event that is there already was not told");
  const stored = readEvent(system.hash, there);
  if (!isSameEvent(stored.event, event))
    return new PulseQueueError("IDENTITY_REUSED", `The id ${event.id} of source ${event.source} was published before with other data`);
  // It is this very one: its write was done, and only the answer was lost.
  return { id: event.id, duplicate: stored.sequence !== sequence };
}
