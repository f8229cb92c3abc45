import type { Duration } from "../../core/duration.ts";
import type { Clock, Observer, Tracer } from "../../core/ports.ts";

/** What `openLocal` takes. */
export interface LocalOptions {
  /** The database file, or `":memory:"` for tests: nothing survives `close`. */
  readonly file: string;
  /**
   * `full`: an acknowledged event survives loss of power (every commit is synced). `normal`: it survives a crash of the process,
   * not loss of power. @default "full"
   */
  readonly durability?: "full" | "normal";
  /** How long the journal keeps events that every handler is done with. @default "30d" */
  readonly retention?: Duration;
  /** How long `close` waits for running handlers. @default "10s" */
  readonly grace?: Duration;
  /**
   * Value of a declared secret, asked each time a handler asks. @default the environment variable PULSEQUEUE_SECRET_<NAME>, in
   * capitals with `_`: `env:NAME` or `file:/path` says where the value is, anything else is the value
   */
  readonly secrets?: (name: string) => string | undefined;
  /** Encrypts what is declared as personal data. @default stored as it is, which is for development only */
  readonly vault?: VaultOptions;
  /** Follows work across processes, e.g. `openTelemetryTracer()` of `pulsequeue/observe`. @default nobody */
  readonly trace?: Tracer | undefined;
  /** Told of what happened, after it is durable. Must not throw. @default nobody */
  readonly observe?: Observer;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** Numbers in [0, 1). @default a cryptographic source */
  readonly random?: () => number;
  /** What tests of the engine itself turn on. @default nothing */
  readonly simulate?: Simulation;
}

/** What `openLocal` takes to encrypt personal data at rest. */
export interface VaultOptions {
  /** 32 random bytes. Without them nothing that was sealed can be read. */
  readonly masterKey: Uint8Array;
  /** Where the keys are kept that personal data is sealed with. @default `<file>-keyring`; in memory for `":memory:"` */
  readonly keyring?: string;
}

/** Faults that a simulator injects. They cannot be turned on from outside the process. */
export interface Simulation {
  /** The durable state of an earlier `:memory:` engine, from `image()`. */
  readonly image?: Uint8Array;
  /** Called at every named point; throwing there kills this engine at once, as a crash of the process would. */
  readonly at?: (point: FaultPoint) => void;
  /** Whether a delivery that has just been settled is delivered once more. */
  readonly duplicate?: () => boolean;
  /** A new order for deliveries that wait (each key keeps its own order where the handler is ordered). */
  readonly reorder?: <Item>(items: readonly Item[]) => readonly Item[];
}

/** Every point at which the engine can be killed: before and after each kind of commit. */
export const faultPoints = [
  "append.before-commit",
  "append.after-commit",
  "settle.before-commit",
  "settle.after-commit",
  "step.before-commit",
  "step.after-commit",
  "claim.before-commit",
  "claim.after-commit",
  "park.before-commit",
  "park.after-commit",
  "operate.before-commit",
  "operate.after-commit",
  "request.before-commit",
  "request.after-commit",
] as const;
export type FaultPoint = (typeof faultPoints)[number];

/** One thing that is wrong with a file. */
export interface VerifyProblem {
  /** Position in the journal; 0 where it is not about one event. */
  readonly position: number;
  readonly message: string;
}

/** What `verify` found. */
export interface VerifyReport {
  readonly ok: boolean;
  readonly events: number;
  readonly problems: readonly VerifyProblem[];
}
