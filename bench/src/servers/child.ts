import { spawn, type ChildProcess } from "node:child_process";
import { openSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";

/** A server that this process started. */
export interface Server {
  /** `redis://…`, `postgres://…` */
  readonly address: string;
  /** Name and version. */
  readonly version: string;
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** Everything that it prints goes there. */
  readonly log: string;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Text for its standard input. */
  readonly input?: string;
  /** How it is asked to end at once, and cleanly. */
  readonly stopSignal: NodeJS.Signals;
}

/** Starts a server in a process group of its own, so that Ctrl-C reaches us first and we stop it in order. */
export function startChild(
  command: string,
  args: readonly string[],
  options: ChildOptions,
): { readonly alive: () => boolean; readonly stop: () => Promise<void> } {
  const log = openSync(options.log, "a");
  const child = spawn(command, args, { detached: true, stdio: ["pipe", log, log], ...options.user });
  child.stdin?.end(options.input ?? "");
  let failure: Error | undefined;
  child.on("error", (error) => {
    failure = error;
  });
  const lastResort = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", lastResort);
  return {
    alive() {
      if (failure !== undefined) throw failure;
      return running(child);
    },
    async stop() {
      child.kill(options.stopSignal);
      const deadline = Date.now() + 10_000;
      while (running(child)) {
        if (Date.now() > deadline) child.kill("SIGKILL");
        await setTimeout(5);
      }
      process.off("exit", lastResort);
    },
  };
}

function running(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** A port on the loopback address that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("no free port"));
      });
    });
  });
}

/** Tries `attempt` until it succeeds. Rejects when the server has ended, or after 20 s. */
export async function untilUp<Result>(what: string, alive: () => boolean, attempt: () => Promise<Result>): Promise<Result> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    if (!alive()) throw new Error(`${what} ended as it started`);
    try {
      return await attempt();
    } catch (cause) {
      if (Date.now() > deadline) throw new Error(`${what} did not answer within 20 s`, { cause });
      await setTimeout(20);
    }
  }
}
