/** The client's hold on one process: boots it, opens the file in it, talks to it, kills it. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Charge } from "./app.ts";
import type { Answer, Fact, FromServer, Request, ServerSettings, ToServer, Views } from "./protocol.ts";

/** What became of one request, as its client sees it. */
export type Outcome =
  | { readonly type: "ok"; readonly answer: Answer }
  | { readonly type: "fail"; readonly code: string }
  /** The process ended before it answered. */
  | { readonly type: "unknown" };

export interface Listener {
  fact(fact: Fact): void;
  /** The provider's answer to a call with this key. */
  charge(key: string, event: string): Promise<Charge>;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said before it ended by itself: an error code and a message. */
  readonly lastWords: { readonly code: string; readonly message: string } | undefined;
}

export type Opened = "ready" | "ended";

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #listener: Listener;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #onReady: (opened: Opened) => void = () => undefined;
  #onDrained: (views: Views | undefined) => void = () => undefined;
  #lastWords: Ending["lastWords"];
  #gone = false;
  /** Whether the process before it had not closed the file; known once it is ready. */
  afterCrash = false;
  /** Resolves once the process can be told to open a file, or has ended instead. */
  readonly booted: Promise<void>;
  /** Resolves once the process has ended and all that it said has been heard. */
  readonly ended: Promise<Ending>;

  constructor(script: string, listener: Listener) {
    this.#listener = listener;
    this.#child = fork(script, [], { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] });
    const child = this.#child;
    const booted = new Promise<void>((resolve) => {
      child.on("message", (message: FromServer) => {
        if (message.type === "booted") resolve();
        else this.#hear(message);
      });
    });
    // An answer that reached the channel before the kill was given: so wait for the channel's end as well.
    this.ended = Promise.all([once(child, "exit"), once(child, "disconnect")]).then(([[code, signal]]) =>
      this.#end(code as number | null, signal as NodeJS.Signals | null),
    );
    this.booted = Promise.race([booted, this.ended.then(() => undefined)]);
  }

  /** Resolves once the file is open, or the process has ended instead. The process must have booted. */
  open(settings: ServerSettings): Promise<Opened> {
    const opened = new Promise<Opened>((resolve) => {
      this.#onReady = resolve;
    });
    this.#send({ type: "open", settings });
    return Promise.race([opened, this.ended.then((): Opened => "ended")]);
  }

  get gone(): boolean {
    return this.#gone;
  }

  ask(call: number, request: Request): Promise<Outcome> {
    return new Promise((resolve) => {
      if (this.#gone) {
        resolve({ type: "unknown" });
        return;
      }
      this.#waiting.set(call, resolve);
      this.#send({ type: "request", call, request });
    });
  }

  /** Waits until nothing is left to do; `undefined` when the process ended instead. */
  async drain(): Promise<Views | undefined> {
    const drained = new Promise<Views | undefined>((resolve) => {
      this.#onDrained = resolve;
    });
    this.#send({ type: "drain" });
    return Promise.race([drained, this.ended.then(() => undefined)]);
  }

  signal(signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  #send(message: ToServer): void {
    if (this.#child.connected) this.#child.send(message, () => undefined); // a channel that is gone shows in `ended`
  }

  #hear(message: Exclude<FromServer, { type: "booted" }>): void {
    switch (message.type) {
      case "ready":
        this.afterCrash = message.afterCrash;
        this.#onReady("ready");
        return;
      case "died":
        this.#lastWords = { code: message.code, message: message.message };
        return;
      case "answer":
        this.#settle(message.call, { type: "ok", answer: message.answer });
        return;
      case "failure":
        // After an error of the store nobody knows what is in the file.
        this.#settle(message.call, message.code.startsWith("STORE_") ? { type: "unknown" } : { type: "fail", code: message.code });
        return;
      case "charge":
        void this.#listener.charge(message.key, message.event).then((charge) => {
          this.#send({ type: "charged", call: message.call, charge });
        });
        return;
      case "fact":
        this.#listener.fact(message.fact);
        return;
      case "drained":
        this.#onDrained(message.views);
    }
  }

  #settle(call: number, outcome: Outcome): void {
    this.#waiting.get(call)?.(outcome);
    this.#waiting.delete(call);
  }

  #end(code: number | null, signal: NodeJS.Signals | null): Ending {
    this.#gone = true;
    for (const resolve of this.#waiting.values()) resolve({ type: "unknown" });
    this.#waiting.clear();
    return { code, signal, lastWords: this.#lastWords };
  }
}
