/** Puts the parts of the embedded engine together and gives them a common life. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Database } from "better-sqlite3";
import { parseDuration } from "../../core/duration.ts";
import type { NewEvent } from "../../core/envelope.ts";
import { PulseQueueError } from "../../core/errors.ts";
import { incidentScope } from "../../core/incident.ts";
import type { Nonces } from "../../core/nonces.ts";
import type { Store, System } from "../../core/ports.ts";
import type { EventView, Inspect, Operate } from "../../core/queue.ts";
import { sealedStore } from "../../core/sealed-store.ts";
import type { Topology } from "../../core/topology.ts";
import { createCheckpoint, emptyLog } from "./checkpoint.ts";
import { createCommitter, type Committer } from "./committer.ts";
import { openDatabase } from "./database.ts";
import { storeError } from "./failure.ts";
import { publishedBy } from "./published-by.ts";
import { createInspect } from "./inspect.ts";
import { openJournal, type Journal } from "./journal.ts";
import { createKeys, type LocalKeyStore } from "./keys.ts";
import { releaseLanes } from "./lanes.ts";
import { createLedger, type LocalLedger } from "./ledger.ts";
import { acquireLock } from "./lock.ts";
import { createNonces } from "./nonces.ts";
import { createOperate } from "./operate.ts";
import { createOrigins } from "./origins.ts";
import type { LocalOptions } from "./options.ts";
import { recover, type Recovered } from "./recover.ts";
import { createRetention } from "./retention.ts";
import { createScheduler } from "./scheduler.ts";
import { sealStored } from "./seal-stored.ts";
import { prepareStatements, type Statements } from "./statements/index.ts";
import { createStore } from "./store.ts";
import { syncFolder } from "./sync.ts";
import { localSystem, secretsOf } from "./system.ts";
import { bindVault, type LocalVault } from "./vault.ts";
import { createWaiters } from "./waiters.ts";
import { doneUpTo } from "./window-facts.ts";
import { Window, type LocalDelivery } from "./window.ts";
import { Worker } from "./worker.ts";

export interface Engine {
  readonly db: Database;
  readonly vault: LocalVault | undefined;
  readonly topology: Topology;
  readonly system: System;
  readonly statements: Statements;
  readonly journal: Journal;
  readonly committer: Committer;
  readonly store: Store<LocalDelivery>;
  readonly inspect: Inspect;
  readonly operate: Operate;
  readonly ledger: LocalLedger;
  readonly keys: LocalKeyStore;
  readonly nonces: Nonces;
  readonly recovered: Recovered;
  readonly closed: boolean;
  /** Why the store can no longer be used. */
  readonly failure: PulseQueueError | undefined;
  start(): Promise<void>;
  idle(): Promise<void>;
  close(grace: number): Promise<void>;
  retain(): Promise<number>;
  walBytes(): number;
}

/** How many deliveries of each handler are claimed durably after a crash: as many as could have been under way. */
const suspects = 1_024;
const retentionInterval = 60 * 60_000;

export function buildEngine(topology: Topology, options: LocalOptions): Engine {
  checkSecrets(topology, options);
  const lock = options.file === ":memory:" ? undefined : acquireLock(options.file);
  try {
    return assemble(topology, options, () => lock?.release());
  } catch (thrown) {
    lock?.release();
    throw thrown;
  }
}

function assemble(topology: Topology, options: LocalOptions, unlock: () => void): Engine {
  const db = openDatabase(options);
  try {
    return assembleOn(db, topology, options, unlock);
  } catch (thrown) {
    db.close();
    throw storeError(thrown);
  }
}

function assembleOn(db: Database, topology: Topology, options: LocalOptions, unlock: () => void): Engine {
  const statements = prepareStatements(db);
  const vault = db.transaction(() => bindVault(statements.meta, options.file, options.vault)).immediate();
  const system = localSystem(options, (statements.journal.newestTime() ?? 0) + 1, vault);
  statements.meta.checkNames();
  const before = openJournal(statements.journal, statements.meta, vault);
  const recovered = db.transaction(() => recover(statements, before, topology, system)).immediate();
  if (options.file !== ":memory:") syncFolder(dirname(options.file)); // the log is a file since this commit; SQLite hides it when that cannot be synced
  const windows = new Map<string, Window>();
  const workers = new Map<string, Worker>();
  let started = false;
  let closed: Promise<void> | undefined;
  let stopRetention: (() => void) | undefined;
  const { lookAgain, until } = createWaiters(() => committer.failure);
  const origins = createOrigins(statements.origins);
  const committer = createCommitter({
    db,
    clock: system.clock,
    fence() {
      if (statements.meta.get("epoch") !== recovered.epoch) throw new PulseQueueError("STORE_LOCKED", "Another engine has taken this file over");
      vault?.keyring.flush(); // keys are durable before what was sealed with them is
    },
    complete: origins.write,
    at: options.simulate?.at,
    checkpoint: options.file === ":memory:" ? () => undefined : createCheckpoint(db),
    onFlushed: lookAgain,
    onDeath() {
      stopAll();
      const error = committer.failure;
      if (error !== undefined)
        system.observe({ type: "log", level: "error", message: "the store failed: the engine has stopped", fields: { code: error.code, fix: error.fix } });
      lookAgain();
    },
  });
  const ledger = createLedger({ app: topology.app, system, statements, committer });
  const keys = createKeys({ system, statements: statements.keys, committer, ledger });
  if (vault !== undefined) sealStored({ db, statements, journal: before, topology, vault, ledger });
  const journal = openJournal(statements.journal, statements.meta, vault);
  const wake = (events: readonly NewEvent[]): void => {
    for (const event of events) for (const handler of topology.subscribers.get(event.type) ?? []) workers.get(handler.name)?.wake();
  };
  let versions = 0;
  const plainStore = createStore({
    statements,
    journal,
    origins,
    committer,
    topology,
    windows,
    nextVersion: () => recovered.epoch * 2 ** 32 + ++versions,
    now: () => system.clock.now(),
    wake,
  });
  const store = vault === undefined ? plainStore : sealedStore(plainStore, topology, vault);
  for (const handler of topology.handlers.values()) {
    const [id = 0, , cursor = 0, paused = null] = recovered.handlers.get(handler.name) ?? [];
    const subscriptions = statements.handlers.subscriptions(id).filter(([type]) => handler.on.some((event) => event.name === journal.typeName(type)));
    const window = new Window({
      id,
      handler,
      cursor,
      subscriptions,
      journal,
      events: statements.journal,
      deliveries: statements.deliveries,
      vault,
      reorder: options.simulate?.reorder,
    });
    windows.set(handler.name, window);
    const worker = new Worker({
      app: topology.app,
      system,
      store,
      statements,
      committer,
      window,
      paused: paused !== null,
      cautious: recovered.afterCrash ? suspects : 0,
      duplicate: options.simulate?.duplicate,
      onQuiet: lookAgain,
    });
    workers.set(handler.name, worker);
  }
  db.transaction(() => {
    for (const window of windows.values()) releaseLanes(statements, window, statements.deliveries.parkedLanes(window.id));
  }).immediate();

  const scheduler = createScheduler({ system, topology, committer, journal, handlers: statements.handlers, wake });
  const allDoneUpTo = (): number => Math.min(journal.head, ...[...windows.values()].map(doneUpTo));
  const retention = createRetention({ db, meta: statements.meta, committer, doneUpTo: allDoneUpTo });
  const retain = (): Promise<number> => retention(system.clock.now() - parseDuration(options.retention ?? "30d"), system.clock.now());

  const seen = createInspect({ system, topology, statements, journal, workers, isStarted: () => started });
  const eventsOf = async (principal: string): Promise<readonly EventView[]> => publishedBy(statements, journal, principal);
  const inspect: Inspect = { ...seen, incident: (filter) => incidentScope({ eventsOf, inspect: seen, ledger, topology }, filter) };

  const stopAll = (): void => {
    scheduler.stop();
    stopRetention?.();
    for (const worker of workers.values()) worker.stop();
  };
  const isIdle = (): boolean => {
    if (committer.busy) return false;
    return [...workers.values()].every((worker) => worker.paused || (!worker.busy && worker.window.isDrained(system.clock.now())));
  };
  const scheduleRetention = (): void => {
    stopRetention = system.clock.timer(retentionInterval, () => {
      retain().then(scheduleRetention, scheduleRetention);
    });
  };

  const close = async (grace: number): Promise<void> => {
    stopAll();
    const quiet = (): boolean => [...workers.values()].every((worker) => !worker.busy);
    const cancel = system.clock.timer(grace, () => {
      for (const worker of workers.values()) worker.abandon();
    });
    try {
      if (!quiet()) await until(quiet);
      for (const worker of workers.values()) await worker.returnClaims();
      await ledger.flush();
      await committer.submit({
        kind: "operate",
        bytes: 0,
        apply: () => {
          // What may have ended the last process stays under suspicion until it has run.
          const suspicious = recovered.afterCrash && (!started || [...workers.values()].some((worker) => worker.suspicious && !worker.paused));
          statements.meta.set("open", suspicious ? 1 : 0);
          statements.meta.set("seal", journal.seal);
        },
      });
    } finally {
      cancel();
      committer.close();
      try {
        if (options.file !== ":memory:" && committer.failure === undefined) emptyLog(db);
      } finally {
        db.close();
        vault?.keyring.close();
        unlock();
      }
    }
  };

  return {
    db,
    vault,
    topology,
    system,
    statements,
    journal,
    committer,
    store,
    recovered,
    inspect,
    operate: createOperate({ system, topology, statements, journal, committer, workers, ledger, keys }),
    ledger,
    keys,
    nonces: createNonces(system.clock, statements.keys, committer),
    get closed() {
      return closed !== undefined;
    },
    get failure() {
      return committer.failure;
    },

    async start() {
      if (started) return;
      started = true;
      try {
        scheduler.start();
        for (const worker of workers.values()) worker.start();
        scheduleRetention();
      } catch (thrown) {
        const error = storeError(thrown);
        committer.fail(error); // half a start is none
        throw error;
      }
    },
    idle: () => until(isIdle),
    close(grace) {
      closed ??= close(grace);
      return closed;
    },
    retain,
    walBytes: () => statSync(`${options.file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
  };
}

function checkSecrets(topology: Topology, options: LocalOptions): void {
  const secret = secretsOf(options);
  const missing = [...topology.secrets.keys()].filter((name) => secret(name) === undefined);
  if (missing.length > 0) throw new PulseQueueError("SECRET_MISSING", `These declared secrets have no value: ${missing.join(", ")}`);
}
