import { setTimeout as wait } from "node:timers/promises";
import type { EventView } from "../../core/queue.ts";
import { sequenceAt } from "../../engines/aws/sequence.ts";
import type { Control, Happening } from "../control/control.ts";

/** How often the journal is looked at, milliseconds: each look is a query for every part of the hour. */
const interval = 2_000;
/** Positions are made of the time of whoever publishes, and the index is a moment behind: an event may come to stand so far before one that was seen, milliseconds. */
const slack = 10_000;
/** Events read at once. */
const page = 200;

export interface FollowOptions {
  /** How many past events to begin with. */
  readonly last: number;
  readonly type?: string;
}

/** Events of a deployment as they are accepted, each once, until `signal` aborts. */
export async function* followJournal(control: Pick<Control, "events">, { last, type }: FollowOptions, signal: AbortSignal): AsyncGenerator<Happening> {
  const ofType = type === undefined ? {} : { type };
  const newest = await control.events({ limit: Math.max(1, last), ...ofType });
  const seen = new Map(newest.map((event) => [placeOf(event), event.sequence]));
  if (last > 0) for (const event of newest.toReversed()) yield { type: "event", event };
  let position = newest[0]?.sequence ?? 0;
  while (!signal.aborted) {
    const from = position - sequenceAt(slack);
    for (let after = from, isMore = true; isMore;) {
      const events = await control.events({ after: Math.max(0, after), limit: page, ...ofType });
      for (const event of events) {
        after = event.sequence;
        position = Math.max(position, after);
        if (seen.has(placeOf(event))) continue;
        seen.set(placeOf(event), after);
        yield { type: "event", event };
      }
      isMore = events.length === page;
    }
    for (const [place, sequence] of seen) if (sequence <= from) seen.delete(place);
    await wait(interval, undefined, { signal }).catch(() => undefined);
  }
}

/** Two events may have one position. */
function placeOf({ id, source, tenant }: EventView): string {
  return JSON.stringify([id, source, tenant]);
}
