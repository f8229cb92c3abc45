/** What is carried out in the audit itself: a control that is configured is not yet one that works. */
import type { App } from "../core/app.ts";
import type { Clock } from "../core/ports.ts";
import type { OperationOptions, OperationResult } from "../core/operation.ts";
import type { Queue } from "../core/queue.ts";

/** What an experiment found. Without problems, and with something tried, its claim holds. */
export interface Outcome {
  readonly kind: "ATTACK" | "RUN";
  readonly claim: string;
  readonly tried: number;
  readonly value: string;
  readonly problems: readonly string[];
  readonly milliseconds: number;
  /** What was not there to carry it out with: then nothing was found, neither good nor bad. */
  readonly needs?: string;
}

export type Found = Pick<Outcome, "tried" | "value" | "problems" | "needs">;

export interface Experiment {
  readonly name: string;
  readonly kind: Outcome["kind"];
  readonly claim: string;
  readonly run: (lab: Lab) => Promise<Found>;
}

/** How an engine and its door are opened for an experiment. */
export interface BenchOptions {
  readonly app: App;
  /** Name in the experiment's own folder. @default in memory */
  readonly file?: string;
  /** Encrypt personal data. @default true */
  readonly encrypted?: boolean;
  readonly secrets?: (name: string) => string | undefined;
  /** @default the machine's */
  readonly clock?: Clock;
  readonly retention?: string;
  readonly limits?: {
    readonly address?: { readonly perSecond: number; readonly burst: number };
    readonly principal?: { readonly perSecond: number; readonly burst: number };
  };
}

export interface Ask {
  /** @default GET, POST where there is a body */
  readonly method?: string;
  /** Token of an API key. */
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether the client is on this machine. @default false */
  readonly local?: boolean;
}

/** An engine with its door, its log and its metrics. */
export interface Bench {
  readonly queue: Queue & {
    readonly verify: () => Promise<{ readonly ok: boolean; readonly events: number; readonly problems: readonly { readonly message: string }[] }>;
    readonly backup: (target: string) => Promise<{ readonly bytes: number }>;
    readonly retain: () => Promise<number>;
    readonly erase: (subject: string, options: OperationOptions) => Promise<OperationResult>;
  };
  /** Answers a request as the door would over a socket. */
  readonly ask: (path: string, ask?: Ask) => Promise<Response>;
  /** Every line that was logged so far. */
  readonly log: () => readonly string[];
  /** What Prometheus would scrape. */
  readonly metrics: () => Promise<string>;
  /** How many requests were observed, by route. */
  readonly requests: () => number;
  readonly close: () => Promise<void>;
}

/** How two applies at once on one state ended. */
export interface Applies {
  /** What Terraform said where the first one failed; `undefined` where it went well. */
  readonly first: string | undefined;
  /** What it said where the second one, begun while the first one ran, was refused. */
  readonly second: string | undefined;
  /** Locks that are left at the end. */
  readonly locks: number;
}

/** What an experiment works with: engines, a folder of its own, and what goes past the engine. */
export interface Lab {
  /** The application that is audited. */
  readonly app: App;
  readonly open: (options: BenchOptions) => Promise<Bench>;
  /** Bytes of every file in the experiment's folder, by name. */
  readonly files: () => ReadonlyMap<string, Uint8Array>;
  /** Path of a file in the experiment's folder, for a backup. */
  readonly path: (name: string) => string;
  readonly copy: (from: string, to: string) => void;
  /** Runs SQL on a closed file, past the engine. */
  readonly tamper: (file: string, sql: string) => void;
  /** Text of each environment's `backend.tf.json`, by its name. */
  readonly backends: ReadonlyMap<string, string>;
  /** Runs Terraform twice at once through that backend, on a stand-in for S3; `undefined` where there is no Terraform. */
  readonly applyTwice: (backend: string) => Promise<Applies | undefined>;
  /** Tries to listen there with a door that has a credential but no TLS, or none of both; answers the refusal's code, `undefined` where it listens. */
  readonly listen: (host: string, hasCredentials: boolean) => Promise<string | undefined>;
  readonly clock: () => Clock & { readonly advance: (milliseconds: number) => Promise<void> };
  /** Milliseconds that never jump back. */
  readonly monotonic: () => number;
}
