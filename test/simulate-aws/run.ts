/**
 * One seed: the order pipeline on the real AWS engine, on a simulated AWS driven step by step by a seeded scheduler. First with faults;
 * then without, when everything must come to an end; then the judge.
 */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers";
import * as engine from "pulsequeue/aws";
import type { App, DeadLetterView, Queue } from "pulsequeue";
import { seededAwsFaults, seededRandom, virtualClock, type AwsFaultKind, type SeededAwsFaults, type SeededRandom, type SimulatedAws } from "pulsequeue/testing";
import { createOrdersApp } from "../../examples/order-pipeline/app.ts";
import { receiveStock } from "../../examples/order-pipeline/endpoints/receive-stock.ts";
import { setProduct } from "../../examples/order-pipeline/endpoints/set-product.ts";
import { simulatedProvider, type SimulatedProvider } from "../../examples/order-pipeline/providers/simulated.ts";
import { eventsAfter, takeSnapshot } from "../../examples/order-pipeline/snapshot.ts";
import { deploymentOf, type Deployment } from "../../src/core/deployment.ts";
import { fakeAws, type FakeAws } from "../../src/testing/aws/fake-aws.ts";
import { simulateOn } from "../../src/testing/aws/simulate-on.ts";
import { failures, written } from "./beneath.ts";
import { chronicle, chronicler, createBehaviour, identityOf, witness, witnessed, withChronicle, type Behaviour } from "./chronicle.ts";
import { openClients, skuOf, type Clients, type History } from "./clients.ts";
import { judge, type FinalState, type Violation } from "./judge.ts";
import { drawPlan, type Plan } from "./plan.ts";

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Of everything that was seen: two runs of one seed have the same. */
  readonly hash: string;
  readonly struck: ReadonlyMap<AwsFaultKind, number>;
  readonly steps: number;
  readonly events: number;
  /** Attempts of handlers that were settled. */
  readonly runs: number;
}

/** Virtual time in which everything must come to an end once the faults are over, milliseconds. */
const patience = 6 * 60 * 60_000;
/** More steps than any seed needs: it goes in a circle. */
const mostSteps = 3_000_000;
const reason = "the simulation wants it";

interface Simulation {
  readonly plan: Plan;
  readonly random: SeededRandom;
  readonly aws: SimulatedAws;
  readonly services: FakeAws;
  readonly faults: SeededAwsFaults;
  readonly queue: Queue;
  readonly provider: SimulatedProvider;
  readonly behaviour: Behaviour;
  readonly history: History;
  readonly names: Deployment;
  readonly trace: ReturnType<typeof createHash>;
  steps: number;
  runs: number;
}

export async function runSeed(seed: number): Promise<SeedResult> {
  const sim = await begin(seed);
  const clients = openClients({ ...sim, random: sim.random.fork() });
  const operator = operate(sim);
  sim.faults.on(true);
  const end = sim.aws.clock.monotonic() + sim.plan.trouble;
  await drive(sim, () => sim.aws.clock.monotonic() >= end);
  const state = await bringToRest(sim, clients, operator);
  return {
    seed,
    violations: judge(sim.plan, sim.history, state),
    hash: sim.trace.update(JSON.stringify([state, [...sim.history.published], [...sim.history.placed]], plain)).digest("hex"),
    struck: sim.faults.struck,
    steps: sim.steps,
    events: state.events.length,
    runs: sim.runs,
  };
}

async function begin(seed: number): Promise<Simulation> {
  const random = seededRandom(seed);
  const plan = drawPlan(random.fork());
  const clock = virtualClock({ automatic: false, random: random.fork() });
  const faults = seededAwsFaults(plan.faults, random.fork(), clock);
  faults.on(false);
  const behaviour = createBehaviour(seed, plan.poison);
  const { declines, timeouts, failures: failing } = plan;
  const provider = simulatedProvider({ seed, declines, timeouts, failures: failing, immediate: 0.2, duplicates: 0.2 });
  const app = withChronicle(createOrdersApp({ provider, policy: { lookupAfter: 100, tryAgainAfter: 100 } }), behaviour);
  const trace = createHash("sha256");
  const services = fakeAws({
    clock,
    shards: plan.shards,
    faults,
    record: ({ function: caller, operation, error }) => {
      trace.update(`${String(clock.monotonic())} ${caller} ${operation} ${error ?? ""}\n`);
    },
  });
  const aws = simulateOn(services, app, engine, {
    clock,
    random: random.fork(),
    secrets: { "payments-webhook": "whsec_test" },
    observe: ({ type }) => {
      if (type === "settled") sim.runs += 1;
    },
  });
  const names = deploymentOf(app.topology, "test");
  const history: History = { answers: new Map(), placed: new Set(), refused: [], published: new Map(), cancelled: 0 };
  const sim: Omit<Simulation, "queue"> = { plan, random, aws, services, faults, provider, behaviour, history, names, trace, steps: 0, runs: 0 };
  const { queue } = await ended(sim, aws.open());
  aws.start({ schedules: plan.schedules });
  for (let index = 0; index < plan.skus; index += 1) {
    const params = { sku: skuOf(index) };
    await ended(sim, aws.invoke(setProduct, { principal: "operator", params, body: { name: "Product", unitPrice: 1_250, currency: "EUR" } }));
    await ended(sim, aws.invoke(receiveStock, { principal: "operator", params, body: { receiptId: "delivery-1", quantity: plan.units } }));
  }
  return Object.assign(sim, { queue });
}

/** What an operator does while faults are on; what fails has not happened, or will show in the end. */
function operate({ plan, random, aws: { clock }, queue: { operate: act, inspect } }: Simulation): Promise<unknown> {
  const asked: Promise<unknown>[] = [];
  const handlers = [chronicler, witness, "keep-stock", "send-payment", "start-payment"];
  for (let count = 0; count < plan.operations; count += 1) {
    const handler = random.pick(handlers);
    const start = random.below(plan.trouble);
    const end = start + random.below(plan.trouble);
    const ask = (delay: number, run: () => Promise<unknown>): void => {
      const due = new Promise<void>((resolve) => void clock.timer(delay, resolve));
      asked.push(due.then(run).catch(() => undefined));
    };
    ask(start, () => act.pause(handler, { reason }));
    ask(end, () => act.resume(handler, { reason }));
    ask(random.below(plan.trouble), () => act.redrive({ all: true }, { reason }));
    ask(random.below(plan.trouble), () => inspect.handlers());
  }
  return Promise.all(asked);
}

/** Faults off: whoever waits is answered, what waits is done; then what could not succeed is mended and sent again. */
async function bringToRest(sim: Simulation, clients: Clients, operator: Promise<unknown>): Promise<FinalState> {
  const { aws, services, queue, faults, behaviour, names } = sim;
  faults.on(false);
  await ended(sim, operator);
  for (const { name } of await ended(sim, queue.inspect.handlers())) await ended(sim, queue.operate.resume(name, { reason }));
  await drive(sim, () => clients.waiting === 0);
  aws.start({ schedules: false });
  await rest(sim);
  const stuck = aws.left();
  let deadLetters: readonly DeadLetterView[] = [];
  const everDead = new Set<string>();
  behaviour.mend();
  for (let round = 0; round < 5; round += 1) {
    const letters = await ended(sim, queue.inspect.deadLetters({ limit: 1_000 }));
    if (round === 0) deadLetters = letters;
    for (const { handler, event } of letters) everDead.add(`${handler}/${identityOf(event)}`);
    const moved = aws.redriveQueues();
    if (letters.length + moved === 0) break;
    if (letters.length > 0) await ended(sim, queue.operate.redrive({ all: true }, { reason }));
    await rest(sim);
  }
  // An index shows an event a little after it is stored, as any of DynamoDB's does.
  await ended(sim, new Promise<void>((resolve) => void aws.clock.timer(sim.plan.faults.indexLag, resolve)));
  return {
    deadLetters,
    everDead,
    stuck: [...stuck, ...aws.left()],
    unanswered: clients.waiting,
    stillDead: await ended(sim, queue.inspect.deadLetters({ limit: 1_000 })),
    relayFailures: failures(services, names),
    events: await ended(sim, eventsAfter(queue.inspect, 0)),
    snapshot: await ended(sim, takeSnapshot(queue, sim.provider.book.charges)),
    misused: sim.provider.book.misused,
    witnessed: new Map((await ended(sim, queue.inspect.table(witnessed).all())).map(({ id, count }) => [id, count])),
    chronicle: new Map((await ended(sim, queue.inspect.table(chronicle).all())).map(({ key, ids }) => [key, ids])),
    written: written(services, names),
    subscribers: subscribersOf(aws.app),
  };
}

/** Handlers by the type of event that they take. */
function subscribersOf({ topology }: App): FinalState["subscribers"] {
  return new Map([...topology.subscribers].map(([type, handlers]) => [type, handlers.map(({ name }) => name)]));
}

/** Until nothing is left to do, or the end of patience. */
async function rest(sim: Simulation): Promise<void> {
  await drive(sim, () => sim.aws.clock.pending() === 0 && sim.aws.left().length === 0);
}

async function ended<Result>(sim: Omit<Simulation, "queue">, work: Promise<Result>): Promise<Result> {
  const state = { isOver: false };
  const over = (): void => void (state.isOver = true);
  work.then(over, over);
  await drive(sim, () => state.isOver);
  if (!state.isOver) throw new Error("What is waited for never ends");
  return work;
}

/** Runs what waits, and jumps from timer to timer, until `isOver`, or the end of patience. */
async function drive(sim: Omit<Simulation, "queue">, isOver: () => boolean): Promise<void> {
  const { clock } = sim.aws;
  const end = clock.monotonic() + patience;
  for (;;) {
    await turn();
    if (isOver()) return;
    sim.steps += 1;
    if (sim.steps > mostSteps) throw new Error("It goes in a circle");
    // What is due now does not wait for everything else to be done.
    const isDue = clock.untilNextTimer() === 0 && sim.random.chance(0.3);
    if (isDue) clock.advance(0);
    if (isDue || clock.step()) continue;
    const wait = clock.untilNextTimer();
    if (wait === undefined || clock.monotonic() + wait > end) return;
    clock.advance(wait);
  }
}

/** One turn of the event loop: all promises that can move have moved. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function plain(_key: string, value: unknown): unknown {
  return value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : value;
}
