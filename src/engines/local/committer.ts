/**
 * Group commit. Writes that are asked for in one turn of the event loop share one transaction and so one sync to disk:
 * durability costs each of them little. A write either refuses before it has written anything (it throws a PulseQueueError),
 * or all of it is in the transaction. `confirm` runs after the commit, `revert` when there was none; only then is anyone told.
 */
import type { Database } from "better-sqlite3";
import { isPulseQueueError, PulseQueueError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { isFatal, storeError } from "./failure.ts";
import type { FaultPoint, Simulation } from "./options.ts";

export type WriteKind = "append" | "settle" | "step" | "claim" | "park" | "operate" | "request";

export interface Write<Result> {
  readonly kind: WriteKind;
  /** Bytes that wait in memory until the commit, for backpressure. */
  readonly bytes: number;
  apply(): Result;
  confirm?(): void;
  revert?(): void;
}

interface Waiting {
  readonly write: Write<unknown>;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

export interface Committer {
  /** Resolves with what `apply` answered, after it is durable. */
  submit<Result>(write: Write<Result>): Promise<Result>;
  /** Throws `BACKPRESSURE` when so much waits already that more would only use up memory. */
  admit(): void;
  /** Whether writes wait. */
  readonly busy: boolean;
  /** Set once the store can no longer be trusted; every further write is refused with it. */
  readonly failure: PulseQueueError | undefined;
  /** Ends the store for good, as a failed sync does. `error`: what was found damaged, or what the disk refused. */
  fail(error: PulseQueueError): void;
  /** Commits what waits, then refuses further writes. */
  close(): void;
}

export interface CommitterOptions {
  readonly db: Database;
  readonly clock: Clock;
  /** Checked in each transaction: a process that lost the file to another one must not write. Throws if so. */
  readonly fence: () => void;
  /** Called in each transaction after its writes. */
  readonly complete: () => void;
  readonly at: Simulation["at"];
  /** Called after each commit, when everyone has been told: keeps the log short. Throws what the disk refuses. */
  readonly checkpoint: () => void;
  /** Called after each group, when everyone has been told. */
  readonly onFlushed: () => void;
  /** Called once when the store fails for good, and when a simulated crash kills the engine. */
  readonly onDeath: () => void;
}

/** More than this waiting for one commit is refused: a commit takes milliseconds, so the disk is not keeping up. */
const maxWaitingWrites = 20_000;
const maxWaitingBytes = 64 * 1024 * 1024;

export function createCommitter(options: CommitterOptions): Committer {
  const { db, clock } = options;
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const rollback = db.prepare("ROLLBACK");
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let closed = false;
  let crashed = false;
  let failure: PulseQueueError | undefined;

  const reach = (group: readonly Waiting[], when: "before-commit" | "after-commit"): void => {
    if (options.at === undefined) return;
    for (const { write } of group) options.at(`${write.kind}.${when}` satisfies FaultPoint);
  };

  /** One transaction for the whole group. Throws what SQLite throws; then nothing of it is there. */
  const attempt = (group: readonly Waiting[]): readonly (() => void)[] => {
    const told: (() => void)[] = [];
    begin.run();
    try {
      options.fence();
      for (const { write, resolve, reject } of group) {
        try {
          const result = write.apply();
          told.push(() => {
            write.confirm?.();
            resolve(result as never);
          });
        } catch (thrown) {
          if (!isPulseQueueError(thrown)) throw thrown;
          told.push(() => {
            reject(thrown);
          });
        }
      }
      options.complete();
      guardCrash(() => {
        reach(group, "before-commit");
      });
      commit.run();
    } catch (thrown) {
      if (db.inTransaction) rollback.run();
      for (const { write } of group) write.revert?.();
      throw thrown;
    }
    guardCrash(() => {
      reach(group, "after-commit");
    });
    return told;
  };

  /** A throw at a fault point is a crash: from here on this engine does nothing and tells nobody anything. */
  const guardCrash = (reachPoint: () => void): void => {
    try {
      reachPoint();
    } catch (thrown) {
      crashed = true;
      throw thrown;
    }
  };

  const flush = (): void => {
    const group = waiting;
    waiting = [];
    waitingBytes = 0;
    if (group.length > 0) flushGroup(group);
  };

  const flushGroup = (group: readonly Waiting[]): void => {
    if (crashed) return;
    let told: readonly (() => void)[] = [];
    try {
      told = attempt(group);
    } catch (thrown) {
      fail(group, thrown);
    }
    for (const tell of told) tell();
    if (told.length > 0) keepLogShort();
    options.onFlushed();
  };

  const keepLogShort = (): void => {
    try {
      options.checkpoint();
    } catch (thrown) {
      die(storeError(thrown), []);
    }
  };

  /** After a failed sync nobody knows what is durable: nothing is acknowledged any more. */
  const die = (error: PulseQueueError, group: readonly Waiting[]): void => {
    if (failure !== undefined) return;
    failure = error;
    for (const { reject } of [...group, ...waiting]) reject(error);
    waiting = [];
    waitingBytes = 0;
    options.onDeath();
  };

  const fail = (group: readonly Waiting[], thrown: unknown): void => {
    if (crashed) {
      options.onDeath();
      return;
    }
    const error = storeError(thrown);
    if (error.code === "INTERNAL" && group.length > 1) {
      // One write of the group is defective: commit each alone, so that it fails alone.
      for (const one of group) flushGroup([one]);
    } else if (isFatal(error)) die(error, group);
    else {
      for (const { reject } of group) reject(error);
    }
  };

  return {
    submit(write) {
      return new Promise((resolve, reject) => {
        if (failure !== undefined) reject(failure);
        else if (closed) reject(new PulseQueueError("QUEUE_CLOSED", "The queue is closed"));
        else {
          if (waiting.length === 0) clock.soon(flush);
          waiting.push({ write, resolve, reject });
          waitingBytes += write.bytes;
        }
      });
    },
    admit() {
      if (waiting.length < maxWaitingWrites && waitingBytes < maxWaitingBytes) return;
      throw new PulseQueueError("BACKPRESSURE", "Too much waits to be stored", { retryAfter: 100 });
    },
    get busy() {
      return waiting.length > 0;
    },
    get failure() {
      return failure;
    },
    fail(error) {
      die(error, []);
    },
    close() {
      flush();
      closed = true;
    },
  };
}
