import type { App } from "../../core/app.ts";
import { parseDuration } from "../../core/duration.ts";
import { isPulseQueueError, PulseQueueError } from "../../core/errors.ts";
import { acting, guardInspect, guardKeys, guardLedger, guardNonces, guardOperate } from "../../core/guard.ts";
import type { OperationOptions, OperationResult } from "../../core/operation.ts";
import { createPublisher } from "../../core/publisher.ts";
import type { Queue } from "../../core/queue.ts";
import { backUp, serialize } from "./backup.ts";
import { buildEngine, type Engine } from "./engine.ts";
import { eraseSubject, rotateMasterKey } from "./erase.ts";
import { storeError } from "./failure.ts";
import type { LocalOptions, VerifyReport } from "./options.ts";
import { verifyFile } from "./verify.ts";

/** What only the embedded engine knows of itself. */
export interface LocalFacts {
  readonly sqlite: string;
  readonly synchronous: "full" | "normal";
  readonly journalMode: string;
  /** Bytes of the database file and of its write-ahead log. */
  readonly bytes: number;
  readonly walBytes: number;
  /** Position of the last event. */
  readonly head: number;
  /** How often the file was opened. */
  readonly epoch: number;
  /** Whether the last process ended without closing the file. */
  readonly afterCrash: boolean;
  /** Handlers that the file knows and the app does not. */
  readonly strangers: readonly string[];
}

/** Whether the engine can take work. */
export interface LocalReadiness {
  readonly ready: boolean;
  readonly checks: { readonly store: "writable" | "full" | "failed"; readonly oldestReadyMilliseconds?: number };
}

/** The embedded engine's queue. */
export interface LocalQueue extends Queue {
  /** Copies the database into `target`, a path that does not exist yet, while it is in use. Throws `OPERATION_INVALID`, `STORE_…`. */
  backup(target: string, progress?: (done: number, total: number) => void): Promise<{ readonly bytes: number }>;
  /** Checks the hash chain, every row's checksum and the file's structure. */
  verify(progress?: (events: number) => void): Promise<VerifyReport>;
  facts(): Promise<LocalFacts>;
  /** Whether a write becomes durable now, found out by one, and how old the oldest delivery is that may start. Never rejects. */
  readiness(): Promise<LocalReadiness>;
  /**
   * Destroys the key of a person: what is declared to be about this subject is unreadable from now on, in journal, rows, dead letters and
   * every backup. Recorded in the ledger under a keyed hash. A count of 0: nothing of this subject was encrypted.
   * Throws `OPERATION_INVALID`, `KEY_MISSING` where no key is given.
   */
  erase(subject: string, options: OperationOptions): Promise<OperationResult>;
  /** Wraps the keys of personal data with another master key, which the next opening must be given. Recorded. Throws as `erase`. */
  rotateMasterKey(masterKey: Uint8Array, options: OperationOptions): Promise<OperationResult>;
  /** Removes events older than the declared retention that nobody needs; answers how many. Runs by itself every hour. */
  retain(): Promise<number>;
  /** The durable state as bytes, for tests that open it again: `{ file: ":memory:", simulate: { image } }`. */
  image(): Uint8Array;
}

/**
 * Opens a file for an application; creates it where there is none. Handlers run after `start()`.
 *
 * @example
 * const queue = await openLocal(app, { file: "orders.db" });
 * await queue.publish(orderPlaced, { orderId: "o-1" });
 * await queue.start();
 *
 * Throws `STORE_LOCKED`, `STORE_FOREIGN`, `STORE_NEWER`, `STORE_READ_ONLY`, `STORE_CORRUPT`, `STORE_FAILED`, `SECRET_MISSING`.
 */
export async function openLocal(app: App, options: LocalOptions): Promise<LocalQueue> {
  const engine = buildEngine(app.topology, options);
  const { system, store, topology, committer } = engine;

  const assertReadable = (): void => {
    if (engine.closed) throw new PulseQueueError("QUEUE_CLOSED", "The queue is closed");
  };
  const assertOpen = (): void => {
    if (engine.failure !== undefined) throw engine.failure;
    assertReadable();
  };
  const publisher = createPublisher({
    system,
    topology,
    store,
    admit() {
      assertOpen();
      committer.admit();
    },
  });
  const guard = { assertOpen, errorOf: storeError };
  const act = acting(engine.ledger, guard);

  return {
    ...publisher,
    async start() {
      assertOpen();
      await engine.start();
    },
    async idle() {
      assertOpen();
      await engine.idle();
    },
    close: () => engine.close(parseDuration(options.grace ?? "10s")),
    inspect: guardInspect(engine.inspect, { ...guard, assertOpen: assertReadable }),
    operate: guardOperate(engine.operate, engine.ledger, guard),
    ledger: guardLedger(engine.ledger, guard),
    keys: guardKeys(engine.keys, engine.ledger, guard),
    nonces: guardNonces(engine.nonces, guard),
    async backup(target, progress) {
      assertOpen();
      return backUp(engine.db, target, progress);
    },

    erase: (subject, given) => act("erase", engine.vault?.keyring.nameOf(subject) ?? "a subject", given, () => eraseSubject(engine, subject, given)),
    rotateMasterKey: (masterKey, given) => act("configuration", "master key", given, () => rotateMasterKey(engine, masterKey, given)),
    async verify(progress) {
      assertOpen();
      const pause = async (): Promise<void> => {
        await new Promise<void>((resolve) => {
          system.clock.soon(resolve);
        });
        assertOpen();
      };
      return verifyFile(engine.db, engine.statements, engine.journal, { progress, pause });
    },

    async facts() {
      assertOpen();
      return facts(engine, options);
    },
    async readiness() {
      try {
        assertOpen();
        const apply = (): void => {
          engine.statements.meta.set("probe", probe);
        };
        await committer.submit({ kind: "operate", bytes: 0, apply });
        const handlers = await engine.inspect.handlers();
        return { ready: true, checks: { store: "writable", oldestReadyMilliseconds: Math.max(0, ...handlers.map(({ oldestReady = 0 }) => oldestReady)) } };
      } catch (thrown) {
        return { ready: false, checks: { store: isPulseQueueError(thrown) && thrown.code === "STORE_FULL" ? "full" : "failed" } };
      }
    },
    async retain() {
      assertOpen();
      return engine.retain();
    },
    image: () => serialize(engine.db),
  };
}

/** As much as an ordinary commit writes: a full disk has room for a few bytes long after it has none for an event. */
const probe = "x".repeat(64 * 1_024);

function facts(engine: Engine, { file, durability = "full" }: LocalOptions): LocalFacts {
  const { db, statements, topology, journal, recovered } = engine;
  return {
    sqlite: String(db.prepare("SELECT sqlite_version()").pluck().get()),
    synchronous: durability,
    journalMode: String(db.pragma("journal_mode", { simple: true })),
    bytes: Number(db.pragma("page_count", { simple: true })) * Number(db.pragma("page_size", { simple: true })),
    walBytes: file === ":memory:" ? 0 : engine.walBytes(),
    head: journal.head,
    epoch: recovered.epoch,
    afterCrash: recovered.afterCrash,
    strangers: statements.handlers
      .all()
      .map(([, name]) => name)
      .filter((name) => !topology.handlers.has(name)),
  };
}
