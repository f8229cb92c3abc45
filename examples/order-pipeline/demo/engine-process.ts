/** The demonstration's hold on the engine's process: starts it, talks to it, kills it. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { InvokeRequest, InvokeResponse } from "pulsequeue";
import type { Measured } from "./measure.ts";
import type { Command, EndpointName, EngineSettings, Message, Rest } from "./protocol.ts";
import type { History } from "./history.ts";

/** The process died before it answered: the request may or may not have been carried out. */
export class EngineLost extends Error {
  constructor() {
    super("The engine's process died before it answered");
    this.name = "EngineLost";
  }
}

export interface Progress {
  readonly decided: number;
  readonly confirmed: number;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class EngineProcess {
  readonly #settings: EngineSettings;
  readonly #onProgress: (progress: Progress) => void;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #ready: Promise<void> = Promise.resolve();
  #lastId = 0;
  /** What processes that died had counted. */
  #before: Progress = { decided: 0, confirmed: 0 };
  #now: Progress = { decided: 0, confirmed: 0 };

  constructor(settings: EngineSettings, onProgress: (progress: Progress) => void) {
    this.#settings = settings;
    this.#onProgress = onProgress;
  }

  /** Resolves once a process is up; rejects where it ended by itself. */
  ready(): Promise<void> {
    return this.#ready;
  }

  start(): Promise<void> {
    this.#ready = this.#spawn();
    return this.#ready;
  }

  /** Kills the process with SIGKILL, at once, and starts another; on the simulated AWS, kills all functions: others start by themselves. */
  restart(): Promise<void> {
    if (this.#settings.engine === "aws-sim") return this.#ask((id) => ({ type: "kill", id })).then(() => undefined);
    this.#ready = this.#kill().then(() => this.#spawn());
    return this.#ready;
  }

  /** Rejects with `EngineLost` where the process dies first. */
  async invoke(endpoint: EndpointName, request: InvokeRequest): Promise<InvokeResponse> {
    return (await this.#ask((id) => ({ type: "invoke", id, endpoint, request }))) as InvokeResponse;
  }

  async rest(): Promise<Rest> {
    return (await this.#ask((id) => ({ type: "rest", id }))) as Rest;
  }

  /** For an engine that leaves no file to be measured. */
  async measured({ placed, ...history }: History): Promise<Measured> {
    return (await this.#ask((id) => ({ type: "measure", id, placed: [...placed], history }))) as Measured;
  }

  async confirmed(): Promise<readonly string[]> {
    return (await this.#ask((id) => ({ type: "confirmed", id }))) as readonly string[];
  }

  /** Lets the process close its file and end. Whoever waits for another one is refused. */
  async close(): Promise<void> {
    const child = this.#release();
    this.#ready = Promise.reject(new Error("The demonstration is over"));
    this.#ready.catch(() => undefined); // whoever asks next hears of it
    if (child?.connected !== true) return;
    const gone = once(child, "exit");
    child.disconnect();
    await gone;
  }

  /** The process, which from now on may end without it being a failure. */
  #release(): ChildProcess | undefined {
    const child = this.#child;
    this.#child = undefined;
    return child;
  }

  async #kill(): Promise<void> {
    const child = this.#release();
    if (child === undefined) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    this.#before = { decided: this.#before.decided + this.#now.decided, confirmed: this.#before.confirmed + this.#now.confirmed };
    this.#now = { decided: 0, confirmed: 0 };
  }

  #spawn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = fork(fileURLToPath(new URL("./engine.ts", import.meta.url)), [JSON.stringify(this.#settings)], {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      this.#child = child;
      child.on("message", (message: Message) => {
        if (message.type === "ready") resolve();
        else if (message.type === "failed") this.#fail(new Error(message.message));
        else this.#hear(message);
      });
      child.on("exit", (code, signal) => {
        const byItself = this.#child === child;
        const error = byItself ? new Error(`The engine's process ended by itself (${signal ?? `exit code ${String(code)}`})`) : new EngineLost();
        reject(error);
        if (byItself) this.#ready = Promise.reject(error);
        this.#ready.catch(() => undefined); // whoever asks next hears of it
        this.#fail(error);
      });
    });
  }

  #ask(command: (id: number) => Command): Promise<unknown> {
    const child = this.#child;
    if (child?.connected !== true) return Promise.reject(new EngineLost());
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      child.send(command(id), (error) => {
        // The channel is gone: the exit tells everybody who waits.
        if (error !== null) this.#waiting.get(id)?.reject(new EngineLost());
      });
    });
  }

  #hear(message: Extract<Message, { type: "answer" | "progress" | "lost" }>): void {
    if (message.type === "lost") {
      this.#waiting.get(message.id)?.reject(new EngineLost());
      this.#waiting.delete(message.id);
      return;
    }
    if (message.type === "answer") {
      this.#waiting.get(message.id)?.resolve(message.answer);
      this.#waiting.delete(message.id);
      return;
    }
    this.#now = message;
    this.#onProgress({ decided: this.#before.decided + message.decided, confirmed: this.#before.confirmed + message.confirmed });
  }

  #fail(error: Error): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}
