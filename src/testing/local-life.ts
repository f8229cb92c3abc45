/** The embedded engine through several lives on one virtual clock: opened, closed or killed, and opened again over what was durable. */
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../core/app.ts";
import type { Duration } from "../core/duration.ts";
import type { Observer } from "../core/ports.ts";
import { openLocal, type FaultPoint, type LocalQueue, type Simulation } from "../engines/local/index.ts";
import type { ClockPort, VirtualClock } from "./clock.ts";
import { untilEnded } from "./drive.ts";

/** Thrown at a fault point: the engine dies there, as the process would by `kill -9`. */
export class SimulatedCrash extends Error {
  constructor(point: FaultPoint) {
    super(`killed at ${point}`);
    this.name = new.target.name;
  }
}

export interface LifeOptions extends Omit<Simulation, "image"> {
  readonly clock: VirtualClock;
  readonly random: () => number;
  /** Where files are made. @default none: in memory */
  readonly directory?: string | undefined;
  readonly secrets?: Readonly<Record<string, string>> | undefined;
  readonly retention?: Duration | undefined;
  readonly grace?: Duration | undefined;
  readonly observe?: Observer | undefined;
}

export interface Life {
  /** The engine of now. */
  readonly queue: LocalQueue;
  /** Whether a throw at a fault point has killed it. */
  readonly dead: boolean;
  /** Resolves when that happens. */
  readonly death: Promise<void>;
  /** Closes it; what still runs after the grace time is returned. */
  close(): Promise<void>;
  /** Opens it again: after `close`, else as after `kill -9`. */
  reopen(app: App, options?: Pick<LifeOptions, "secrets" | "retention" | "grace">): Promise<void>;
}

/** What stays of an engine in memory. */
interface Remains {
  image: Uint8Array | undefined;
}

/** Opens `app` for the first time. */
export async function beginLife(app: App, options: LifeOptions): Promise<Life> {
  const { clock, directory } = options;
  let number = 0;
  let closed = false;
  let given = options;
  let port: ClockPort = clock.port();
  let dead = false;
  let die = (): void => undefined;
  let death = new Promise<void>(() => undefined);
  const remains: Remains = { image: undefined };
  const file = (): string => (directory === undefined ? ":memory:" : join(directory, `${String(number)}.db`));

  const open = async (): Promise<LocalQueue> => {
    port = clock.port();
    dead = closed = false;
    death = new Promise((resolve) => {
      die = resolve;
    });
    const { at, duplicate, reorder, secrets = {}, retention, grace, observe } = given;
    return openLocal(app, {
      file: file(),
      clock: port,
      random: options.random,
      secrets: (name) => secrets[name],
      ...(retention === undefined ? {} : { retention }),
      ...(grace === undefined ? {} : { grace }),
      ...(observe === undefined ? {} : { observe }),
      simulate: {
        ...(remains.image === undefined ? {} : { image: remains.image }),
        ...(duplicate === undefined ? {} : { duplicate }),
        ...(reorder === undefined ? {} : { reorder }),
        at: (point) => {
          try {
            at?.(point);
          } catch (thrown) {
            dead = true;
            closed = false;
            port.detach();
            die();
            throw thrown;
          }
          // A closed database has no image any more: the last one is taken after the last commit.
          if (closed && directory === undefined && point === "operate.after-commit") remains.image = queue.image();
        },
      },
    });
  };
  const openClosable = async (): Promise<LocalQueue> => {
    const opened = await open();
    const close = (): Promise<void> => {
      closed = true;
      return opened.close();
    };
    return { ...opened, close };
  };
  let queue = await openClosable();

  return {
    get queue() {
      return queue;
    },
    get dead() {
      return dead;
    },
    get death() {
      return death;
    },
    async close() {
      await untilEnded(clock, queue.close());
    },
    async reopen(next, changes = {}) {
      app = next;
      given = { ...given, ...changes };
      if (!closed) {
        port.detach();
        if (directory === undefined) remains.image = queue.image();
        else number = copyFiles(file(), directory, number + 1);
      }
      queue = await openClosable();
    },
  };
}

/** Copies a database as a kill leaves it: with its write-ahead log, without closing it. */
function copyFiles(from: string, directory: string, number: number): number {
  const to = join(directory, `${String(number)}.db`);
  for (const suffix of ["", "-wal"]) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  return number;
}
