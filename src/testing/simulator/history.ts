/** What the outside saw of a run, and what was found at its end: all that the checker may judge by. */
import type { DeliveryState } from "../../core/delivery.ts";
import type { LedgerEntry } from "../../core/ledger.ts";
import type { DeadLetterView, DeliveryView, EventView } from "../../core/queue.ts";

/** How a call ended for its client. `unknown`: the engine died before it answered, so it may have happened or not. */
export type Outcome = "new" | "duplicate" | "refused" | "unknown";

export interface Published {
  readonly id: string;
  readonly type: string;
  /** JSON text. */
  readonly data: string;
  /** Milliseconds. */
  readonly delay: number;
  /** When it was sent, by the true clock that nobody sets, milliseconds. */
  readonly sentAt: number;
  readonly outcome: Outcome;
  /** The code of a refusal. */
  readonly code: string | undefined;
}

/** A batch without ids of its own; its events carry its name. */
export interface PublishedBatch {
  readonly name: string;
  readonly size: number;
  readonly outcome: "new" | "unknown";
}

export interface Requested {
  readonly key: string;
  readonly outcome: "answered" | "replayed" | "unknown" | "refused";
  /** JSON text of the answer's body. */
  readonly answer: string | undefined;
  /** The code of a refusal, or its status. */
  readonly code: string | undefined;
}

/** One run of a handler. */
export interface Run {
  readonly handler: string;
  readonly eventId: string;
  readonly attempt: number;
  /** The engine's life in which it ran, 1 is the first. */
  readonly life: number;
  /** By the engine's clock, milliseconds since 1970. */
  readonly startedAt: number;
  endedAt: number | undefined;
  /** The same by the true clock that nobody sets, milliseconds. */
  readonly trulyStartedAt: number;
  trulyEndedAt: number | undefined;
  /** `open`: it never ended, or nobody knows. */
  ended: "returned" | "threw" | "open";
  /** The wait that it asked for when it threw, milliseconds. */
  askedFor: number | undefined;
  /** What the engine said, once it was durable, became of it; `undefined` if it said nothing: a second delivery, or a crash. */
  settledAs: DeliveryState | undefined;
}

/** A call to a provider outside, under the key that makes it happen once. */
export interface Charge {
  readonly key: string;
  readonly orderId: string;
  /** Whether an earlier attempt had already got this call's answer from a finished step. */
  readonly repeated: boolean;
}

/** One run of the schedule's tick. */
export interface Ticked {
  readonly scheduledAt: string;
  /** By the engine's clock, milliseconds since 1970. */
  readonly ranAt: number;
}

/** An operation whose result the operator got. */
export interface Operated {
  readonly action: "pause" | "resume" | "replay" | "redrive" | "discard";
  readonly count: number;
}

export interface Overlap {
  readonly handler: string;
  readonly lane: string;
  readonly running: number;
  readonly limit: number;
}

export interface History {
  readonly published: Published[];
  readonly batches: PublishedBatch[];
  readonly requested: Requested[];
  readonly runs: Run[];
  readonly charges: Charge[];
  readonly ticks: Ticked[];
  readonly operated: Operated[];
  readonly overlaps: Overlap[];
  /** Deliveries that were dead at some time, as `handler/event id`. */
  readonly everDead: Set<string>;
  /** Deliveries that an operator may have discarded. */
  readonly maybeDiscarded: Set<string>;
  /** Replays of the auditing handler that were asked for. */
  replays: number;
}

export function emptyHistory(): History {
  return {
    published: [],
    batches: [],
    requested: [],
    runs: [],
    charges: [],
    ticks: [],
    operated: [],
    overlaps: [],
    everDead: new Set(),
    maybeDiscarded: new Set(),
    replays: 0,
  };
}

/** The engine's state when all faults are over and it has come to rest. */
export interface FinalState {
  /** Handlers by the type of event that they take. */
  readonly subscribers: ReadonlyMap<string, readonly string[]>;
  /** Deliveries that the plan lets never succeed, as `handler/event id`. */
  readonly doomed: ReadonlySet<string>;
  /** Oldest first. */
  readonly events: readonly EventView[];
  /** Deliveries that were open at rest, before the dead letters were mended. */
  readonly stuck: readonly DeliveryView[];
  /** Dead letters at rest, before they were mended and redriven. */
  readonly deadLetters: readonly DeadLetterView[];
  /** Dead letters after that: none may be left. */
  readonly stillDead: readonly DeadLetterView[];
  /** Deliveries that are open at the very end. */
  readonly open: readonly DeliveryView[];
  /** How often the effect of `handler/event id` happened. */
  readonly effects: ReadonlyMap<string, number>;
  /** Events of each key in the order in which their effects were committed, by id. */
  readonly orders: ReadonlyMap<string, readonly string[]>;
  readonly stock: readonly { readonly item: string; readonly onHand: number; readonly reserved: number; readonly sold: number }[];
  readonly purchases: readonly { readonly id: string; readonly item: string; readonly state: string; readonly amount: number }[];
  readonly money: readonly { readonly account: string; readonly balance: number }[];
  /** The audit ledger. */
  readonly operations: readonly LedgerEntry[];
  /** What the chain's checks found, each time the file was opened and at the end. */
  readonly chainProblems: readonly string[];
}
