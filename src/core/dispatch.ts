/**
 * Runs one batch of deliveries of one handler: validate, run, decide, commit.
 *
 * The deliveries run one after another over one unit of work, and commit together. One that fails is rolled back to its
 * savepoint and settled by the retry policy; the others go on. The batch is cut, and what was not started is given back,
 * once it has run for `batchMilliseconds` or grows towards what one commit takes: so fast handlers share a commit, and slow
 * ones do not wait for each other, nor anything for one that hangs. A conflict runs the same deliveries again on fresh rows,
 * fewer at a time, and uses up no attempt: with every conflict somebody else has committed, so the whole always moves on.
 */
import { failureOf, scrubFailure, transition, type DeliveryFact, type DeliveryStatus, type Failure } from "./delivery.ts";
import type { EventRecord, NewEvent } from "./envelope.ts";
import { isPulseQueueError, PulseQueueError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import type { EventMessage, HandlerDefinition } from "./handler.ts";
import { personalValues } from "./personal-data.ts";
import type { AttemptTrace, Delivery, SettledStatus, Settlement, Store, System, Tracer } from "./ports.ts";
import { parseWith } from "./schema.ts";
import { eventPlace } from "./sealed-store.ts";
import { Scope, type ScopeShared } from "./scope.ts";
import type { StepMemory } from "./steps.ts";
import { openUnitOfWork, type UnitOfWork } from "./unit-of-work.ts";
import { openJson, type Vault } from "./vault.ts";
import { watchTime, type Watch } from "./watch.ts";

/** How long a batch takes on more deliveries before it commits. Long enough to share a sync, short enough not to delay anyone. */
export const batchMilliseconds = 10;
/** Wait before a delivery whose event has a newer version than this app knows is looked at again. */
const unknownVersionDelay = 30_000;

export interface DispatchOptions<D extends Delivery> {
  readonly system: System;
  readonly app: string;
  readonly store: Store<D>;
  /** Rows and events that one commit takes. */
  readonly itemsPerCommit: number;
  /** Told how to stop waiting for the handler that runs, for an engine that closes: what it did not finish is not settled. */
  readonly onStart: (abandon: (reason: PulseQueueError) => void) => void;
  /** Told of what the batch gives back while its handler still runs: it can run elsewhere, except what shares a key with `kept` and must wait. */
  readonly onSlow: (kept: readonly D[], rest: readonly D[]) => void;
}

export interface BatchReport<D extends Delivery> {
  readonly settled: readonly Settlement<D>[];
  /** Not started, and not given back before: the caller hands them in again. */
  readonly unstarted: readonly D[];
}

/** Runs `deliveries` in their order. Rejects only with `STORE_…` errors; then nothing of the batch was committed. */
export async function runBatch<D extends Delivery>(options: DispatchOptions<D>, handler: HandlerDefinition, deliveries: readonly D[]): Promise<BatchReport<D>> {
  const { store, system } = options;
  const forced = new Map<D, unknown>();
  let todo = [...deliveries];
  for (let conflicts = 0; ;) {
    const work = openUnitOfWork(store);
    const emitters: D[] = [];
    const settled = await runUntilFull(options, handler, todo, work, { forced, conflicts, emitters });
    if (settled.length === 0) return { settled, unstarted: todo };
    const result = await store.commit({ settled, guards: work.guards, writes: work.writes, events: work.events, answer: undefined });
    switch (result.outcome) {
      case "committed":
        for (const event of work.events) event.sent?.();
        report(system, handler, settled);
        return { settled, unstarted: withoutSettled(todo, settled) };
      case "conflict":
        conflicts += 1;
        system.observe({ type: "conflict", handler: handler.name });
        if (conflicts > 2) await pause(system, Math.min(100, 2 ** (conflicts - 2)) * system.random());
        break;
      case "lost":
        todo = todo.filter((delivery) => !result.deliveries.includes(delivery));
        if (todo.length === 0) return { settled: [], unstarted: [] };
        break;
      case "identity-reused": {
        const [owner, event] = [emitters[result.index], work.events[result.index]];
        if (owner === undefined || event === undefined) throw new PulseQueueError("INTERNAL", "An emitted event belongs to no delivery of its batch");
        forced.set(owner, reusedIdentity(event));
        break;
      }
    }
  }
}

/** What became of the batch before, and what is found out about it now. */
interface Rounds<D> {
  /** Deliveries that fail without being run again. */
  readonly forced: ReadonlyMap<D, unknown>;
  readonly conflicts: number;
  /** Filled: which delivery emitted each of the unit of work's events, since ids of several sources may be equal. */
  readonly emitters: D[];
}

/** An event was emitted under the id of another one. */
export function reusedIdentity({ type, id }: NewEvent): PulseQueueError {
  return new PulseQueueError("IDENTITY_REUSED", `Event ${type} with the id ${id} exists with other data`);
}

function withoutSettled<D extends Delivery>(deliveries: readonly D[], settled: readonly Settlement<D>[]): readonly D[] {
  if (deliveries.length === settled.length) return [];
  const ended = new Set(settled.map((settlement) => settlement.delivery));
  return deliveries.filter((delivery) => !ended.has(delivery));
}

async function runUntilFull<D extends Delivery>(
  options: DispatchOptions<D>,
  handler: HandlerDefinition,
  deliveries: D[],
  work: UnitOfWork,
  { forced, conflicts, emitters }: Rounds<D>,
): Promise<readonly Settlement<D>[]> {
  const { clock, trace: tracer } = options.system;
  const settled: Settlement<D>[] = [];
  const started = clock.monotonic();
  let before = started;
  let largest = 0;
  /** Keys whose next event must wait, in an ordered handler. */
  const held = new Set<string>();
  let running: D | undefined;
  const onSlow = (): void => {
    const rest = deliveries.splice(running === undefined ? deliveries.length : deliveries.indexOf(running) + 1);
    if (rest.length > 0) options.onSlow(deliveries, rest);
  };
  const watch = watchTime(clock, handler, { onStart: options.onStart, slowAfter: batchMilliseconds, onSlow });
  const shared: ScopeShared = { system: options.system, app: options.app, owner: handler.name, grants: handler.grants, work };
  try {
    for (const delivery of deliveries) {
      const sizeBefore = work.size;
      const full = sizeBefore + largest >= options.itemsPerCommit || before - started >= batchMilliseconds || conflicts > 1;
      if (settled.length > 0 && full) break;
      const { key } = delivery.event;
      if (key !== undefined && held.has(key)) continue;
      running = delivery;
      const begun = before;
      const run = (trace: AttemptTrace | undefined): Promise<DeliveryFact> => attempt(options, handler, delivery, shared, watch, begun, trace);
      const fact = forced.has(delivery)
        ? failureOf(forced.get(delivery), clock.now())
        : await (tracer === undefined ? run(undefined) : traced(tracer, handler, delivery, run));
      const milliseconds = clock.monotonic() - before;
      before += milliseconds;
      if (fact.type === "succeeded") {
        settled.push({ delivery, status: done, wrote: work.keep(), milliseconds });
        while (emitters.length < work.events.length) emitters.push(delivery);
      } else {
        work.rollback();
        if (fact.type === "returned") break;
        const status = settle(options.system, handler, delivery, fact);
        settled.push({ delivery, status, wrote: [], milliseconds });
        if (handler.ordered && key !== undefined && status.state !== "dead") held.add(key);
      }
      largest = Math.max(largest, work.size - sizeBefore);
    }
  } finally {
    watch.stop();
  }
  return settled;
}

const done: SettledStatus = { state: "done" };
const succeeded: DeliveryFact = { type: "succeeded" };

/** An attempt inside its span. */
async function traced(
  tracer: Tracer,
  handler: HandlerDefinition,
  delivery: Delivery,
  run: (trace: AttemptTrace) => Promise<DeliveryFact>,
): Promise<DeliveryFact> {
  const trace = tracer.process(handler.name, delivery);
  let failure: string | undefined = "INTERNAL";
  try {
    const fact = await run(trace);
    failure = "failure" in fact ? fact.failure.code : fact.type === "returned" ? "QUEUE_CLOSED" : undefined;
    return fact;
  } finally {
    trace.end(failure);
  }
}

/** Runs one attempt and says what came of it. Throws `STORE_…` errors only. */
async function attempt<D extends Delivery>(
  options: DispatchOptions<D>,
  handler: HandlerDefinition,
  delivery: D,
  shared: ScopeShared,
  watch: Watch,
  started: number,
  trace: AttemptTrace | undefined,
): Promise<DeliveryFact> {
  const { system, store } = options;
  const { event } = delivery;
  let scope: Scope | undefined;
  try {
    const definition = handler.on.find((candidate) => candidate.name === event.type);
    if (definition === undefined) throw new PulseQueueError("EVENT_UNKNOWN", `${handler.name} does not handle ${event.type}`);
    if (event.version > definition.version) return unknownVersion(event, definition, system.clock.now());
    if (handler.maxHops !== undefined && event.hops > handler.maxHops) {
      throw new PulseQueueError("HOPS_EXCEEDED", `The event passed ${String(event.hops)} handlers; ${handler.name} takes ${String(handler.maxHops)} at most`);
    }
    const message = toMessage(event, definition, system.vault);
    const steps: StepMemory = { load: () => store.steps(delivery), save: (name, result) => store.saveStep(delivery, name, result) };
    const origin = trace === undefined ? {} : { origin: { traceparent: trace.context } };
    scope = new Scope(shared, { attempt: delivery.attempt, event, identity: event.id, steps, ...origin });
    if (definition.pii.length > 0) scope.hide(() => personalValues(openJson(system.vault, event.data, eventPlace(event.type), "mark"), definition.pii));
    const context = scope;
    const running: unknown = trace === undefined ? handler.handle(message, context) : trace.run(() => handler.handle(message, context));
    // Whatever it is: another library's promise must be waited for as well.
    if (running !== undefined) await watch.race(Promise.resolve(running), scope, started);
    scope.checkInvariants();
    return succeeded;
  } catch (thrown) {
    if (isPulseQueueError(thrown) && thrown.code === "QUEUE_CLOSED") return { type: "returned" };
    if (isPulseQueueError(thrown) && thrown.code.startsWith("STORE_")) throw thrown;
    const fact = failureOf(thrown, system.clock.now());
    return scope === undefined ? fact : { ...fact, failure: scrubFailure(fact.failure, scope.hidden) };
  } finally {
    scope?.close();
  }
}

/** The event as its handler sees it: opened, upcast and validated. Throws `UPCAST_FAILED`, `PAYLOAD_INVALID`, `DATA_ERASED`, `KEY_MISSING`. */
export function toMessage(event: EventRecord, definition: AnyEvent, vault: Vault | undefined): EventMessage {
  const stored = openJson(vault, event.data, eventPlace(event.type), "refuse");
  const data = parseWith(
    definition.schema,
    event.version < definition.version ? upcast(stored, event, definition) : stored,
    "PAYLOAD_INVALID",
    `Event ${event.type}`,
    definition.pii,
  );
  return {
    id: event.id,
    type: event.type,
    version: event.version,
    source: event.source,
    time: event.time,
    key: event.key,
    data,
    correlationId: event.correlationId ?? event.id,
    causationId: event.causationId,
  };
}

function upcast(stored: unknown, event: EventRecord, definition: AnyEvent): unknown {
  try {
    return definition.upcast?.(stored, event.version);
  } catch (cause) {
    throw new PulseQueueError("UPCAST_FAILED", `Event ${event.type}: upcast from version ${String(event.version)} to ${String(definition.version)} failed`, {
      cause,
    });
  }
}

function unknownVersion(event: EventRecord, definition: AnyEvent, now: number): DeliveryFact {
  const message = `Event ${event.type} has version ${String(event.version)}; this app knows versions up to ${String(definition.version)}`;
  return { type: "postponed", failure: { code: "VERSION_UNKNOWN", message, at: now }, delay: unknownVersionDelay };
}

function settle(system: System, handler: HandlerDefinition, delivery: Delivery, fact: DeliveryFact): SettledStatus {
  const running: DeliveryStatus = { state: "running", attempts: delivery.attempt, dueAt: undefined, failure: undefined };
  const { status } = transition(running, fact, handler.retry, system.clock.now(), system.random);
  const failure = status.failure ?? missing("a failed delivery without a failure");
  if (status.state === "dead") return { state: "dead", attempts: status.attempts, failure };
  return {
    state: status.state === "scheduled" ? "scheduled" : "retrying",
    attempts: status.attempts,
    dueAt: status.dueAt ?? missing("a retry without a time"),
    failure,
  };
}

function missing(what: string): never {
  throw new PulseQueueError("INTERNAL", `The state machine answered ${what}`);
}

function pause(system: System, milliseconds: number): Promise<void> {
  return new Promise((resolve) => system.clock.timer(milliseconds, resolve));
}

function report<D extends Delivery>(system: System, handler: HandlerDefinition, settled: readonly Settlement<D>[]): void {
  const now = system.clock.now();
  for (const { delivery, status, milliseconds } of settled) {
    const failure: Failure | undefined = status.state === "done" ? undefined : status.failure;
    const { event } = delivery;
    system.observe({
      type: "settled",
      handler: handler.name,
      event: event.type,
      eventId: event.id,
      correlationId: event.correlationId ?? event.id,
      tenant: event.tenant,
      age: Math.max(0, now - event.time),
      state: status.state,
      attempt: delivery.attempt,
      milliseconds,
      failure,
    });
  }
}
