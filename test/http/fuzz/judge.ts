/** What must hold for every input, whatever it is. */
import { cancelled, cloudEvent, placed, publish, type Door } from "../door.ts";

/** What the door may never say: stacks, SQL, paths of this machine. */
const inside = /\/work\/|node_modules|\bat [\w.<>]+ \(|SQLITE|\bSELECT\b|\.ts:\d/;

/** Watches one door; answers in words what did not hold. */
export interface Judge {
  /** After an answer: told well, and what is stored is what was accepted. `accepted`: `undefined` where that is not known. */
  answer(status: number, text: string, accepted: number | undefined): Promise<readonly string[]>;
  /** The next good request is answered. */
  good(): Promise<readonly string[]>;
}

export function createJudge(door: Door): Judge {
  let head = 0;
  let goods = 0;
  return {
    async answer(status, text, accepted) {
      const wrong: string[] = [];
      if (status >= 500) wrong.push(`the status is ${String(status)}`);
      if (inside.test(text)) wrong.push("the answer shows the inside");
      const events = await door.queue.inspect.events({ after: head, limit: 1_000 });
      head = events.at(-1)?.sequence ?? head;
      for (const { type, data } of events) {
        const schema = type === placed.name ? placed.schema : type === cancelled.name ? cancelled.schema : undefined;
        if (schema?.safeParse(data).success !== true) wrong.push(`an event of ${type} was stored that is not valid`);
      }
      if (accepted !== undefined && events.length !== accepted) wrong.push(`${String(accepted)} accepted, ${String(events.length)} stored`);
      return wrong;
    },
    async good() {
      goods += 1;
      const { status } = await publish(door, cloudEvent({ id: `good-${String(goods)}`, source: "https://good.example" }));
      head = (await door.queue.inspect.events({ limit: 1 })).at(0)?.sequence ?? head;
      return status === 202 ? [] : [`a good event was answered with ${String(status)}`];
    },
  };
}

/** How many events an answer of `POST /v1/events` and of the endpoint that emits says were stored. */
export function acceptedBy(status: number, text: string): number {
  if (status !== 202 && status !== 207) return 0;
  const body = JSON.parse(text) as { readonly results?: readonly Result[]; readonly duplicate?: boolean };
  if (body.results !== undefined) return body.results.filter((result) => result.status === 202 && result.duplicate === false).length;
  return body.duplicate === true ? 0 : 1;
}

interface Result {
  readonly status: number;
  readonly duplicate?: boolean;
}
