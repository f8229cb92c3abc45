/** Lambda in this process: functions, and the processes that run them, one invocation at a time, each until its end or its death. */
import { createHash } from "node:crypto";
import type { Clock } from "../../../core/ports.ts";
import type { ClockPort, VirtualClock } from "../../clock.ts";
import type { Caller } from "../service/service.ts";

/** A process of a function. */
export interface Process extends Caller {
  /** Which of its function's, 1 is the first. */
  readonly number: number;
  /** Its own: what it waits for dies with it. */
  readonly clock: Clock;
}

export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export type Handler = (event: unknown, context: InvocationContext) => Promise<unknown>;

export interface FunctionSpec {
  readonly name: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** Invocations at once. @default no limit of its own */
  readonly reserved?: number | null;
  /** What a process does before its first invocation. */
  readonly start: (process: Process) => Handler;
}

/** How an invocation ended without an answer. */
export class FunctionError extends Error {
  readonly why: "throttled" | "timeout" | "killed" | "threw";

  constructor(name: string, why: FunctionError["why"], options?: ErrorOptions) {
    super(`The function ${name} gave no answer: ${why}`, options);
    this.name = new.target.name;
    this.why = why;
  }
}

export interface LambdaFaults {
  /** Whether a start is refused now. */
  throttles(): boolean;
  /** Whether a process that could be used again is not. */
  forgets(): boolean;
  /** Whether a process whose time is over goes on, and finishes late. */
  outlives(): boolean;
  /** How far a process's wall clock is off, milliseconds. */
  skew(): number;
}

export const noLambdaFaults: LambdaFaults = { throttles: () => false, forgets: () => false, outlives: () => false, skew: () => 0 };

export interface Functions {
  /** In place of the one that had its name; what runs goes on. */
  put(spec: FunctionSpec): void;
  /** Rejects with `FunctionError`. */
  invoke(name: string, event: unknown): Promise<unknown>;
  /** Ends every process; answers how many had an invocation. */
  killAll(): number;
  /** Ends one of those that have an invocation, by the draw of `pick`; `false`: there is none. */
  killOne(pick: (count: number) => number): boolean;
  /** Invocations under way. */
  readonly running: number;
}

interface Life {
  readonly process: Process;
  readonly spec: FunctionSpec;
  readonly handler: Handler;
  isAlive: boolean;
  /** Ends its invocation, if it has one. */
  end: ((error: FunctionError) => void) | undefined;
}

export function createFunctions(clock: VirtualClock, faults: LambdaFaults): Functions {
  const specs = new Map<string, FunctionSpec>();
  const lives = new Set<Life>();
  const counts = new Map<string, number>();

  const start = (spec: FunctionSpec): Life => {
    const number = (counts.get(spec.name) ?? 0) + 1;
    counts.set(spec.name, number);
    const port: ClockPort = clock.port();
    const skew = faults.skew();
    const process: Process = {
      function: spec.name,
      number,
      clock: { ...port, now: () => port.now() + skew },
      isAlive: () => life.isAlive,
      kill: () => {
        life.isAlive = false;
        port.detach();
        lives.delete(life);
        life.end?.(new FunctionError(spec.name, "killed"));
      },
    };
    const life: Life = { process, spec, handler: spec.start(process), isAlive: true, end: undefined };
    lives.add(life);
    return life;
  };
  const idle = (spec: FunctionSpec): Life | undefined =>
    faults.forgets() ? undefined : [...lives].find((life) => life.spec === spec && life.end === undefined);

  const invoke = (name: string, event: unknown): Promise<unknown> => {
    const spec = specs.get(name);
    const isFull = [...lives].filter(({ spec: own, end }) => own.name === name && end !== undefined).length >= (spec?.reserved ?? Number.POSITIVE_INFINITY);
    if (spec === undefined || isFull || faults.throttles()) return Promise.reject(new FunctionError(name, "throttled"));
    const life = idle(spec) ?? start(spec);
    const { process } = life;
    return new Promise((resolve, reject) => {
      const deadline = clock.monotonic() + spec.timeout;
      const end = (settle: () => void): void => {
        if (life.end !== refuse) return;
        stop();
        life.end = undefined;
        settle();
      };
      const refuse = (error: FunctionError): void => {
        end(() => {
          reject(error);
        });
      };
      const stop = clock.timer(spec.timeout, () => {
        refuse(new FunctionError(name, "timeout"));
        // It may have sent something that arrives much later: as if it went on, unheard and never used again.
        if (faults.outlives()) lives.delete(life);
        else process.kill();
      });
      life.end = refuse;
      process.clock.soon(() => {
        life.handler(event, { getRemainingTimeInMillis: () => deadline - clock.monotonic() }).then(
          (answer) => {
            end(() => {
              resolve(answer);
            });
          },
          (cause: unknown) => {
            refuse(new FunctionError(name, "threw", { cause }));
          },
        );
      });
    });
  };

  return {
    put: (spec) => {
      specs.set(spec.name, spec);
      for (const life of lives) if (life.spec.name === spec.name && life.end === undefined) life.process.kill();
    },
    invoke,
    killAll: () => {
      const busy = [...lives].filter(({ end }) => end !== undefined).length;
      for (const { process } of [...lives]) process.kill();
      return busy;
    },
    killOne: (pick) => {
      const busy = [...lives].filter(({ end }) => end !== undefined);
      const [chosen] = busy.slice(pick(busy.length));
      chosen?.process.kill();
      return chosen !== undefined;
    },
    get running() {
      return [...lives].filter(({ end }) => end !== undefined).length;
    },
  };
}

/** An id as AWS makes them, of a text. */
export function mappingId(text: string): string {
  const hash = createHash("sha256").update(text).digest("hex");
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join("-");
}
