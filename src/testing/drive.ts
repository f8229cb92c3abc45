/** Drives an engine on a virtual clock: lets work happen, and time pass, until nothing is left. */
import { setImmediate, setTimeout } from "node:timers";
import { parseDuration, type Duration } from "../core/duration.ts";
import type { Queue } from "../core/queue.ts";
import type { VirtualClock } from "./clock.ts";

/** Turns of the event loop without any move after which all is quiet: promises and `setImmediate` of a handler need one or two each. */
const quietTurns = 6;
/** Turns of real time, about a millisecond each, that a running handler gets for a file or a socket before virtual time goes on. */
const patientTurns = 60;
/** More turns than any test needs: something asks for another turn for ever. */
const mostTurns = 1_000_000;
/** Timers that one `settle` may reach. */
const mostTimers = 100_000;

/** Runs what can run now, timers that are due included; time stands still. */
export async function drain(clock: VirtualClock): Promise<void> {
  let seen = clock.activity();
  let still = 0;
  for (let turn = 0; still < quietTurns; turn += 1) {
    if (turn > mostTurns) throw new Error("The engine never comes to rest although time stands still");
    if (clock.untilNextTimer() === 0) clock.advance(0);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    still = clock.pending() === 0 && clock.activity() === seen ? still + 1 : 0;
    seen = clock.activity();
  }
}

/** Lets `duration` pass timer by timer, and the work of each be done before the next: what an engine does that is never late. */
export async function pass(clock: VirtualClock, duration: Duration): Promise<void> {
  const end = clock.monotonic() + parseDuration(duration);
  await drain(clock);
  for (let wait = clock.untilNextTimer(); wait !== undefined && clock.monotonic() + wait <= end; wait = clock.untilNextTimer()) {
    clock.advance(wait);
    await drain(clock);
  }
  clock.advance(end - clock.monotonic());
  await drain(clock);
}

/** Until `ending` has ended; jumps from timer to timer where nothing else moves. Rejects as it does. */
export async function untilEnded<Result>(clock: VirtualClock, ending: Promise<Result>): Promise<Result> {
  const isOver = watch(ending);
  for (;;) {
    await drain(clock);
    if (isOver()) return ending;
    const wait = clock.untilNextTimer();
    if (wait === undefined) throw new Error("What is waited for never ends: nothing is left that could move it");
    clock.advance(wait);
  }
}

function watch(promise: Promise<unknown>): () => boolean {
  let over = false;
  const end = (): void => {
    over = true;
  };
  promise.then(end, end);
  return () => over;
}

export interface SettleOptions {
  /** Virtual time after which it gives up. @default "30d" */
  readonly limit?: Duration;
  /** Asked each time all is quiet: whether to stop before the queue is idle. @default never */
  readonly stop?: () => boolean;
}

/**
 * Until `queue.idle()`: runs what can run and jumps from timer to timer over the waits of retries.
 * Throws after `limit` of virtual time, and names what is not done.
 */
export async function settle(queue: Queue, clock: VirtualClock, { limit = "30d", stop = () => false }: SettleOptions = {}): Promise<void> {
  const end = clock.monotonic() + parseDuration(limit);
  const idle = queue.idle();
  const isOver = watch(idle);
  for (let jumps = 0; ; jumps += 1) {
    await drain(clock);
    while (!isOver() && !stop() && (await waitsForTheWorld(queue, clock))) await drain(clock);
    if (isOver()) return idle;
    if (stop()) return;
    const wait = clock.untilNextTimer();
    if (wait === undefined || clock.monotonic() + wait > end || jumps > mostTimers) {
      throw await unfinished(queue, wait === undefined ? "and nothing is left that could move it" : `after ${String(jumps)} timers`);
    }
    clock.advance(wait);
  }
}

/** Gives running handlers real time for files and sockets; whether something moved. */
async function waitsForTheWorld(queue: Queue, clock: VirtualClock): Promise<boolean> {
  const handlers = await queue.inspect.handlers();
  if (handlers.every((handler) => handler.counts.running === 0)) return false;
  const seen = clock.activity();
  for (let turn = 0; turn < patientTurns && clock.activity() === seen; turn += 1) await new Promise<void>((resolve) => void setTimeout(resolve, 1));
  return clock.activity() !== seen;
}

async function unfinished(queue: Queue, why: string): Promise<Error> {
  const open = (await queue.inspect.deliveries({ limit: 1_000 })).filter(
    (delivery) => delivery.state !== "done" && delivery.state !== "discarded" && delivery.state !== "dead",
  );
  const list = open.slice(0, 10).map((delivery) => `${delivery.handler} ${delivery.eventType} ${delivery.eventId}: ${delivery.state} (${delivery.reason})`);
  return new Error(`The queue does not come to rest, ${why}; not done: ${list.length === 0 ? "no delivery is open" : list.join("; ")}`);
}
