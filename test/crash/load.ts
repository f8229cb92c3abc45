/** Many clients at once, each with its own work, ids and keys. */
import { setTimeout } from "node:timers/promises";
import type { Json } from "pulsequeue";
import type { SeededRandom } from "../../src/testing/random.ts";
import type { Client } from "./client.ts";
import { codeOf, type EndpointName, type EventName } from "./protocol.ts";

export interface Load {
  /** Resolves once every client has brought what it was doing to an end; they wait then. */
  pause(): Promise<void>;
  resume(): void;
  /** Rejects when a client failed, which is a defect of the harness or the end of the run. */
  readonly failed: Promise<never>;
}

interface Worker {
  readonly name: string;
  readonly client: Client;
  readonly random: SeededRandom;
  made: number;
  steps: number;
  /** Poisoned events of its own that nobody has cured. */
  readonly poisoned: string[];
}

const buckets = 6;
const skus = 4;
const groups = 8;
/** Longest pause of a client between two things it does, milliseconds. */
const longestPause = 12;

export function startLoad(clients: number, client: Client, random: SeededRandom): Load {
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined); // whoever runs the cycles hears of it when it looks
  let open: (() => void) | undefined;
  let gate: Promise<void> = Promise.resolve();
  let busy = 0;
  let onQuiet: () => void = () => undefined;

  const close = (): void => {
    gate = new Promise((resolve) => {
      open = resolve;
    });
  };
  const work = async (worker: Worker): Promise<void> => {
    for (;;) {
      await gate;
      busy += 1;
      await act(worker);
      busy -= 1;
      if (busy === 0) onQuiet();
      await setTimeout(worker.random() * longestPause);
    }
  };
  close();
  for (let index = 0; index < clients; index += 1) {
    work({ name: `c${String(index)}`, client, random: random.fork(), made: 0, steps: 0, poisoned: [] }).catch(fail);
  }
  return {
    pause() {
      close();
      if (busy === 0) return Promise.resolve();
      return new Promise((resolve) => {
        onQuiet = resolve;
      });
    },
    resume() {
      onQuiet = () => undefined;
      open?.();
    },
    failed,
  };
}

type Action = (worker: Worker) => Promise<void>;

/** What a client does next, by weight. */
const actions: readonly (readonly [weight: number, action: Action])[] = [
  [26, addItem],
  [4, addMany],
  [20, takeStep],
  [13, giveTask],
  [9, demandPayment],
  [5, remindLater],
  [4, stockUp],
  [10, reserveSome],
  [7, bumpCounter],
  [4, rescue],
  [0.4, pauseAndResume],
];
const totalWeight = actions.reduce((sum, [weight]) => sum + weight, 0);

async function act(worker: Worker): Promise<void> {
  let draw = worker.random() * totalWeight;
  for (const [weight, action] of actions) {
    draw -= weight;
    if (draw < 0) return action(worker);
  }
}

function nextId(worker: Worker, kind: string): string {
  worker.made += 1;
  return `${worker.name}-${kind}-${String(worker.made)}`;
}

interface Publication {
  readonly event: EventName;
  readonly id: string;
  readonly data: Json;
  readonly delay?: number;
}

async function publish({ client }: Worker, { event, id, data, delay = 0 }: Publication): Promise<void> {
  await client.insist({ do: "publish", event, id, data, delay });
}

function itemData({ random }: Worker, token: string): { readonly token: string; readonly bucket: string; readonly amount: number; readonly slow: number } {
  return { token, bucket: `b${String(random.below(buckets))}`, amount: random.below(100), slow: random.chance(0.02) ? random.below(60) : 0 };
}

async function addItem(worker: Worker): Promise<void> {
  const { random, client } = worker;
  const id = nextId(worker, "item");
  const publication: Publication = { event: "item.added", id, data: itemData(worker, id) };
  if (random.chance(0.1)) await Promise.all([publish(worker, publication), publish(worker, publication)]);
  else await publish(worker, publication);
  if (random.chance(0.1)) await publish(worker, publication);
  if (random.chance(0.05)) await client.insist({ do: "publish", event: "item.added", id, data: { ...itemData(worker, `${id} again`), amount: -1 }, delay: 0 });
}

async function addMany(worker: Worker): Promise<void> {
  const batch = nextId(worker, "batch");
  const data = Array.from({ length: 2 + worker.random.below(7) }, (_, index) => itemData(worker, `${batch}/${String(index)}`));
  // Its ids are the engine's own, so it cannot be asked again.
  await worker.client.once({ do: "publish-many", data });
}

function trouble({ random }: Worker): { readonly failures: number; readonly poison: "no" | "always" | "final" } {
  if (random.chance(0.025)) return { failures: 0, poison: random.chance(0.5) ? "always" : "final" };
  return { failures: random.chance(0.2) ? 1 + random.below(3) : 0, poison: "no" };
}

async function takeStep(worker: Worker): Promise<void> {
  const id = nextId(worker, "step");
  const { failures, poison } = trouble(worker);
  const number = worker.steps + 1;
  worker.steps = number;
  await publish(worker, { event: "step.taken", id, data: { key: worker.name, number, failures, poison } });
  if (poison !== "no") worker.poisoned.push(id);
}

async function giveTask(worker: Worker): Promise<void> {
  const { random } = worker;
  const id = nextId(worker, "task");
  const { failures, poison } = trouble(worker);
  // Later attempts that take their time are those that a kill meets.
  const slow = random.chance(failures > 0 ? 0.25 : 0.02) ? random.below(120) : 0;
  await publish(worker, { event: "task.given", id, data: { group: `g${String(random.below(groups))}`, failures, poison, slow } });
  if (poison !== "no") worker.poisoned.push(id);
}

async function demandPayment(worker: Worker): Promise<void> {
  const { random } = worker;
  const data = { amount: random.below(1_000), failures: random.chance(0.3) ? 1 + random.below(2) : 0 };
  await publish(worker, { event: "payment.due", id: nextId(worker, "payment"), data });
}

async function remindLater(worker: Worker): Promise<void> {
  const delay = 1 + worker.random.below(300);
  await publish(worker, { event: "reminder.due", id: nextId(worker, "reminder"), data: { delay }, delay });
}

async function stockUp(worker: Worker): Promise<void> {
  const { random } = worker;
  await publish(worker, {
    event: "stock.arrived",
    id: nextId(worker, "arrival"),
    data: { sku: `sku-${String(random.below(skus))}`, quantity: 1 + random.below(12) },
  });
}

/** Sends a request with an idempotency key, now and then twice at once, again later, or again with another body. */
async function invoke({ client, random }: Worker, endpoint: EndpointName, key: string, body: Json, other: Json): Promise<void> {
  const request = { do: "invoke", endpoint, key, body } as const;
  const answers = await Promise.all(random.chance(0.1) ? [client.insist(request), client.insist(request)] : [client.insist(request)]);
  const refused = answers.some((outcome) => outcome.type === "fail" || codeOf(outcome.answer) !== undefined);
  if (refused) return;
  if (random.chance(0.2)) await client.insist(request);
  if (random.chance(0.05)) await client.insist({ ...request, body: other });
}

async function reserveSome(worker: Worker): Promise<void> {
  const { random } = worker;
  const orderId = nextId(worker, "order");
  const body = { orderId, sku: `sku-${String(random.below(skus))}`, quantity: 1 + random.below(4), sell: random.chance(0.5), hold: 1 + random.below(150) };
  await invoke(worker, "reserve", orderId, body, { ...body, quantity: body.quantity + 1 });
}

async function bumpCounter(worker: Worker): Promise<void> {
  const { random } = worker;
  const id = nextId(worker, "bump");
  const body = { id, bucket: `b${String(random.below(buckets))}`, amount: random.below(100) };
  await invoke(worker, "bump", id, body, { ...body, amount: -1 });
}

/** Sends a poisoned event again, with its cure or without. */
async function rescue(worker: Worker): Promise<void> {
  const { client, random, poisoned } = worker;
  const [eventId] = poisoned;
  if (eventId === undefined) return;
  const cured = random.chance(0.6);
  if (cured) {
    poisoned.shift();
    await client.insist({ do: "invoke", endpoint: "heal", key: `heal-${eventId}`, body: { id: eventId } });
  }
  await client.insist({ do: "redrive", eventId, reason: `${nextId(worker, "redrive")} of ${eventId}` });
}

async function pauseAndResume(worker: Worker): Promise<void> {
  const { client, random } = worker;
  await client.insist({ do: "pause", handler: "do-task", reason: nextId(worker, "pause") });
  await setTimeout(random.below(40));
  await client.insist({ do: "resume", handler: "do-task", reason: nextId(worker, "resume") });
}
