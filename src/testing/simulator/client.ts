/** The clients of a simulated engine: they publish, ask and repeat, and write down what they were told. */
import { isPulseQueueError } from "../../core/errors.ts";
import type { InvokeResponse, Queue } from "../../core/queue.ts";
import type { Clock } from "../../core/ports.ts";
import type { SeededRandom } from "../random.ts";
import type { History, Outcome, Requested } from "./history.ts";
import type { Plan } from "./plan.ts";
import { pinged, place, stepped } from "./world.ts";

export interface Clients {
  /** Begins one call, drawn at random. */
  act(queue: Queue): void;
  /** The engine died: what was not answered is unknown. */
  die(): void;
  /** Begins again every call whose end is not known; answers how many. */
  repeatUnknown(queue: Queue): number;
  /** Calls that wait for an answer. */
  readonly waiting: number;
}

/** A call under way: how to write down that its answer never came. */
interface Call {
  readonly lost: () => void;
}

interface Remembered {
  readonly id: string;
  readonly send: (queue: Queue) => void;
}

export function createClients(random: SeededRandom, plan: Plan, clock: Pick<Clock, "monotonic">, history: History): Clients {
  const calls = new Set<Call>();
  const unknown = new Map<string, Remembered>();
  const sent: Remembered[] = [];
  let count = 0;

  /** Watches a call: exactly one of `told`, `refused` and `lost` happens. */
  const watch = <Answer>(promise: Promise<Answer>, told: (answer: Answer) => void, refused: (code: string) => void, lost: () => void): void => {
    const call: Call = { lost };
    calls.add(call);
    promise.then(
      (answer) => {
        if (calls.delete(call)) told(answer);
      },
      (thrown: unknown) => {
        if (!calls.delete(call)) return;
        const code = isPulseQueueError(thrown) ? thrown.code : String(thrown);
        if (code === "QUEUE_CLOSED") lost();
        else refused(code);
      },
    );
  };

  const publish = (queue: Queue, type: "stepped" | "pinged", data: { readonly key: string; readonly n: number }, id: string, delay: number): void => {
    const remembered: Remembered = {
      id,
      send: (again) => {
        publish(again, type, data, id, delay);
      },
    };
    const body = type === "stepped" ? { key: data.key, n: data.n } : { group: data.key, n: data.n, batch: "" };
    const sentAt = clock.monotonic();
    const note = (outcome: Outcome, code?: string): void => {
      history.published.push({ id, type, data: JSON.stringify(body), delay, sentAt, outcome, code });
      if (outcome === "unknown") unknown.set(id, remembered);
      else unknown.delete(id);
    };
    const options = { id, ...(delay === 0 ? {} : { delay }) };
    const answer =
      type === "stepped"
        ? queue.publish(stepped, { key: data.key, n: data.n }, options)
        : queue.publish(pinged, { group: data.key, n: data.n, batch: "" }, options);
    watch(
      answer,
      (receipt) => {
        note(receipt.duplicate ? "duplicate" : "new");
      },
      (code) => {
        note("refused", code);
      },
      () => {
        note("unknown");
      },
    );
    sent.push(remembered);
  };

  const publishBatch = (queue: Queue, name: string, size: number): void => {
    const rows = Array.from({ length: size }, (_, n) => ({ group: `k${String(random.below(plan.keys))}`, n, batch: name }));
    const note = (outcome: "new" | "unknown"): void => void history.batches.push({ name, size, outcome });
    watch(
      queue.publishMany(pinged, rows),
      () => {
        note("new");
      },
      () => {
        note("unknown");
      },
      () => {
        note("unknown");
      },
    );
  };

  const ask = (queue: Queue, order: string, item: string): void => {
    const key = `key-${order}`;
    const remembered: Remembered = {
      id: key,
      send: (again) => {
        ask(again, order, item);
      },
    };
    const note = (outcome: Requested["outcome"], answer?: InvokeResponse, code?: string): void => {
      history.requested.push({ key, outcome, answer: answer?.body === undefined ? undefined : JSON.stringify(answer.body), code });
      if (outcome === "unknown" || code === "REQUEST_IN_PROGRESS") unknown.set(key, remembered);
      else unknown.delete(key);
    };
    const told = (answer: InvokeResponse): void => {
      if (answer.status >= 400) note("refused", answer, refusalOf(answer));
      else note(answer.replayed ? "replayed" : "answered", answer);
    };
    const promise = queue.invoke(place, { body: { order, item }, idempotencyKey: key });
    watch(
      promise,
      told,
      (code) => {
        note("refused", undefined, code);
      },
      () => {
        note("unknown");
      },
    );
    sent.push(remembered);
  };

  return {
    act(queue) {
      count += 1;
      const id = `e${String(count)}`;
      const data = { key: `k${String(random.below(plan.keys))}`, n: count };
      const draw = random.below(100);
      if (draw < 35) publish(queue, "stepped", data, id, 0);
      else if (draw < 50) publish(queue, "pinged", data, id, random.chance(0.4) ? 1_000 * (1 + random.below(300)) : 0);
      else if (draw < 58) publishBatch(queue, `b${String(count)}`, 1 + random.below(8));
      else if (draw < 85) ask(queue, `o${String(count)}`, `i${String(random.below(plan.items))}`);
      else if (draw < 96 && sent.length > 0) random.pick(sent).send(queue);
      else if (sent.length > 0) reuse(queue);
    },
    die() {
      const lost = [...calls];
      calls.clear();
      for (const call of lost) call.lost();
    },
    repeatUnknown(queue) {
      const again = [...unknown.values()];
      for (const call of again) call.send(queue);
      return again.length;
    },
    get waiting() {
      return calls.size;
    },
  };

  /** Publishes other data under an id that was stored: it must be refused. */
  function reuse(queue: Queue): void {
    const stored = history.published.filter((entry) => entry.outcome === "new" || entry.outcome === "duplicate");
    if (stored.length === 0) return;
    const { id } = random.pick(stored);
    const note = (outcome: Outcome, code?: string): void =>
      void history.published.push({ id, type: "stepped", data: '{"key":"other","n":-1}', delay: 0, sentAt: clock.monotonic(), outcome, code });
    watch(
      queue.publish(stepped, { key: "other", n: -1 }, { id }),
      (receipt) => {
        note(receipt.duplicate ? "duplicate" : "new");
      },
      (code) => {
        note("refused", code);
      },
      () => undefined,
    );
  }
}

function refusalOf({ status, body }: InvokeResponse): string {
  const code: unknown = typeof body === "object" && body !== null && "code" in body ? body["code"] : undefined;
  return typeof code === "string" ? code : String(status);
}
