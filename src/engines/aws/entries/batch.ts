/** One batch of messages of one handler, from its start to what each message becomes. */
import { failureOf } from "../../../core/delivery.ts";
import { runBatch, type BatchReport } from "../../../core/dispatch.ts";
import { isPulseQueueError, PulseQueueError } from "../../../core/errors.ts";
import type { HandlerDefinition } from "../../../core/handler.ts";
import type { SettledStatus, Store } from "../../../core/ports.ts";
import type { Sqs } from "../clients.ts";
import { wholeSeconds } from "../store/commit.ts";
import { transactionItems } from "../store/transaction.ts";
import type { AwsDelivery } from "../store/types.ts";
import { admit, claim, returnClaim } from "./claim.ts";
import type { Runtime } from "./context.ts";
import { removed, returned, takeIn, type Fate, type Taken } from "./intake.ts";
import type { BatchResponse, LambdaContext, SqsRecord } from "./lambda.ts";
import { giveBack } from "./visibility.ts";

export interface BatchOptions {
  readonly runtime: Runtime;
  readonly handler: HandlerDefinition;
  readonly sqs: Sqs;
  readonly queueUrl: string;
  readonly context: LambdaContext;
}

/** What a function keeps of its time for the commit after a handler that took all of its own, milliseconds. */
const timeMargin = 5_000;
/** How long the others wait for a slow one before they may run in another function, milliseconds: starting one costs about as much. */
const patience = 100;
/** From so many receives on a message is not given back for being behind a slow one. */
const restless = 20;
/** Wait after a refusal that will not pass by itself, milliseconds. */
const refusedDelay = 30_000;

export class Batch {
  readonly #options: BatchOptions;
  readonly #fates = new Map<SqsRecord, Fate>();
  /** Groups whose next message must wait, since one before it is given back. */
  readonly #blocked = new Set<string>();
  /** Messages that are with their queue already. */
  readonly #gone = new Set<SqsRecord>();
  readonly #leaving: Promise<void>[] = [];

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  /** Rejects only where not even the messages could be read; then all of them come back. */
  async run(records: readonly SqsRecord[]): Promise<BatchResponse> {
    const { runtime, handler, sqs, queueUrl, context } = this.#options;
    const { taken, fates } = await takeIn(runtime, handler, records);
    for (const [record, fate] of fates) this.#fates.set(record, fate);
    runtime.next(Math.max(-1, ...taken.map(({ delivery }) => delivery.sequence))); // what they emit stands behind them in the journal
    let todo = await this.#admitted(taken);
    for (let isFirst = true; todo.length > 0; isFirst = false) {
      if (!isFirst && context.getRemainingTimeInMillis() < handler.timeout + timeMargin) break;
      const shared = todo[0]?.alone === true ? 1 : todo.findIndex(({ alone }) => alone);
      const batch = shared < 0 ? todo : todo.slice(0, shared);
      const behind = todo.slice(batch.length);
      const stop = this.#giveBackIfSlow(behind, new Set(batch.map(({ group }) => group)));
      const left = await this.#runShared(batch);
      stop();
      todo = this.#unblocked([...left, ...behind.filter(({ records }) => !records.every((record) => this.#gone.has(record)))]);
    }
    for (const one of todo) this.#end(one, returned(0));
    const back = records.map((record) => ({ record, fate: this.#fates.get(record) ?? returned(0) })).filter(({ fate }) => fate.end === "returned");
    const staying = back.filter(({ record }) => !this.#gone.has(record));
    await giveBack(
      sqs,
      runtime.system,
      queueUrl,
      staying.map(({ record, fate }) => ({ record, delay: fate.end === "returned" ? fate.delay : 0 })),
    );
    await Promise.all(this.#leaving);
    return { batchItemFailures: back.map(({ record }) => ({ itemIdentifier: record.messageId })) };
  }

  async #admitted(taken: readonly Taken[]): Promise<readonly Taken[]> {
    const { runtime, handler } = this.#options;
    const admitted: Taken[] = [];
    for (const one of taken) {
      try {
        const fate = this.#isBlocked(one) ? returned(0) : await admit(runtime, handler, one.delivery);
        if (fate === "run") admitted.push(one);
        else this.#end(one, fate);
      } catch (thrown) {
        this.#refused([one], thrown);
      }
    }
    return admitted;
  }

  #isBlocked({ group }: Taken): boolean {
    return group !== undefined && this.#blocked.has(group);
  }

  #unblocked(todo: readonly Taken[]): readonly Taken[] {
    return todo.filter((one) => {
      if (!this.#isBlocked(one)) return true;
      this.#end(one, returned(0));
      return false;
    });
  }

  #end({ records, group }: Taken, fate: Fate): void {
    for (const record of records) this.#fates.set(record, fate);
    if (fate.end === "returned" && group !== undefined) this.#blocked.add(group);
  }

  /** Runs `batch` as far as one commit goes. Answers what is left to run here. */
  async #runShared(batch: readonly Taken[]): Promise<readonly Taken[]> {
    const [first] = batch;
    if (first?.suspect !== true) return this.#dispatch(batch);
    const { runtime, context } = this.#options;
    try {
      const claimed = await claim(runtime, first.delivery, context.getRemainingTimeInMillis());
      if (claimed !== undefined) return await this.#dispatch([{ ...first, delivery: claimed }]);
      this.#end(first, returned(0));
    } catch (thrown) {
      this.#refused([first], thrown);
    }
    return [];
  }

  async #dispatch(batch: readonly Taken[]): Promise<readonly Taken[]> {
    const { runtime, handler } = this.#options;
    const { system, topology } = runtime;
    const deliveries = batch.map(({ delivery }) => delivery);
    const slow = this.#slowOnes(batch);
    try {
      const store = handler.ordered ? keepingOrder(runtime.store, batch) : runtime.store;
      const itemsPerCommit = Math.max(1, transactionItems - batch.length);
      const report = await runBatch({ system, app: topology.app, store, itemsPerCommit, onStart: () => undefined, onSlow: slow.note }, handler, deliveries);
      return this.#settle(batch, report, slow.kept());
    } catch (thrown) {
      slow.kept();
      return await this.#failed(batch, thrown);
    }
  }

  #settle(batch: readonly Taken[], { settled, unstarted }: BatchReport<AwsDelivery>, kept: ReadonlySet<AwsDelivery>): readonly Taken[] {
    const now = this.#options.runtime.system.clock.now();
    const statuses = new Map(settled.map(({ delivery, status }) => [delivery, status]));
    const left: Taken[] = [];
    for (const one of batch) {
      const status = statuses.get(one.delivery);
      if (status !== undefined) this.#end(one, fateOf(status, now));
      else if (kept.has(one.delivery) || unstarted.includes(one.delivery)) left.push(one);
      // Lost: somebody else has it, or had it. It is removed once its record says how it ended.
      else if (!one.records.every((record) => this.#gone.has(record))) this.#end(one, returned(0));
    }
    return left;
  }

  /** What the batch gives back while a slow one runs: it runs here after that one, or elsewhere once that takes too long. */
  #slowOnes(batch: readonly Taken[]): {
    readonly note: (kept: readonly AwsDelivery[], rest: readonly AwsDelivery[]) => void;
    readonly kept: () => ReadonlySet<AwsDelivery>;
  } {
    const waiting = new Set<AwsDelivery>();
    let stop: (() => void) | undefined;
    return {
      note: (running, rest) => {
        for (const delivery of rest) waiting.add(delivery);
        const busy = new Set(batch.filter(({ delivery }) => running.includes(delivery)).map(({ group }) => group));
        const behind = batch.filter(({ delivery }) => waiting.has(delivery));
        stop = this.#giveBackIfSlow(behind, busy, ({ delivery }) => void waiting.delete(delivery));
      },
      kept: () => {
        stop?.();
        return waiting;
      },
    };
  }

  /** Once what runs before them takes too long, these run elsewhere, unless they are of its groups. The answer ends the wait. */
  #giveBackIfSlow(behind: readonly Taken[], busy: ReadonlySet<string | undefined>, onReturn: (one: Taken) => void = () => undefined): () => void {
    if (behind.length === 0) return () => undefined;
    const { runtime, sqs, queueUrl } = this.#options;
    return runtime.system.clock.timer(patience, () => {
      const free = behind.filter(({ delivery, group }) => delivery.received < restless && (group === undefined || !busy.has(group)));
      for (const one of free) {
        onReturn(one);
        this.#end(one, returned(0));
        for (const record of one.records) this.#gone.add(record);
      }
      const records = free.flatMap((one) => one.records);
      this.#leaving.push(
        giveBack(
          sqs,
          runtime.system,
          queueUrl,
          records.map((record) => ({ record, delay: 0 })),
        ),
      );
    });
  }

  /** Nothing of the batch was committed. Answers what is tried again here. */
  async #failed(batch: readonly Taken[], thrown: unknown): Promise<readonly Taken[]> {
    const { runtime } = this.#options;
    const ours = batch.filter(({ records }) => !records.every((record) => this.#gone.has(record)));
    const [only] = ours;
    if (isPulseQueueError(thrown) && thrown.code === "COMMIT_TOO_LARGE" && only !== undefined) {
      if (ours.length > 1) return ours.map((one) => ({ ...one, alone: true }));
      const { failure } = failureOf(thrown, runtime.system.clock.now());
      const status: SettledStatus = { state: "dead", attempts: only.delivery.attempt, failure };
      const settled = [{ delivery: only.delivery, status, wrote: [], milliseconds: 0 }];
      try {
        const { outcome } = await runtime.store.commit({ settled, guards: [], writes: [], events: [], answer: undefined });
        this.#end(only, outcome === "committed" ? removed : returned(0));
      } catch (again) {
        this.#refused(ours, again);
      }
      return [];
    }
    this.#refused(ours, thrown);
    const claimed = ours.find(({ suspect }) => suspect)?.delivery;
    if (claimed !== undefined) await returnClaim(runtime, claimed).catch(() => undefined); // else it counts as a crash once its lease is over
    return [];
  }

  /** The store refused: whoever is in its way waits. */
  #refused(batch: readonly Taken[], thrown: unknown): void {
    const { runtime, handler } = this.#options;
    const error = isPulseQueueError(thrown) ? thrown : new PulseQueueError("INTERNAL", "A batch failed unexpectedly", { cause: thrown });
    const fields = { handler: handler.name, code: error.code, error: thrown };
    runtime.system.observe({ type: "log", level: "error", message: "a batch could not be committed", fields });
    for (const one of batch) this.#end(one, returned(error.retryAfter ?? refusedDelay));
  }
}

function fateOf(status: SettledStatus, now: number): Fate {
  return "dueAt" in status ? returned(wholeSeconds(status.failure.at, status.dueAt) - now) : removed;
}

/** A store that loses the later ones of a group with the first: where one was taken over, nobody knows here whether the next may go. */
function keepingOrder(store: Store<AwsDelivery>, batch: readonly Taken[]): Store<AwsDelivery> {
  return {
    ...store,
    async commit(commit) {
      const result = await store.commit(commit);
      if (result.outcome !== "lost") return result;
      const groups = new Set<string | undefined>();
      const deliveries = batch
        .filter(({ delivery, group }) => {
          if (result.deliveries.includes(delivery)) groups.add(group);
          return groups.has(group);
        })
        .map(({ delivery }) => delivery);
      return { outcome: "lost", deliveries };
    },
  };
}
