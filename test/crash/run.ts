/** One run: process after process on one file, each ended in its own way, and the checker in between and at the end. */
import { existsSync, rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { faultPoints } from "pulsequeue/local";
import { seededRandom, type SeededRandom } from "../../src/testing/random.ts";
import { check, type Violation } from "./checker/check.ts";
import { Connection, createClient, type Client } from "./client.ts";
import type { Entry } from "./evidence.ts";
import { readFileState, readHead, readLeft } from "./file-state.ts";
import { openHistory, type History } from "./history.ts";
import { startLoad, type Load } from "./load.ts";
import type { CycleKind, Plan } from "./plan.ts";
import type { ServerSettings, Views } from "./protocol.ts";
import { createProvider } from "./provider.ts";
import { ServerProcess } from "./server-process.ts";
import { countUp, type Tally } from "./tally.ts";

export interface RunOptions {
  /** The process to start. */
  readonly script: string;
  readonly file: string;
  readonly cycles: number;
  /** How long a process is under load on average, seconds. */
  readonly secondsPerCycle: number;
  /** Requests that a process has answered at least before it is ended, unless it is to be ended in its beginnings. */
  readonly answersPerCycle: number;
  readonly seed: number;
  /** Requests at once. */
  readonly clients: number;
  readonly plan: Plan;
  /** Cycles after which everything is brought to rest and checked; it is at the end in any case. */
  readonly checkEvery: number;
  /** How long nothing may move, and how long a process may take to answer or to close, before that is a fault; milliseconds. */
  readonly patience: number;
  /** Whether a simulated transport delivers again what is settled, in about half of the lives. */
  readonly duplicates: boolean;
  readonly onCycle: (cycle: number) => void;
  readonly signal: AbortSignal;
}

export interface RunResult {
  /** Cycles that were run: fewer than asked where a check found something. */
  readonly cycles: number;
  readonly kinds: Readonly<Partial<Record<CycleKind, number>>>;
  /** Processes that found the file not closed. */
  readonly afterCrash: number;
  /** Processes that killed themselves at a named point of the engine. */
  readonly atPoints: number;
  readonly checks: number;
  readonly seconds: number;
  readonly tally: Tally;
  readonly violations: readonly Violation[];
}

/** Nothing goes on any more: what was found so far is judged. */
class Stuck extends Error {}

interface Life {
  readonly number: number;
  readonly server: ServerProcess;
  /** What has been done to the process so far. */
  told: "SIGKILL" | "SIGTERM" | "nothing";
  /** Why it was given up. */
  givenUp: string | undefined;
}

/** Milliseconds after which a process that did not reach its point is killed from outside. */
const longestWaitForPoint = 1_000;
/** How far the time of day is set back at most before a process starts, milliseconds. */
const longestSetBack = 60 * 60_000;
/** Processes in a row that end before they are ready. */
const maxFailures = 3;

export class CrashRun {
  readonly #options: RunOptions;
  readonly #random: SeededRandom;
  readonly #history: History;
  readonly #connection = new Connection();
  readonly #client: Client;
  readonly #load: Load;
  readonly #provider;
  readonly #kinds: Partial<Record<CycleKind, number>> = {};
  #standby: { readonly server: ServerProcess; readonly life: { number: number } };
  #current: Life | undefined;
  #lives = 0;
  #afterCrash = 0;
  #failures = 0;
  #atPoints = 0;
  #checks = 0;
  #closed = false;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#history = openHistory(`${options.file}.history`);
    this.#client = createClient(this.#history, this.#connection);
    this.#load = startLoad(options.clients, this.#client, this.#random.fork());
    this.#provider = createProvider(this.#random.fork());
    this.#standby = this.#boot();
  }

  async run(): Promise<RunResult> {
    const { cycles, checkEvery, plan, onCycle, signal } = this.#options;
    const started = performance.now();
    let cycle = 0;
    let violations: readonly Violation[] = [];
    this.#load.resume();
    const over = new AbortController();
    const aborted = new Promise<never>((_resolve, reject) => {
      const stop = (): void => {
        reject(new Error("the run was interrupted"));
      };
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop, { signal: over.signal });
    });
    aborted.catch(() => undefined); // heard of below, while a cycle runs
    while (cycle < cycles && violations.length === 0) {
      const kind = plan(cycle);
      cycle += 1;
      this.#kinds[kind] = (this.#kinds[kind] ?? 0) + 1;
      const isLast = cycle === cycles;
      try {
        await Promise.race([this.#cycle(kind), this.#load.failed, aborted]);
        onCycle(cycle);
        if (!isLast && cycle % checkEvery !== 0) continue;
        violations = await Promise.race([this.#rest().then((views) => this.#check(views)), this.#load.failed, aborted]);
      } catch (error) {
        if (!(error instanceof Stuck)) throw error;
        violations = await this.#check(undefined);
        break;
      }
    }
    over.abort();
    const seconds = (performance.now() - started) / 1_000;
    const tally = countUp(this.#history.read(), readFileState(this.#options.file));
    return { cycles: cycle, kinds: this.#kinds, afterCrash: this.#afterCrash, atPoints: this.#atPoints, checks: this.#checks, seconds, tally, violations };
  }

  /** Ends every process that this run started. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#connection.fail(new Error("the run is over"));
    for (const server of [this.#standby.server, this.#current?.server]) {
      server?.signal("SIGKILL");
      await server?.ended;
    }
    this.#history.close();
  }

  async #cycle(kind: CycleKind): Promise<void> {
    const random = this.#random;
    if (kind === "start") {
      const life = await this.#start(random() * 40);
      if (life !== undefined) await this.#end(life, "SIGKILL");
      return;
    }
    if (kind === "rest") {
      await this.#rest();
      return;
    }
    const killAt = kind === "point" ? { point: random.pick(faultPoints), time: 1 + random.below(30) } : undefined;
    const life = await this.#start(undefined, killAt);
    if (life === undefined) return;
    const { server } = life;
    if (kind === "point") {
      await this.#pause(life, longestWaitForPoint);
      if (server.gone) this.#atPoints += 1;
    } else await this.#underLoad(life);
    switch (kind) {
      case "load":
      case "point":
        break;
      case "backup": {
        const backup = this.#backUp(life.number);
        await Promise.race([backup, this.#pause(life, random() * 30)]);
        await this.#end(life, "SIGKILL");
        await backup;
        return;
      }
      case "freeze":
        server.signal("SIGSTOP");
        await this.#rival(life);
        await this.#pause(life, random() * 80);
        server.signal("SIGCONT");
        await this.#pause(life, random() * 50);
        break;
      case "close":
        this.#tell(life, "SIGTERM");
        await this.#pause(life, random() * 40);
        break;
      case "stop":
        await this.#end(life, "SIGTERM");
        return;
    }
    await this.#end(life, "SIGKILL");
  }

  #boot(): { readonly server: ServerProcess; readonly life: { number: number } } {
    if (this.#closed) throw new Error("the run is over");
    const life = { number: 0 };
    const server = new ServerProcess(this.#options.script, {
      fact: (fact) => this.#history.note({ ...fact, life: life.number }),
      charge: (key, event) => {
        const charge = this.#provider.charge(key);
        this.#history.note({ type: "charge", life: life.number, key, event, ...charge });
        return this.#provider.answer(charge);
      },
    });
    return { server, life };
  }

  /**
   * Lets the process that is booted already open the file, and boots the next one meanwhile. Waits for it at most so many
   * milliseconds. Answers `undefined` when the process ended by itself, which is in the history then.
   */
  async #start(most?: number, killAt?: ServerSettings["killAt"]): Promise<Life | undefined> {
    const { server, life } = this.#standby;
    await server.booted;
    this.#lives += 1;
    life.number = this.#lives;
    const current: Life = { number: life.number, server, told: killAt === undefined ? "nothing" : "SIGKILL", givenUp: undefined };
    this.#current = current;
    const duplicates = this.#options.duplicates && this.#random.chance(0.5);
    this.#history.note({ type: "start", life: life.number, duplicates });
    const { file, patience } = this.#options;
    const setBack = this.#client.answered > 0 && this.#random.chance(0.2) ? this.#random.below(longestSetBack) : 0;
    const opening = server.open({ file, patience, duplicates, killAt, setBack, seed: this.#random.below(2 ** 31) });
    void opening.then((opened) => {
      if (opened !== "ready") return;
      this.#failures = 0;
      if (server.afterCrash) this.#afterCrash += 1;
      this.#connection.offer(server);
    });
    this.#standby = this.#boot();
    const opened = await (most === undefined ? opening : Promise.race([opening, setTimeout(most, "late" as const)]));
    if (opened !== "ended" || current.told === "SIGKILL") return current;
    await this.#note(current);
    this.#failures += 1;
    if (this.#failures >= maxFailures) throw new Stuck(`${String(maxFailures)} processes in a row ended before they were ready`);
    return undefined;
  }

  /** Waits, unless the process ends by itself before. */
  async #pause({ server }: Life, milliseconds: number): Promise<void> {
    await Promise.race([setTimeout(milliseconds), server.ended]);
  }

  async #underLoad(life: Life): Promise<void> {
    const { secondsPerCycle, answersPerCycle, patience } = this.#options;
    const least = this.#client.answered + answersPerCycle;
    const started = performance.now();
    await this.#pause(life, this.#random() * 2_000 * secondsPerCycle);
    while (this.#client.answered < least && !life.server.gone && performance.now() - started < patience) await setTimeout(5);
  }

  #tell(life: Life, signal: "SIGKILL" | "SIGTERM"): void {
    if (life.told !== "SIGKILL") life.told = signal;
    life.server.signal(signal);
  }

  async #end(life: Life, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#tell(life, signal);
    await this.#within(life, life.server.ended, "it did not close");
    await this.#note(life);
  }

  /** Writes down how a process ended. */
  async #note(life: Life): Promise<void> {
    const { code, signal, lastWords } = await life.server.ended;
    const by = endedBy(life, signal, lastWords !== undefined);
    const message = life.givenUp ?? (lastWords === undefined ? (signal ?? "") : `${lastWords.code} ${lastWords.message}`);
    const left = by === "SIGTERM" && code === 0 ? readLeft(this.#options.file) : undefined;
    await this.#history.write({ type: "end", life: life.number, by, code, message, left } satisfies Entry);
    this.#current = undefined;
  }

  /** Gives a process up that takes too long. */
  async #within<Result>(life: Life, promise: Promise<Result>, otherwise: string): Promise<Result | undefined> {
    const { patience } = this.#options;
    const abort = new AbortController();
    const late = setTimeout(patience * 2, undefined, { signal: abort.signal }).catch(() => undefined);
    const result = await Promise.race([promise, late]);
    abort.abort();
    if (result !== undefined) return result;
    life.givenUp = `${otherwise} within ${String((patience * 2) / 1_000)} s`;
    life.server.signal("SIGKILL");
    await life.server.ended;
    return undefined;
  }

  async #backUp(life: number): Promise<void> {
    const target = `${this.#options.file}.backup-${String(life)}`;
    const outcome = await this.#client.once({ do: "backup", target }, () => ({ head: readHead(target) }));
    if (outcome.type !== "ok" && existsSync(target)) this.#history.note({ type: "backup", target, head: readHead(target) });
    for (const suffix of ["", "-wal", "-shm", "-partial", "-partial-journal"]) rmSync(`${target}${suffix}`, { force: true });
  }

  /** A second process on the same file: it must be refused. */
  async #rival(life: Life): Promise<void> {
    const { server } = this.#standby;
    const { file, patience } = this.#options;
    await server.booted;
    const opened = await server.open({ file, patience, duplicates: false, killAt: undefined, setBack: 0, seed: 0 });
    if (opened === "ready") server.signal("SIGKILL");
    const { lastWords } = await server.ended;
    this.#history.note({ type: "rival", life: life.number, code: opened === "ready" ? "no refusal" : (lastWords?.code ?? "no answer") });
    this.#standby = this.#boot();
  }

  /** Brings everything to rest, then lets the clients go on. */
  async #rest(): Promise<Views> {
    const views = await this.#bringToRest();
    this.#load.resume();
    return views;
  }

  /** One more process under load; then lets every client end what it does and every delivery be handled, and closes it. */
  async #bringToRest(): Promise<Views> {
    let quiet: Promise<void> | undefined;
    for (;;) {
      const life = await this.#start();
      if (life === undefined) continue;
      // Under load before: so what only a start would put right shows.
      if (quiet === undefined) await this.#underLoad(life);
      quiet ??= this.#load.pause();
      const { server } = life;
      const ended = server.ended.then(() => "ended" as const);
      const asked = await this.#within(life, Promise.race([quiet.then(() => "quiet" as const), ended, this.#load.failed]), "clients got no answer");
      const views = asked === "quiet" ? await server.drain() : undefined;
      if (views !== undefined) {
        await this.#end(life, "SIGTERM");
        return views;
      }
      await this.#note(life);
      this.#failures += 1;
      if (this.#failures >= maxFailures || asked === undefined) throw new Stuck("the engine could not be brought to rest");
    }
  }

  async #check(views: Views | undefined): Promise<readonly Violation[]> {
    this.#checks += 1;
    return check({ history: this.#history.read(), file: readFileState(this.#options.file), views });
  }
}

function endedBy({ givenUp, told }: Life, signal: NodeJS.Signals | null, spoke: boolean): Life["told"] {
  if (givenUp !== undefined || spoke) return "nothing";
  if (signal !== null) return signal === told ? told : "nothing";
  // It may close before the kill that was sent after the wish to close.
  return told === "nothing" ? "nothing" : "SIGTERM";
}
