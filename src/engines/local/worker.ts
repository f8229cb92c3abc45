/**
 * Runs one handler: claims deliveries, runs them in batches, settles them. At most `concurrency` batches run at once. A
 * further batch starts only while every running one waits for its handler (for the outside world): a handler that does not
 * wait gets its deliveries in one batch after the other, without conflicts between batches and with one sync for many. A
 * batch is as large as the handler is fast, so that one that waits has as many deliveries under way as it may.
 */
import { batchMilliseconds, runBatch, type BatchReport } from "../../core/dispatch.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Store, System } from "../../core/ports.ts";
import type { Committer } from "./committer.ts";
import { isFatal, storeError } from "./failure.ts";
import { claimDurably, park, release, returnClaims } from "./lanes.ts";
import type { Statements } from "./statements/index.ts";
import type { LocalDelivery, Window } from "./window.ts";

export interface WorkerOptions {
  readonly app: string;
  readonly system: System;
  readonly store: Store<LocalDelivery>;
  readonly statements: Statements;
  readonly committer: Committer;
  readonly window: Window;
  readonly paused: boolean;
  /**
   * How many deliveries to claim durably, one at a time, before each runs. After a crash this finds the delivery that caused
   * it: one whose handler kills the process uses up its attempts instead of killing every restart.
   */
  readonly cautious: number;
  readonly duplicate: (() => boolean) | undefined;
  /** Told when the worker has nothing left to do now. */
  readonly onQuiet: () => void;
}

/** Wait before the next try after the store refused a commit: a full disk. */
const storeRetryDelay = 1_000;
/** How much the last batch says of the next one's pace. */
const paceWeight = 0.5;

export class Worker {
  readonly window: Window;
  readonly #options: WorkerOptions;
  #running = false;
  /** The store refused a commit: nothing is tried for a while. */
  #resting = false;
  #paused: boolean;
  #batches = 0;
  /** Batches whose handler is done and whose commit is under way. */
  #committing = 0;
  #asked = false;
  /** What a delivery took of late, milliseconds; `batchMilliseconds` until one has shown it. */
  #pace = batchMilliseconds;
  #cautious: number;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  readonly #abandon = new Set<(reason: PulseQueueError) => void>();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.window = options.window;
    this.#paused = options.paused;
    this.#cautious = options.cautious;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Whether what could have ended the last process has not run yet. */
  get suspicious(): boolean {
    return this.#cautious > 0;
  }

  /** Batches under way. */
  get busy(): boolean {
    return this.#batches > 0;
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.wake();
  }

  /** Takes no more. */
  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Stops waiting for handlers that run: they are not settled. */
  abandon(): void {
    for (const abandon of this.#abandon) abandon(new PulseQueueError("QUEUE_CLOSED", "The engine stopped before the handler ended"));
  }

  /** Takes back the durable claims of what did not end, without counting an attempt. */
  async returnClaims(): Promise<void> {
    await returnClaims(this.#options, this.window.pending);
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#asked || !this.#running || this.#paused || this.#resting) return;
    this.#asked = true;
    this.#options.system.clock.soon(() => {
      this.#asked = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (!this.#running || this.#paused || this.#resting || this.#committing > 0) return;
    if (this.#batches >= (this.#cautious > 0 ? 1 : this.window.handler.concurrency.batches)) return;
    try {
      const { clock } = this.#options.system;
      this.window.refill(clock.now());
      const batch = this.window.take(this.#cautious > 0 ? 1 : Math.max(1, Math.floor(batchMilliseconds / this.#pace)));
      const parked = park(this.#options, this.window.toPark(), () => {
        this.wake();
      });
      if (batch.length > 0) {
        void this.#run(batch);
        this.wake();
      } else if (parked) this.wake();
      else this.#rest();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Nothing can start now: wait for the next row that becomes due. */
  #rest(): void {
    const { clock } = this.#options.system;
    const at = this.window.rowsDueAt;
    if (at !== undefined && (this.#timer === undefined || at < this.#timer.at)) {
      this.#timer?.cancel();
      const cancel = clock.timer(Math.max(0, at - clock.now()), () => {
        this.#timer = undefined;
        this.wake();
      });
      this.#timer = { at, cancel };
    }
    if (this.#batches === 0) {
      if (this.#cautious > 0 && this.window.isDrained(clock.now())) this.#cautious = 0; // whatever could have ended the process is done
      this.#options.onQuiet();
    }
  }

  async #run(taken: readonly LocalDelivery[]): Promise<void> {
    this.#batches += 1;
    let batch = taken;
    let unstarted = taken;
    const onSlow = (kept: readonly LocalDelivery[], rest: readonly LocalDelivery[]): void => {
      const given = new Set(rest);
      batch = unstarted = batch.filter((delivery) => !given.has(delivery));
      const lanes = new Set(kept.map(({ lane }) => lane));
      const free = rest.filter(({ lane }) => !lanes.has(lane));
      this.#release(this.window.finish(free, rest));
      this.wake();
    };
    try {
      if (this.#cautious > 0) {
        this.#cautious -= 1;
        await claimDurably(this.#options, batch);
      }
      const report = await this.#dispatch(batch, onSlow);
      unstarted = report.unstarted;
      this.#notePace(report);
      if (this.#options.duplicate !== undefined) await this.#deliverAgain(batch, unstarted, this.#options.duplicate);
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#batches -= 1;
      this.#release(this.window.finish(batch, unstarted));
      this.#continue();
    }
  }

  /** Lets what is parked for these lanes go. */
  #release(lanes: readonly string[]): void {
    if (this.window.mayPark) {
      release(this.#options, lanes, () => {
        this.wake();
      });
    }
  }

  /** Follows a handler that becomes slower or faster within a few batches. */
  #notePace({ settled }: BatchReport<LocalDelivery>): void {
    if (settled.length === 0) return;
    const sum = settled.reduce((total, { milliseconds }) => total + milliseconds, 0);
    this.#pace += (Math.min(sum / settled.length, batchMilliseconds) - this.#pace) * paceWeight;
  }

  /** Goes on at once where nothing stands against it: the next batch may share the sync of the next turn. */
  #continue(): void {
    if (this.#asked || this.#committing > 0) this.wake();
    else this.#pump();
    if (!this.#running && this.#batches === 0) this.#options.onQuiet();
  }

  async #dispatch(
    batch: readonly LocalDelivery[],
    onSlow: (kept: readonly LocalDelivery[], rest: readonly LocalDelivery[]) => void,
  ): Promise<BatchReport<LocalDelivery>> {
    const { system, app, store } = this.#options;
    let abandonThis: ((reason: PulseQueueError) => void) | undefined;
    const watched: Store<LocalDelivery> = { ...store, commit: (commit) => this.#committed(store.commit(commit)) };
    try {
      const onStart = (abandon: (reason: PulseQueueError) => void): void => {
        if (abandonThis !== undefined) this.#abandon.delete(abandonThis);
        abandonThis = abandon;
        this.#abandon.add(abandon);
      };
      return await runBatch({ system, app, store: watched, itemsPerCommit: itemsPerBatch, onStart, onSlow }, this.window.handler, batch);
    } finally {
      if (abandonThis !== undefined) this.#abandon.delete(abandonThis);
    }
  }

  async #committed<Result>(commit: Promise<Result>): Promise<Result> {
    this.#committing += 1;
    try {
      return await commit;
    } finally {
      this.#committing -= 1;
    }
  }

  /** A simulated transport that delivers once more what is settled: the store must refuse its effects. */
  async #deliverAgain(batch: readonly LocalDelivery[], unstarted: readonly LocalDelivery[], duplicate: () => boolean): Promise<void> {
    const again = batch.filter((delivery) => !unstarted.includes(delivery) && !delivery.held && duplicate());
    if (again.length > 0)
      await this.#dispatch(
        again.map((delivery) => ({ ...delivery })),
        () => undefined,
      );
  }

  #fail(thrown: unknown): void {
    const { system, committer } = this.#options;
    if (committer.failure !== undefined || !this.#running || this.#resting) return;
    const error = storeError(thrown);
    if (isFatal(error)) {
      committer.fail(error); // a damaged event or row: whatever followed from it would be wrong
      return;
    }
    system.observe({
      type: "log",
      level: "error",
      message: "a batch could not be committed",
      fields: { handler: this.window.handler.name, code: error.code, error: thrown },
    });
    this.#resting = true;
    system.clock.timer(storeRetryDelay, () => {
      this.#resting = false;
      this.wake();
    });
  }
}

/** Rows and events in one transaction: bounds its memory; SQLite itself has no limit here. */
const itemsPerBatch = 4_096;
