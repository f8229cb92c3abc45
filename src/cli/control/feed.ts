import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Observer } from "../../core/ports.ts";
import type { Control, Happening } from "./control.ts";

/** One reader's live stream. */
export interface Feed {
  readonly tell: Observer;
  end(): void;
}

/** Attempts kept for a slow reader; events need no such bound, since the journal keeps them. */
const mostWaiting = 1_000;
/** Events read from the journal at once. */
const page = 200;
/** How often the journal is looked at unasked, milliseconds: an endpoint's events make no fact before they are handled. */
const lookEvery = 1_000;

/**
 * Sends every event after journal position `after`, and how attempts end from now on, as JSON lines. A slow reader slows
 * only its own stream: no event is skipped; attempts beyond the newest thousand are.
 */
export function openFeed(response: ServerResponse, control: Control, after: number): Feed {
  const gone = new AbortController();
  let position = after;
  let waiting: Happening[] = [];
  let running = false;
  let again = false;

  const write = async (happening: Happening): Promise<void> => {
    gone.signal.throwIfAborted();
    if (!response.write(`${JSON.stringify(happening)}\n`)) await once(response, "drain", { signal: gone.signal });
  };
  const sendNew = async (): Promise<void> => {
    for (let isMore = true; isMore;) {
      const events = await control.events({ after: position, limit: page });
      for (const event of events) {
        await write({ type: "event", event });
        position = event.sequence;
      }
      isMore = events.length === page;
    }
    const settled = waiting;
    waiting = [];
    for (const happening of settled) await write(happening);
  };
  const run = async (): Promise<void> => {
    running = true;
    try {
      while (again) {
        again = false;
        await sendNew();
      }
    } catch {
      response.destroy(); // the reader went away, or the queue was closed: it asks again
    } finally {
      running = false;
    }
  };
  const wake = (): void => {
    again = true;
    if (!running) void run();
  };

  const looking = setInterval(() => {
    wake();
  }, lookEvery);
  response.on("close", () => {
    clearInterval(looking);
    gone.abort();
  });
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  wake();
  return {
    tell: (fact) => {
      if (fact.type === "settled") {
        const { failure, ...rest } = fact;
        waiting.push({ ...rest, failure: failure === undefined ? undefined : { code: failure.code, message: failure.message } });
        if (waiting.length > mostWaiting) waiting.shift();
      }
      if (fact.type === "settled" || fact.type === "published") wake();
    },
    end() {
      gone.abort();
      response.end();
    },
  };
}
