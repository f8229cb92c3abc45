import type { App } from "../core/app.ts";
import type { Duration } from "../core/duration.ts";
import type { EndpointDefinition } from "../core/endpoint.ts";
import type { AnyEvent, EventInput } from "../core/event.ts";
import type { MessageOf } from "../core/handler.ts";
import { idMaker } from "../core/ids.ts";
import type { Receipt } from "../core/ports.ts";
import type { DeadLetterView, InvokeRequest, InvokeResponse, PublishOptions, Queue } from "../core/queue.ts";
import type { AnyTable, Row, RowKey } from "../core/table.ts";
import { virtualClock, type VirtualClock } from "./clock.ts";
import { pass, settle } from "./drive.ts";
import { beginLife, SimulatedCrash } from "./local-life.ts";
import { openMirror } from "./mirror.ts";
import { seededRandom } from "./random.ts";

/** What `testApp` takes. */
export interface TestAppOptions {
  /** Decides every id, jitter and order: the same seed gives the same run. @default 1 */
  readonly seed?: number;
  /** Where the clock starts. @default 2026-01-01T00:00:00Z */
  readonly now?: Date | number;
  /** Values of the declared secrets by name. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** The rows of one table as they were at the end of the last awaited call. */
export interface TestTable<T extends AnyTable> {
  get(key: RowKey<T>): Row<T> | undefined;
  /** Every row, ordered by key. */
  all(): readonly Row<T>[];
}

/** An application under test: the embedded engine in memory, on a clock that stands still until the test moves it. */
export interface TestApp {
  /** Moves only when told to: `clock.advance("15m")`, then `settle()`. */
  readonly clock: VirtualClock;
  /** Inspection and operations; another object after a simulated crash. */
  readonly queue: Queue;
  publish<E extends AnyEvent>(event: E, data: EventInput<E>, options?: PublishOptions): Promise<Receipt>;
  /** Calls an endpoint as an authenticated client would. */
  invoke(endpoint: EndpointDefinition, request?: InvokeRequest): Promise<InvokeResponse>;
  /** Runs everything that is due, and what follows from it, over the waits of retries. Throws, with what is not done, if it never comes to rest. */
  settle(): Promise<void>;
  /** Lets time pass timer by timer, the work of each done before the next: schedules tick as often as they should. */
  pass(duration: Duration): Promise<void>;
  /** The events of one kind that handlers, endpoints and schedules have emitted, in order. Those that the test published are not among them. */
  emitted<E extends AnyEvent>(event: E): readonly MessageOf<E>[];
  table<T extends AnyTable>(table: T): TestTable<T>;
  deadLetters(): readonly DeadLetterView[];
  /** From now on every delivery runs a second time after it is settled, as from a transport that delivers at least once. Its effects must not happen twice. */
  deliverTwice(): void;
  /** From now on deliveries that wait together run in a random order; an ordered handler keeps the order of each key. */
  reorder(): void;
  /** Kills the engine right after the next commit of a handler, before anybody hears of it, and opens it again over what is durable. */
  crashAfterCommit(): void;
  close(): Promise<void>;
}

/**
 * Opens `app` for a test, started. Works in every test runner, with no network, no file and no waiting.
 *
 * @example
 * const t = await testApp(app, { seed: 42 });
 * await t.publish(orderPlaced, { orderId: "o-1" });
 * await t.settle();
 * assert.equal(t.emitted(orderConfirmed).length, 1);
 * await t.close();
 *
 * Throws `SECRET_MISSING` for a declared secret that `options.secrets` does not hold.
 */
export async function testApp(app: App, options: TestAppOptions = {}): Promise<TestApp> {
  const random = seededRandom(options.seed ?? 1);
  const clock = virtualClock(options.now === undefined ? {} : { now: options.now });
  const order = random.fork();
  const nextId = idMaker(() => clock.now(), random.fork());
  const faults = { twice: false, shuffled: false, crash: false };
  const life = await beginLife(app, {
    clock,
    random: random.fork(),
    secrets: options.secrets,
    duplicate: () => faults.twice,
    reorder: (items) => (faults.shuffled ? shuffle(items, order) : items),
    at: (point) => {
      if (!faults.crash || point !== "settle.after-commit") return;
      faults.crash = false;
      throw new SimulatedCrash(point);
    },
  });
  await life.queue.start();
  const mirror = openMirror(app);

  const revive = async (): Promise<void> => {
    await life.reopen(app);
    await life.queue.start();
  };
  /** Runs `call`; once more on the next life if a simulated crash keeps its answer away. */
  const again = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    for (;;) {
      const answer = await Promise.race([call().then((result) => ({ result })), life.death]);
      if (answer !== undefined) return answer.result;
      await revive();
    }
  };
  const untilSettled = async (): Promise<void> => {
    for (;;) {
      await settle(life.queue, clock, { stop: () => life.dead });
      if (!life.dead) return mirror.refresh(life.queue);
      await revive();
    }
  };

  return {
    clock,
    get queue() {
      return life.queue;
    },
    async publish(event, data, given = {}) {
      // The id is chosen here so that a publish whose answer a crash took away can be repeated.
      const id = given.id ?? nextId();
      let tries = 0;
      const receipt = await again(() => {
        tries += 1;
        return life.queue.publish(event, data, { ...given, id });
      });
      return tries > 1 && given.id === undefined ? { ...receipt, duplicate: false } : receipt;
    },
    async invoke(endpoint, request = {}) {
      const idempotencyKey = request.idempotencyKey ?? nextId();
      const answer = await again(() => life.queue.invoke(endpoint, { ...request, idempotencyKey }));
      await mirror.refresh(life.queue);
      return request.idempotencyKey === undefined ? { ...answer, replayed: false } : answer;
    },
    settle: untilSettled,
    async pass(duration) {
      await pass(clock, duration);
      if (life.dead) await revive();
      await mirror.refresh(life.queue);
    },
    emitted: (event) => mirror.emitted(event),
    table: (table) => mirror.table(table),
    deadLetters: () => mirror.deadLetters(),
    deliverTwice() {
      faults.twice = true;
    },
    reorder() {
      faults.shuffled = true;
    },
    crashAfterCommit() {
      faults.crash = true;
    },
    close: () => life.close(),
  };
}

/** A random order of `items` (Fisher and Yates). */
function shuffle<Item>(items: readonly Item[], random: { below(bound: number): number }): readonly Item[] {
  const left = [...items];
  const drawn: Item[] = [];
  while (left.length > 0) drawn.push(...left.splice(random.below(left.length), 1));
  return drawn;
}
