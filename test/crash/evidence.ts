/** All that the checker judges: what the client saw, what the file holds, what the engine says of itself. Plain data. */
import type { Row } from "pulsequeue";
import type * as declared from "./declarations.ts";
import type { Answer, ChainLink, Request, Views } from "./protocol.ts";

/** One line of the client's history, in the order in which the client learned of it. */
export type Entry =
  | { readonly type: "start"; readonly life: number; readonly duplicates: boolean }
  | { readonly type: "call"; readonly call: number; readonly request: Request }
  | { readonly type: "ok"; readonly call: number; readonly answer: Answer }
  /** Refused: it did not happen. */
  | { readonly type: "fail"; readonly call: number; readonly code: string }
  /** The process died before it answered: it happened, or it did not. */
  | { readonly type: "unknown"; readonly call: number }
  | { readonly type: "attempt"; readonly life: number; readonly handler: string; readonly event: string; readonly attempt: number }
  /** The provider was asked for a charge. */
  | { readonly type: "charge"; readonly life: number; readonly key: string; readonly event: string; readonly charge: number; readonly call: number }
  /** A step with this charge was kept. */
  | { readonly type: "kept"; readonly life: number; readonly key: string; readonly call: number }
  /** A backup that nobody acknowledged is there under its name all the same. */
  | { readonly type: "backup"; readonly target: string; readonly head: ChainLink }
  /** A second process tried to open the file while the first had it. */
  | { readonly type: "rival"; readonly life: number; readonly code: string }
  | {
      readonly type: "end";
      readonly life: number;
      /** What was done to the process; `nothing` when it ended by itself. */
      readonly by: "SIGKILL" | "SIGTERM" | "nothing";
      readonly code: number | null;
      readonly message: string;
      /** What a process that closed left behind: deliveries that still count as running, and bytes of the write-ahead log. */
      readonly left: { readonly running: number; readonly walBytes: number } | undefined;
    };

export interface StoredEvent {
  readonly seq: number;
  readonly type: string;
  readonly source: string;
  readonly id: string;
  readonly time: number;
  readonly key: string | null;
  readonly tenant: string | null;
  readonly version: number;
  readonly correlation: string | null;
  readonly causation: string | null;
  readonly hops: number;
  readonly traceparent: string | null;
  readonly due: number | null;
  readonly data: string;
  readonly previous: string;
  readonly hash: string;
}

/** States of a delivery's row. What is done has none. */
export const rowStates = { 1: "scheduled", 2: "ready", 3: "running", 4: "retrying", 5: "parked", 6: "dead", 7: "scheduled" } as const;

export interface StoredDelivery {
  readonly handler: string;
  readonly seq: number;
  readonly run: number;
  readonly state: (typeof rowStates)[keyof typeof rowStates] | "unknown";
  readonly attempts: number;
  readonly redrives: number;
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

/** A handler subscribed to a type: it takes the events after `since`, and is done up to `cursor` but for its rows. */
export interface Subscription {
  readonly handler: string;
  readonly type: string;
  readonly since: number;
  readonly cursor: number;
}

/** One end of a delivery, from a receipt. */
export interface StoredEnd {
  readonly handler: string;
  readonly seq: number;
  readonly run: number;
  readonly state: string;
}

export interface StoredOperation {
  readonly action: string;
  readonly subject: string;
  readonly reason: string;
  readonly count: number;
}

export interface Tables {
  readonly counters: readonly Row<typeof declared.counters>[];
  readonly applied: readonly Row<typeof declared.applied>[];
  readonly bumps: readonly Row<typeof declared.bumps>[];
  readonly "follow-ups": readonly Row<typeof declared.followUps>[];
  readonly sequences: readonly Row<typeof declared.sequences>[];
  readonly seen: readonly Row<typeof declared.seen>[];
  readonly tasks: readonly Row<typeof declared.tasks>[];
  readonly charges: readonly Row<typeof declared.charges>[];
  readonly reminders: readonly Row<typeof declared.reminders>[];
  readonly arrivals: readonly Row<typeof declared.arrivals>[];
  readonly stock: readonly Row<typeof declared.stock>[];
  readonly reservations: readonly Row<typeof declared.reservations>[];
  readonly remedies: readonly Row<typeof declared.remedies>[];
  readonly beats: readonly Row<typeof declared.beats>[];
}

/** What is in the file, read from it directly, with no code of the engine. */
export interface FileState {
  /** By position. */
  readonly events: readonly StoredEvent[];
  readonly subscriptions: readonly Subscription[];
  readonly deliveries: readonly StoredDelivery[];
  readonly ends: readonly StoredEnd[];
  readonly operations: readonly StoredOperation[];
  /** Idempotency keys that have an answer, as `endpoint/key`. */
  readonly answers: readonly string[];
  readonly tables: Tables;
  /** What SQLite's own check of the file says; `ok` where all is well. */
  readonly integrity: string;
}

export interface Evidence {
  readonly history: readonly Entry[];
  readonly file: FileState;
  /** `undefined` where no process could be brought to rest. */
  readonly views: Views | undefined;
}
