/**
 * Live streams: events as they are accepted, and how attempts end, as server-sent events. An event is never skipped, however
 * slow the reader is, since it is read from the journal by position, and a reader that comes back goes on where it was
 * (`Last-Event-ID`). Attempts are told as they happen, the newest thousand at most. The credential is asked again and again
 * while a stream is open, so that one which is revoked or expires ends it.
 */
import { PulseQueueError } from "../core/errors.ts";
import type { Clock, ObservedFact } from "../core/ports.ts";
import type { Principal } from "../core/principal.ts";
import type { Call } from "./call.ts";
import type { HttpAppOptions, HttpLimits } from "./options.ts";
import { countOf } from "./operations/act.ts";
import { createView, tenantOf, type View } from "./operations/view.ts";
import { baseHeaders } from "./respond.ts";

export interface Streams {
  open(call: Call): Promise<Response>;
  close(): void;
}

export interface StreamOptions extends Pick<HttpAppOptions, "app" | "queue" | "authenticator" | "live" | "listen"> {
  readonly clock: Clock;
  readonly limits: HttpLimits;
}

/** How often the credential is asked again, milliseconds: a revoked key is cut within a second. */
const checkEvery = 400;
/** How often the journal is looked at unasked, milliseconds. */
const lookEvery = 1_000;
/** Silence after which a comment is sent, milliseconds, so that nobody between takes the connection for dead. */
const beatEvery = 10_000;
const page = 200;
const mostWaiting = 1_000;

const headers = { ...baseHeaders, "content-type": "text/event-stream", "x-accel-buffering": "no" } as const;
const encoder = new TextEncoder();

export function createStreams(options: StreamOptions): Streams {
  const { queue, limits } = options;
  const view = createView(options.app);
  const open = new Set<() => void>();
  let isClosed = false;
  return {
    async open(call) {
      if (options.live === false)
        throw new PulseQueueError(
          "CAPABILITY_MISSING",
          "An answer has its end here, so nothing can be followed live: ask GET /v1/events?order=oldest&from=… from time to time, or run `pulsequeue tail --env …`",
        );
      if (isClosed) throw new PulseQueueError("QUEUE_CLOSED", "The server is closing");
      if (open.size >= limits.streams) throw new PulseQueueError("RATE_LIMITED", "Too many live streams are open", { retryAfter: 10_000 });
      const asked = call.request.headers.get("last-event-id") ?? call.query["after"];
      const after =
        asked === undefined ? ((await queue.inspect.events({ limit: 1 })).at(0)?.sequence ?? 0) : countOf("after", asked, 0, Number.MAX_SAFE_INTEGER);
      if (call.request.method === "HEAD") return new Response(null, { headers });
      const feed = openFeed(options, view, call.principal, after, () => open.delete(feed.end));
      open.add(feed.end);
      return new Response(feed.stream, { headers });
    },
    close() {
      isClosed = true;
      for (const end of [...open]) end();
    },
  };
}

interface Feed {
  readonly stream: ReadableStream<Uint8Array>;
  readonly end: () => void;
}

function openFeed(options: StreamOptions, view: View, principal: Principal, after: number, onEnd: () => void): Feed {
  const { queue, clock, authenticator } = options;
  let position = after;
  let waiting: string[] = [];
  let isOver = false;
  let isRunning = false;
  let isWanted = true;
  let spoken = clock.monotonic();
  const cancels = new Set<() => void>();
  let resume: (() => void) | undefined;
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  const every = (milliseconds: number, act: () => void): void => {
    const cancel = clock.timer(milliseconds, () => {
      cancels.delete(cancel);
      if (isOver) return;
      act();
      every(milliseconds, act);
    });
    cancels.add(cancel);
  };
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    for (const cancel of cancels) cancel();
    stopListening?.();
    resume?.();
    onEnd();
    try {
      stream?.close();
    } catch {
      // the reader has gone already
    }
  };
  /** Resolves once the reader takes more. */
  const write = async (text: string): Promise<void> => {
    if (isOver) return;
    stream?.enqueue(encoder.encode(text));
    spoken = clock.monotonic();
    if ((stream?.desiredSize ?? 0) > 0) return;
    await new Promise<void>((resolve) => {
      resume = resolve;
    });
  };
  const sendNew = async (): Promise<void> => {
    for (let isMore = true; isMore && !isOver;) {
      const events = await queue.inspect.events({ after: position, limit: page, ...tenantOf(principal) });
      for (const event of events) {
        if (view.sees(event, principal)) await write(message("event", view.event(event), event.sequence));
        position = event.sequence;
      }
      isMore = events.length === page;
    }
    const settled = waiting;
    waiting = [];
    for (const text of settled) await write(text);
    if (clock.monotonic() - spoken >= beatEvery) await write(": still here\n\n");
  };
  const run = async (): Promise<void> => {
    isRunning = true;
    try {
      while (isWanted && !isOver) {
        isWanted = false;
        await sendNew();
      }
    } catch {
      end(); // the queue was closed, or its store failed: the reader comes back
    }
    isRunning = false;
  };
  const wake = (): void => {
    isWanted = true;
    if (!isRunning && !isOver) void run();
  };
  const check = (): void => {
    authenticator.isCurrent(principal).then(
      (isCurrent) => {
        if (!isCurrent) end();
      },
      () => {
        end();
      },
    );
  };
  const stopListening = options.listen?.((fact) => {
    const text = settledMessage(fact, principal);
    if (text !== undefined) waiting.push(text);
    if (waiting.length > mostWaiting) waiting.shift();
    if (fact.type === "settled" || fact.type === "published") wake();
  });

  return {
    end,
    stream: new ReadableStream<Uint8Array>({
      start(controller) {
        stream = controller;
        controller.enqueue(encoder.encode("retry: 1000\n\n"));
        every(checkEvery, check);
        every(lookEvery, wake);
        wake();
      },
      pull() {
        resume?.();
        resume = undefined;
      },
      cancel() {
        end();
      },
    }),
  };
}

function message(name: string, data: unknown, id?: number): string {
  return `${id === undefined ? "" : `id: ${String(id)}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** How an attempt ended; of a failure its code alone, since its words may hold data. */
function settledMessage(fact: ObservedFact, { tenant }: Principal): string | undefined {
  if (fact.type !== "settled" || (tenant !== undefined && fact.tenant !== tenant)) return undefined;
  const { handler, event, eventId, correlationId, state, attempt, milliseconds, failure } = fact;
  return message("settled", { handler, event, eventId, correlationId, state, attempt, milliseconds, code: failure?.code });
}
