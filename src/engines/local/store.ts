/** The core's `Store` on SQLite. Every write goes through the committer, so that concurrent ones share a transaction. */
import type { NewEvent } from "../../core/envelope.ts";
import type { Commit, CommitResult, FoundRow, Store } from "../../core/ports.ts";
import type { Topology } from "../../core/topology.ts";
import type { Committer } from "./committer.ts";
import { reading } from "./failure.ts";
import type { Journal } from "./journal.ts";
import type { Origins } from "./origins.ts";
import { emptyContext, settleDeliveries, type SettleContext } from "./settle.ts";
import { stored } from "./statements/deliveries.ts";
import { lastCharacter } from "./statements/records.ts";
import type { Statements } from "./statements/index.ts";
import { writeRow } from "./rows.ts";
import type { LocalDelivery, Window } from "./window.ts";

export interface StoreOptions {
  readonly statements: Statements;
  readonly journal: Journal;
  readonly origins: Origins;
  readonly committer: Committer;
  readonly topology: Topology;
  /** By handler name. */
  readonly windows: ReadonlyMap<string, Window>;
  /** A number for the rows of one commit that no other commit gets. */
  readonly nextVersion: () => number;
  readonly now: () => number;
  /** Called after a commit that stored events. */
  readonly wake: (events: readonly NewEvent[]) => void;
}

export function createStore(options: StoreOptions): Store<LocalDelivery> {
  const { statements, journal, origins, committer } = options;

  /** Appends an event and, where it is due later, schedules its deliveries. */
  const append = (event: NewEvent): ReturnType<Journal["append"]> => {
    const result = journal.append(event);
    if ("error" in result || result.receipt.duplicate) return result;
    if (event.principal !== undefined) origins.note(result.sequence, event.principal);
    if (event.dueAt !== undefined) {
      for (const handler of options.topology.subscribers.get(event.type) ?? []) {
        const window = options.windows.get(handler.name);
        if (window === undefined) continue;
        statements.deliveries.insert(window.id, result.sequence, 0, stored.scheduled, 0, event.dueAt, handler.ordered ? (event.key ?? null) : null, null);
        window.noteDue(event.dueAt);
      }
    }
    return result;
  };

  const apply = (commit: Commit<LocalDelivery>, context: SettleContext): CommitResult<LocalDelivery> => {
    const lost = commit.settled.filter(({ delivery }) => !delivery.held).map(({ delivery }) => delivery);
    if (lost.length > 0) return { outcome: "lost", deliveries: lost };
    for (const { table, key, version } of commit.guards) {
      if (statements.records.version(journal.tableId(table), key) !== version) return { outcome: "conflict" };
    }
    if (commit.answer !== undefined && statements.records.answer(commit.answer.request) !== undefined) return { outcome: "conflict" };
    const clash = commit.events.findIndex(
      (event, index) => event.chosenId && (journal.clashes(event) || commit.events.slice(0, index).some((other) => differs(other, event))),
    );
    if (clash >= 0) return { outcome: "identity-reused", index: clash };
    const version = commit.writes.length > 0 ? options.nextVersion() : 0;
    for (const write of commit.writes) {
      const table = options.topology.tables.get(write.table);
      if (table !== undefined) writeRow(statements.records, table, journal.tableId(write.table), write, version);
    }
    for (const event of commit.events) append(event);
    if (commit.answer !== undefined) statements.records.saveAnswer(commit.answer.request, commit.answer.fingerprint, commit.answer.answer, options.now());
    settleDeliveries(statements, options.now(), commit.settled, context);
    return { outcome: "committed" };
  };

  const revert = (): void => {
    journal.revert();
    origins.forget();
  };

  return {
    append(events) {
      const bytes = events.reduce((sum, event) => sum + event.data.length, 0);
      return committer.submit({
        kind: "append",
        bytes,
        apply: () => events.map(append).map((result) => ("error" in result ? result.error : result.receipt)),
        confirm() {
          journal.confirm();
          options.wake(events);
        },
        revert,
      });
    },
    get(table, key) {
      const row = reading(() => statements.records.get(journal.tableId(table), key));
      return Promise.resolve(row === undefined ? undefined : { key: row[0], version: row[1], body: row[2] });
    },
    query(table, { index, prefix, limit }) {
      const id = journal.tableId(table);
      const end = prefix + lastCharacter;
      const { records } = statements;
      const found = reading(() => (index === undefined ? records.byKey(id, prefix, end, limit) : records.byIndex(id, index, prefix, end, limit)));
      return Promise.resolve(found.map(([key, version, body, order]): FoundRow => ({ row: { key, version, body }, order })));
    },
    steps(delivery) {
      const steps = reading(() => statements.deliveries.steps(delivery.window.id, delivery.seq, delivery.run));
      delivery.hasSteps = true;
      return Promise.resolve(new Map(steps));
    },
    saveStep(delivery, name, result) {
      return committer.submit({
        kind: "step",
        bytes: result.length,
        apply() {
          if (!delivery.held) return false;
          statements.deliveries.saveStep(delivery.window.id, delivery.seq, delivery.run, name, result);
          return true;
        },
      });
    },
    // No other process has the file open: who asks is the only one.
    claim(request) {
      const row = reading(() => statements.records.answer(request));
      return Promise.resolve(
        row === undefined ? { state: "ours", claim: "" } : { state: "answered", answer: { request, fingerprint: row[0], answer: row[1] } },
      );
    },
    release() {
      return Promise.resolve();
    },
    commit(commit) {
      let context = emptyContext();
      return committer.submit({
        kind: commit.settled.length > 0 ? "settle" : "request",
        bytes: 0,
        apply() {
          context = emptyContext(); // it may be tried twice
          return apply(commit, context);
        },
        confirm() {
          journal.confirm();
          for (const end of context.done) end();
          if (commit.events.length > 0) options.wake(commit.events);
        },
        revert() {
          revert();
          for (const undo of context.undo) undo();
        },
      });
    },
  };
}

function differs(left: NewEvent, right: NewEvent): boolean {
  return left.id === right.id && left.tenant === right.tenant && (left.data !== right.data || left.type !== right.type);
}
