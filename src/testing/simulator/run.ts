/**
 * One seed: the real engine in memory, driven decision by decision by a seeded scheduler. First with faults, which kill the
 * engine at named points and at any other moment; then without, when everything must come to an end; then the judge.
 */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers";
import type { App } from "../../core/app.ts";
import { parseDuration } from "../../core/duration.ts";
import type { OperationResult } from "../../core/operation.ts";
import type { FaultPoint } from "../../engines/local/index.ts";
import { testEpoch, virtualClock, type VirtualClock } from "../clock.ts";
import { beginLife, SimulatedCrash, type Life } from "../local-life.ts";
import { seededRandom, type SeededRandom } from "../random.ts";
import { createBehaviours, type Behaviours } from "./behaviour.ts";
import { check, type Violation } from "./check.ts";
import { createClients, type Clients } from "./client.ts";
import { emptyHistory, type FinalState, type History, type Operated } from "./history.ts";
import { drawPlan, type Plan } from "./plan.ts";
import { createProvider, type Provider } from "./provider.ts";
import { allEvents, deliveriesOf, readState } from "./state.ts";
import { buildWorld } from "./world.ts";

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Of everything that was seen: two runs of one seed have the same. */
  readonly hash: string;
  /** Kills by the point at which they struck; `anywhere` for those between points. */
  readonly kills: ReadonlyMap<FaultPoint | "anywhere", number>;
  /** Decisions of the scheduler, calls and timers run. */
  readonly steps: number;
  readonly events: number;
  readonly runs: number;
}

/** Virtual time in which everything must come to an end once the faults are over. */
const patience = parseDuration("3d");

/**
 * How far the wall clock is set from the true time, milliseconds. Answers to requests are kept for a day: a client that asks
 * again within the simulation must still find its own.
 */
const farthestJump = parseDuration("8h");

interface Simulation {
  readonly random: SeededRandom;
  readonly plan: Plan;
  readonly clock: VirtualClock;
  readonly history: History;
  readonly behaviours: Behaviours;
  readonly clients: Clients;
  readonly provider: Provider;
  readonly app: App;
  readonly life: Life;
  readonly chainProblems: string[];
  /** What operators asked of this life. */
  readonly operations: Promise<unknown>[];
  readonly kills: Map<FaultPoint | "anywhere", number>;
  /** Whether faults are on. */
  faulty: boolean;
  /** The kill that comes next, and how often its point was passed in this life. */
  next: number;
  passings: number;
  steps: number;
}

export async function runSeed(seed: number): Promise<SeedResult> {
  const sim = await begin(seed);
  for (let step = 0; step < sim.plan.steps; step += 1) {
    if (sim.life.dead) await revive(sim);
    await decide(sim);
    await turn();
  }
  const state = await bringToRest(sim);
  return {
    seed,
    violations: check(sim.history, state),
    hash: hashOfAll(sim.history, state),
    kills: sim.kills,
    steps: sim.steps + sim.plan.steps,
    events: state.events.length,
    runs: sim.history.runs.length,
  };
}

async function begin(seed: number): Promise<Simulation> {
  const random = seededRandom(seed);
  const plan = drawPlan(random.fork());
  const history = emptyHistory();
  const clock = virtualClock({ automatic: false, random: random.fork() });
  const behaviours = createBehaviours(seed, plan, clock, history);
  const provider = createProvider(random.fork(), history);
  const app = buildWorld(plan, behaviours, provider, history);
  const order = random.fork();
  const holder: { sim?: Simulation } = {};
  const life = await beginLife(app, {
    clock,
    random: random.fork(),
    grace: "5s",
    duplicate: () => holder.sim?.faulty === true && order.chance(plan.duplicates),
    observe: (fact) => {
      if (fact.type === "settled") behaviours.settled(fact.handler, fact.eventId, fact.attempt, fact.state);
    },
    reorder: (items) => (plan.reorder ? shuffled(items, order) : items),
    at: (point) => {
      if (holder.sim !== undefined) strike(holder.sim, point);
    },
  });
  const clients = createClients(random.fork(), plan, clock, history);
  const kills = new Map<FaultPoint | "anywhere", number>();
  const sim: Simulation = {
    random,
    plan,
    clock,
    history,
    behaviours,
    clients,
    provider,
    app,
    life,
    chainProblems: [],
    operations: [],
    kills,
    faulty: true,
    next: 0,
    passings: 0,
    steps: 0,
  };
  holder.sim = sim;
  await life.queue.start();
  return sim;
}

/** Kills the engine if this is the passing that the plan names. */
function strike(sim: Simulation, point: FaultPoint): void {
  const planned = sim.plan.kills[sim.next];
  if (!sim.faulty || planned?.point !== point) return;
  sim.passings += 1;
  if (sim.passings < planned.passing) return;
  sim.next += 1;
  sim.kills.set(point, (sim.kills.get(point) ?? 0) + 1);
  throw new SimulatedCrash(point);
}

/** Opens the engine again, after a kill or a close. */
async function revive(sim: Simulation): Promise<void> {
  sim.behaviours.die();
  sim.clients.die();
  sim.passings = 0;
  sim.operations.length = 0;
  await sim.life.reopen(sim.app);
  await verify(sim);
  for (const letter of await sim.life.queue.inspect.deadLetters({ limit: 1_000 })) sim.history.everDead.add(`${letter.handler}/${letter.eventId}`);
  await sim.life.queue.start();
}

async function decide(sim: Simulation): Promise<void> {
  const { random, clock, life, clients, kills } = sim;
  const { chance } = sim.plan;
  if (random.chance(chance.kill)) {
    kills.set("anywhere", (kills.get("anywhere") ?? 0) + 1);
    await revive(sim);
  } else if (random.chance(chance.restart)) {
    const closed = watch(life.queue.close());
    await drive(sim, closed);
    await revive(sim);
  } else if (random.chance(chance.wallJump)) clock.jumpTo(testEpoch + clock.monotonic() + random.below(2 * farthestJump) - farthestJump);
  else if (random.chance(chance.operator)) await operate(sim);
  else if (random.chance(chance.client)) for (let call = random.below(3); call >= 0; call -= 1) clients.act(life.queue);
  else if (random.chance(chance.timer) || !clock.step()) clock.advance(random.chance(0.8) ? (clock.untilNextTimer() ?? 0) : random.below(5_000));
}

/** What an operator might do at any time. Its outcome is not waited for here. */
async function operate(sim: Simulation): Promise<void> {
  const { random, life, history, clock } = sim;
  const { operate: act, inspect } = life.queue;
  const handler = random.pick(["reserve", "pay", "follow", "group", "audit"]);
  const reason = "the simulation wants it";
  const draw = random.below(10);
  // An operation that a closing queue refuses is no fault; whether it happened shows in the end.
  const ask = (action: Operated["action"], operation: Promise<OperationResult>): void => {
    const told = ({ count }: OperationResult): void => void history.operated.push({ action, count });
    sim.operations.push(operation.then(told, () => undefined));
  };
  if (draw < 3) ask("pause", act.pause(handler, { reason }));
  else if (draw < 6) ask("resume", act.resume(handler, { reason }));
  else if (draw < 7) {
    history.replays += 1;
    ask("replay", act.replay({ handler: "audit", from: 0, to: clock.now() + 86_400_000, reason }));
  } else if (draw < 9) ask("redrive", act.redrive({ all: true }, { reason }));
  else {
    const [letter] = await inspect.deadLetters({ handler, limit: 1 });
    if (letter === undefined) return;
    history.maybeDiscarded.add(`${handler}/${letter.eventId}`);
    ask("discard", act.discard({ handler, eventId: letter.eventId }, { reason }));
  }
}

/** Faults off: what is unknown is asked again, what waits is done; then what was dead by plan is mended and redriven. */
async function bringToRest(sim: Simulation): Promise<FinalState> {
  const { life, clients, behaviours, history } = sim;
  sim.faulty = false;
  if (life.dead) await revive(sim);
  const { queue } = life;
  const reason = "the faults are over";
  await drive(sim, watch(Promise.allSettled(sim.operations)));
  for (const { name } of await queue.inspect.handlers()) await drive(sim, watch(queue.operate.resume(name, { reason })));
  for (let round = 0; round < 20; round += 1) {
    await drive(sim, () => clients.waiting === 0);
    if (clients.repeatUnknown(queue) === 0) break;
  }
  // Delayed events are at most five minutes away.
  const end = sim.clock.monotonic() + parseDuration("10m");
  await drive(sim, () => sim.clock.monotonic() >= end);
  await drive(sim, watch(queue.idle()));
  const deadLetters = await queue.inspect.deadLetters({ limit: 1_000 });
  const stuck = await openDeliveries(sim);
  for (const letter of deadLetters) history.everDead.add(`${letter.handler}/${letter.eventId}`);
  const doomed = deliveriesOf(sim.app, await allEvents(queue), (handler, eventId) => behaviours.isDoomed(handler, eventId));
  behaviours.mend();
  sim.provider.mend();
  await drive(sim, watch(queue.operate.redrive({ all: true }, { reason })));
  await drive(sim, watch(queue.idle()));
  await verify(sim);
  const state = await readState(sim.app, queue, {
    deadLetters,
    stuck,
    open: await openDeliveries(sim),
    chainProblems: sim.chainProblems,
    doomed,
  });
  await drive(sim, watch(queue.close()));
  return state;
}

/** Verifying lets the engine go on from page to page, so it needs the scheduler's turns. */
async function verify(sim: Simulation): Promise<void> {
  const report = sim.life.queue.verify();
  await drive(sim, watch(report));
  for (const problem of (await report).problems) sim.chainProblems.push(problem.message);
}

async function openDeliveries({ life }: Simulation): Promise<FinalState["open"]> {
  const deliveries = await life.queue.inspect.deliveries({ limit: 1_000 });
  return deliveries.filter(({ state }) => state !== "done" && state !== "dead" && state !== "discarded");
}

/** Runs what waits, and jumps from timer to timer, until `isOver`, the engine's death, or the end of patience. */
async function drive(sim: Simulation, isOver: () => boolean): Promise<void> {
  const { clock, life } = sim;
  const end = clock.monotonic() + patience;
  for (;;) {
    await turn();
    sim.steps += 1;
    if (isOver() || life.dead) return;
    if (clock.step()) continue;
    const wait = clock.untilNextTimer();
    if (wait === undefined || clock.monotonic() + wait > end) return;
    clock.advance(wait);
  }
}

/** One turn of the event loop: all promises that can move have moved. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function watch(promise: Promise<unknown>): () => boolean {
  let over = false;
  const end = (): void => {
    over = true;
  };
  promise.then(end, end);
  return () => over;
}

function shuffled<Item>(items: readonly Item[], random: SeededRandom): readonly Item[] {
  const left = [...items];
  const drawn: Item[] = [];
  while (left.length > 0) drawn.push(...left.splice(random.below(left.length), 1));
  return drawn;
}

function hashOfAll(history: History, state: FinalState): string {
  const plain = (_key: string, value: unknown): unknown => (value instanceof Map || value instanceof Set ? [...value] : value);
  return createHash("sha256")
    .update(JSON.stringify([history, state], plain))
    .digest("hex");
}
