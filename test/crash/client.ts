/** Asks the process that is up now, and writes down what it asked and what came of it. */
import { setTimeout } from "node:timers/promises";
import type { History } from "./history.ts";
import { codeOf, type Answer, type Request } from "./protocol.ts";
import type { Outcome, ServerProcess } from "./server-process.ts";

/** Where the clients find the process that has the file open. */
export class Connection {
  #current: ServerProcess | undefined;
  #failure: Error | undefined;
  #waiting: { readonly resolve: (server: ServerProcess) => void; readonly reject: (error: Error) => void }[] = [];

  offer(server: ServerProcess): void {
    this.#current = server;
    for (const { resolve } of this.#waiting.splice(0)) resolve(server);
  }

  /** No process will come any more: whoever waits for one hears why. */
  fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** The process that is up; waits for the next one while there is none. */
  server(): Promise<ServerProcess> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#current?.gone === false) return Promise.resolve(this.#current);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
}

export type Known = Exclude<Outcome, { type: "unknown" }>;

export interface Client {
  /** Requests that were answered so far. */
  readonly answered: number;
  /** Asks once; the outcome may stay unknown. With `see`, the client writes down what it saw itself of what was acknowledged. */
  once(request: Request, see?: () => Answer): Promise<Outcome>;
  /** Asks again with the same ids until the outcome is known. */
  insist(request: Request): Promise<Known>;
}

export function createClient(history: History, connection: Connection): Client {
  let lastCall = 0;
  let answered = 0;
  const askOne = async (request: Request, see?: () => Answer): Promise<{ readonly server: ServerProcess; readonly outcome: Outcome }> => {
    const server = await connection.server();
    lastCall += 1;
    const call = lastCall;
    await history.write({ type: "call", call, request });
    const told = await server.ask(call, request);
    const outcome = told.type === "ok" && see !== undefined ? { ...told, answer: see() } : told;
    history.note({ ...outcome, call });
    if (outcome.type !== "unknown") answered += 1;
    return { server, outcome };
  };
  return {
    get answered() {
      return answered;
    },
    once: async (request, see) => (await askOne(request, see)).outcome,
    async insist(request) {
      for (;;) {
        const { server, outcome } = await askOne(request);
        if (outcome.type === "fail" && outcome.code === "QUEUE_CLOSED") await server.ended;
        else if (outcome.type === "unknown" || mustWait(outcome)) await setTimeout(1);
        else return outcome;
      }
    },
  };
}

function mustWait(outcome: Known): boolean {
  if (outcome.type === "fail") return outcome.code === "BACKPRESSURE";
  return codeOf(outcome.answer) === "REQUEST_IN_PROGRESS";
}
