/** What operators do. Each act is one commit together with its record: who, what, why, how much. */
import { PulseQueueError } from "../../core/errors.ts";
import { checkReason, replayRange, type OperationOptions, type OperationResult } from "../../core/operation.ts";
import type { DeadLetterFilter, Operate } from "../../core/queue.ts";
import type { System } from "../../core/ports.ts";
import type { Committer } from "./committer.ts";
import type { LedgerAction } from "../../core/ledger.ts";
import type { LocalKeyStore } from "./keys.ts";
import { releaseLanes } from "./lanes.ts";
import type { LocalLedger } from "./ledger.ts";
import { deadFilter, workerNamed } from "./dead-filter.ts";
import type { Journal } from "./journal.ts";
import type { Topology } from "../../core/topology.ts";
import { stored, type DeliveryRow, type StoredState } from "./statements/deliveries.ts";
import type { Statements } from "./statements/index.ts";
import { packReceipt, type ReceiptEntry } from "./receipts.ts";
import type { Window } from "./window.ts";
import type { Worker } from "./worker.ts";

export interface OperateOptions {
  readonly system: System;
  readonly topology: Topology;
  readonly statements: Statements;
  readonly journal: Journal;
  readonly committer: Committer;
  readonly workers: ReadonlyMap<string, Worker>;
  readonly ledger: LocalLedger;
  readonly keys: LocalKeyStore;
}

/** Dead letters or replayed events in one transaction: others commit in between. */
const chunk = 1_000;

export function createOperate(options: OperateOptions): Operate {
  const { system, topology, statements, journal, committer, workers, ledger, keys } = options;

  const workerOf = (name: string): Worker => workerNamed(workers, name);
  /** One commit; then the workers look at what has changed for them. */
  const write = <Result>(apply: () => Result, touched: readonly Worker[] = []): Promise<Result> =>
    committer.submit({
      kind: "operate",
      bytes: 0,
      apply,
      confirm() {
        for (const worker of touched) {
          worker.window.noteRows();
          worker.wake();
        }
      },
    });
  const record = (action: LedgerAction, subject: string, { reason, by = "local" }: OperationOptions, count: number): void => {
    ledger.record({ by, action, subject, reason, detail: { count } });
  };

  /** Applies `act` to the dead letters that match, a chunk at a time. */
  const onDead = async (
    action: "redrive" | "discard",
    filter: DeadLetterFilter,
    given: OperationOptions,
    act: (row: DeliveryRow, worker: Worker) => void,
  ): Promise<OperationResult> => {
    checkReason(given);
    if (Object.values(filter).every((value) => value === undefined)) {
      throw new PulseQueueError("OPERATION_INVALID", `${action} needs a filter; { all: true } names every dead letter`);
    }
    const wanted = deadFilter(filter, workers, topology, journal);
    const byId = new Map([...workers.values()].map((worker) => [worker.window.id, worker]));
    const most = filter.limit ?? Number.MAX_SAFE_INTEGER;
    const find = (limit: number): readonly DeliveryRow[] => statements.inspect.dead(wanted, limit).filter(([, handler]) => byId.has(handler));
    if (given.dryRun === true) return { count: find(Math.min(most, Number.MAX_SAFE_INTEGER)).length, dryRun: true };
    let count = 0;
    for (let more = true; more && count < most;) {
      const done = await write(() => {
        const rows = find(Math.min(chunk, most - count));
        if (rows.length > 0) record(action, JSON.stringify(filter), given, rows.length);
        for (const row of rows) {
          const worker = byId.get(row[1]);
          if (worker !== undefined) act(row, worker);
        }
        return rows.length;
      }, [...workers.values()]);
      count += done;
      more = done > 0;
    }
    return { count, dryRun: false };
  };

  const setPaused = async (action: "pause" | "resume", name: string, given: OperationOptions): Promise<OperationResult> => {
    checkReason(given);
    const worker = workerOf(name);
    const paused = action === "pause";
    const changes = worker.paused === paused ? 0 : 1;
    if (given.dryRun === true || changes === 0) return { count: changes, dryRun: given.dryRun === true };
    await write(() => {
      record(action, name, given, 1);
      statements.handlers.setPaused(worker.window.id, paused ? given.reason : null);
    });
    worker.setPaused(paused);
    return { count: 1, dryRun: false };
  };

  /** The state of a delivery that starts again: behind what its lane holds already. */
  const queued = ({ id, handler }: Window, lane: string | null): StoredState =>
    handler.ordered && lane !== null && statements.deliveries.laneHeld(id, lane) ? stored.parked : stored.ready;

  return {
    redrive: (filter, given) =>
      onDead("redrive", filter, given, (row, worker) => {
        const [id, , , , , , , lane] = row;
        statements.replay.redrive(id, queued(worker.window, lane));
      }),
    discard: (filter, given) =>
      onDead("discard", filter, given, (row, worker) => {
        const [id, handler, seq, run, , attempts, , lane, , redrives] = row;
        const receipt: ReceiptEntry = { seq, run, attempts, milliseconds: 0, wrote: [], redrives, state: "discarded" };
        statements.deliveries.remove(id);
        statements.deliveries.removeSteps(handler, seq, run);
        statements.handlers.saveReceipt(handler, seq, system.clock.now(), packReceipt([receipt]));
        if (lane !== null) releaseLanes(statements, worker.window, [lane]);
      }),
    pause: (handler, given) => setPaused("pause", handler, given),
    resume: (handler, given) => setPaused("resume", handler, given),
    async replay(given) {
      checkReason(given);
      const worker = workerOf(given.handler);
      const { window } = worker;
      const [from, to] = replayRange(given);
      const types = window.handler.on.map((event) => journal.typeId(event.name));
      if (given.dryRun === true) return { count: statements.replay.count(types, from, to, window.cursor), dryRun: true };
      const run = await write(() => statements.replay.nextRun());
      let count = 0;
      for (let after = 0; ;) {
        const rows = await write(() => {
          const found = statements.replay.events(types, from, to, after, window.cursor, chunk);
          if (found.length < chunk) record("replay", `${given.handler} ${String(from)}..${String(to)}`, given, count + found.length);
          for (const [seq, key] of found) {
            const lane = window.handler.ordered ? key : null;
            statements.deliveries.insert(window.id, seq, run, queued(window, lane), 0, 0, lane, null);
          }
          return found;
        }, [worker]);
        count += rows.length;
        after = rows.at(-1)?.[0] ?? after;
        if (rows.length < chunk) return { count, dryRun: false };
      }
    },
    async contain({ handlers = [], keys: ids = [] }, given) {
      checkReason(given);
      if (handlers.length + ids.length === 0) throw new PulseQueueError("OPERATION_INVALID", "Name a handler to pause or a key to revoke");
      const named = [...new Set(handlers)].map(workerOf);
      const running = named.filter((worker) => !worker.paused);
      const paused = running.map((worker) => worker.window.handler.name);
      const revoked = keys.notRevoked([...new Set(ids)]);
      if (given.dryRun === true) return { paused, revoked, dryRun: true };
      await committer.submit({
        kind: "operate",
        bytes: 0,
        apply() {
          const { reason, by = "local" } = given;
          const detail = { handlers: paused.length, keys: revoked.length };
          ledger.record({ by, action: "contain", subject: JSON.stringify({ handlers: paused, keys: revoked }), reason, detail });
          for (const { window } of running) statements.handlers.setPaused(window.id, reason);
          keys.revokeWithin(revoked);
        },
        confirm() {
          for (const worker of running) worker.setPaused(true);
        },
        revert() {
          keys.revert();
        },
      });
      return { paused, revoked, dryRun: false };
    },
  };
}
