/**
 * What an engine must offer to the core, in words that hold for every engine. An engine is right when it passes the
 * contract suite of `pulsequeue/testing`.
 */
import type { DeliveryState, Failure } from "./delivery.ts";
import type { EventRecord, NewEvent } from "./envelope.ts";
import type { PulseQueueError } from "./errors.ts";
import type { Vault } from "./vault.ts";

/** Time. Engines and core ask this port only, never the machine. */
export interface Clock {
  /** Milliseconds since 1970; may jump. For stamps that people and other systems read. */
  now(): number;
  /** Milliseconds since some start; never jumps back. For leases, timeouts and waits. */
  monotonic(): number;
  /** Calls `fn` once after `delay` milliseconds, not earlier; the answer cancels it. */
  timer(delay: number, fn: () => void): () => void;
  /** Calls `fn` once, soon, after what runs now has ended. Calls asked for in one turn may share one commit. */
  soon(fn: () => void): void;
}

/** Everything impure that the core needs besides a store. */
export interface System {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** A new id, greater than all before. */
  readonly newId: () => string;
  /** SHA-256 of the text's UTF-8, in base64. */
  readonly hash: (text: string) => string;
  /** The current value of a secret, or `undefined`. */
  readonly secret: (name: string) => string | undefined;
  readonly observe: Observer;
  /** Reads personal data that is encrypted at rest; `undefined`: none is. */
  readonly vault?: Vault | undefined;
  /** @default nobody follows */
  readonly trace?: Tracer | undefined;
}

/** Follows work from process to process. Must not throw. Contexts are W3C `traceparent` texts. */
export interface Tracer {
  /** An event is about to be sent. `parent`: the context it is sent in, if known. */
  send(event: { readonly type: string; readonly id: string }, parent: string | undefined): SentTrace;
  /** An attempt at a delivery begins. */
  process(handler: string, delivery: Delivery): AttemptTrace;
}

export interface SentTrace {
  /** To be stored with the event; `undefined`: none of its own. */
  readonly context: string | undefined;
  /** The event is durable. Never called for one that was rolled back, refused or there already: that one was not sent. */
  readonly sent: () => void;
}

export interface AttemptTrace {
  /** The context that what it emits is sent in. */
  readonly context: string | undefined;
  /** Runs the handler in that context. */
  run<Result>(handle: () => Result): Result;
  /** `failure`: the code of what went wrong; `undefined`: it went well. */
  end(failure: string | undefined): void;
}

/** Told of what happened, after it is durable. Must not throw and must not block. */
export type Observer = (fact: ObservedFact) => void;

export type ObservedFact =
  | {
      readonly type: "published";
      readonly event: string;
      readonly count: number;
      readonly duplicates: number;
      /** Of the first of them: of the only one where one was published. */
      readonly correlationId: string;
    }
  | {
      readonly type: "settled";
      readonly handler: string;
      readonly event: string;
      readonly eventId: string;
      readonly correlationId: string;
      readonly tenant: string | undefined;
      /** Milliseconds since the event was accepted. */
      readonly age: number;
      readonly state: DeliveryState;
      readonly attempt: number;
      readonly milliseconds: number;
      readonly failure: Failure | undefined;
    }
  | { readonly type: "conflict"; readonly handler: string }
  /** A request over HTTP was answered. */
  | {
      readonly type: "request";
      /** A pattern, never a caller's text. */
      readonly route: string;
      readonly method: string;
      readonly status: number;
      readonly milliseconds: number;
      /** Id of who was authenticated, else `anonymous`, or `local` for who needs no credential on this machine. */
      readonly principal: string;
      /** Of a request to an endpoint of the app: what it emits has it too. */
      readonly correlationId: string | undefined;
    }
  /** A request was turned away, once for each, with the reason that counts. */
  | { readonly type: "refused"; readonly reason: RefusalReason; readonly route: string }
  | { readonly type: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly message: string; readonly fields: Readonly<Record<string, unknown>> };

/** Why a request was turned away: no valid credential, a wrong signature, not allowed, invalid, too many. */
export type RefusalReason = "authentication" | "signature" | "permission" | "validation" | "rate";

/** One event on its way to one handler, claimed for one attempt. Engines add what they need to find it again. */
export interface Delivery {
  readonly event: EventRecord;
  /** Attempts used in this series, this one included. */
  readonly attempt: number;
}

/** A row with the version that guards it: a number above 0 that is another one after each write and never comes again for this key. */
export interface StoredRow {
  readonly key: string;
  /** JSON text of the schema's input. */
  readonly body: string;
  readonly version: number;
}

export interface FoundRow {
  readonly row: StoredRow;
  /** The encoded index fields followed by the row's key; the key alone in a query by the table's own key. */
  readonly order: string;
}

export interface RowQuery {
  /** `undefined`: by the table's own key. */
  readonly index: string | undefined;
  /** Encoded leading fields; rows whose encoded fields start with it match. */
  readonly prefix: string;
  readonly limit: number;
}

/** The row must still have this version when the commit happens; 0: it must not exist. */
export interface Guard {
  readonly table: string;
  readonly key: string;
  readonly version: number;
}

export interface RowWrite {
  readonly table: string;
  readonly key: string;
  /** `undefined` deletes. */
  readonly body: string | undefined;
  /** Encoded index fields by index name, for every declared index that the row has all fields of. */
  readonly indexes: ReadonlyMap<string, string>;
  /** Whom its personal data is about, as the table declares. */
  readonly subject?: string | undefined;
}

/** What became of one delivery of a batch. */
export interface Settlement<D extends Delivery = Delivery> {
  readonly delivery: D;
  readonly status: SettledStatus;
  /** Keys of the rows it wrote, as `table/key`, for the trace. */
  readonly wrote: readonly string[];
  readonly milliseconds: number;
}

export type SettledStatus =
  | { readonly state: "done" }
  /** `scheduled`: postponed without an attempt, since its event's version is unknown here. */
  | { readonly state: "retrying" | "scheduled"; readonly attempts: number; readonly dueAt: number; readonly failure: Failure }
  | { readonly state: "dead"; readonly attempts: number; readonly failure: Failure };

/** The stored answer of a request with an idempotency key. */
export interface StoredAnswer {
  /** Endpoint, tenant, principal and idempotency key. */
  readonly request: string;
  /** Hash of what was asked. */
  readonly fingerprint: string;
  /** JSON text of the answer. */
  readonly answer: string;
}

/** What comes of taking a request with an idempotency key on. */
export type Claim =
  /** Nobody else runs it until its answer is committed under this `claim`, it is released, or much time has passed. */
  | { readonly state: "ours"; readonly claim: string }
  /** Another process runs it. */
  | { readonly state: "running" }
  | { readonly state: "answered"; readonly answer: StoredAnswer };

/** An answer of who took the request on. */
export interface ClaimedAnswer extends StoredAnswer {
  readonly claim: string;
}

/** One atomic write. Either all of it is durable, or nothing of it is. */
export interface Commit<D extends Delivery = Delivery> {
  readonly settled: readonly Settlement<D>[];
  readonly guards: readonly Guard[];
  readonly writes: readonly RowWrite[];
  readonly events: readonly NewEvent[];
  readonly answer: ClaimedAnswer | undefined;
}

export type CommitResult<D extends Delivery = Delivery> =
  | { readonly outcome: "committed" }
  /** A guard did not hold, or the same request was answered or taken on by another meanwhile. Nothing was written. */
  | { readonly outcome: "conflict" }
  /** These deliveries are no longer ours (done already, taken over, discarded). Nothing was written. */
  | { readonly outcome: "lost"; readonly deliveries: readonly D[] }
  /** The commit's event at `index` has the identity of another one with other data. Nothing was written. */
  | { readonly outcome: "identity-reused"; readonly index: number };

export interface Receipt {
  readonly id: string;
  /** Whether an event with this tenant, source and id was there already; then nothing was stored. */
  readonly duplicate: boolean;
}

/** Durable state. Every method rejects with `STORE_…` errors; then nothing of it was acknowledged. */
export interface Store<D extends Delivery = Delivery> {
  /**
   * Appends events to the journal, each once: an identity (tenant, source, id) that is there with equal data is a duplicate, with
   * other data an `IDENTITY_REUSED` error for that event alone. Resolves after they are durable.
   */
  append(events: readonly NewEvent[]): Promise<readonly (Receipt | PulseQueueError)[]>;
  /** The committed row. */
  get(table: string, key: string): Promise<StoredRow | undefined>;
  /** Committed rows, ordered by `order`. */
  query(table: string, query: RowQuery): Promise<readonly FoundRow[]>;
  /** Results of the steps that earlier attempts of this delivery finished, by name, as JSON text. */
  steps(delivery: D): Promise<ReadonlyMap<string, string>>;
  /** Keeps a step's result. Resolves after it is durable. Refused (`false`) when the delivery is no longer ours. */
  saveStep(delivery: D, name: string, result: string): Promise<boolean>;
  /**
   * Takes a request on, unless it was answered or another process runs it; within one process its caller sees to that. `claim`: the
   * one under which it was taken on before, to have it on still.
   */
  claim(request: string, claim?: string): Promise<Claim>;
  /** Gives a request up without an answer, so that it may be taken on again at once. Never rejects: what is not given up now is free later. */
  release(request: string, claim: string): Promise<void>;
  /** All or nothing. Resolves after it is durable. */
  commit(commit: Commit<D>): Promise<CommitResult<D>>;
}
