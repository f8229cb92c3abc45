/** The queue as its users see it: what every engine offers, under the same words. */
import type { Duration } from "./duration.ts";
import type { DeliveryState, Failure } from "./delivery.ts";
import type { EndpointDefinition, EndpointRequest } from "./endpoint.ts";
import type { PulseQueueError } from "./errors.ts";
import type { AnyEvent, EventInput } from "./event.ts";
import type { Json } from "./json.ts";
import type { KeyStore } from "./keys.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import type { Nonces } from "./nonces.ts";
import type { OperationOptions, OperationResult } from "./operation.ts";
import type { Receipt } from "./ports.ts";
import type { TableInspector } from "./table-inspector.ts";
import type { AnyTable } from "./table.ts";

export interface PublishOptions {
  /** @default a UUIDv7 */
  readonly id?: string;
  /** Who publishes, a URI reference. @default the app's name */
  readonly source?: string;
  /** Overrides the key that the event's declaration computes. */
  readonly key?: string;
  readonly delay?: Duration;
  readonly at?: Date | number;
  /** @default the event's own id */
  readonly correlationId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
  /** Whose event it is, where the application serves several. */
  readonly tenant?: string;
  /** Who was authenticated. @default nobody is recorded */
  readonly principal?: string;
}

/** One of several events that are published together, each by itself. */
export interface Publication {
  readonly event: AnyEvent;
  /** Not yet validated. */
  readonly data: unknown;
  readonly options?: PublishOptions;
}

/** An event as inspection shows it. */
export interface EventView {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly source: string;
  /** Position in the journal. */
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly key: string | undefined;
  readonly correlationId: string;
  readonly causationId: string | undefined;
  readonly tenant: string | undefined;
  readonly data: Json;
}

/** A delivery as inspection shows it. */
export interface DeliveryView {
  /** Stable id of this delivery. */
  readonly id: string;
  readonly handler: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly sequence: number;
  readonly key: string | undefined;
  readonly state: DeliveryState;
  /** Why it is in this state: the answer to “why is this not running?”. */
  readonly reason: string;
  readonly attempts: number;
  /** ISO 8601: when it may start, for `scheduled` and `retrying`. */
  readonly dueAt: string | undefined;
  /** ISO 8601: when it ended. */
  readonly endedAt: string | undefined;
  readonly milliseconds: number | undefined;
  /** Rows it wrote, as `table/key`. */
  readonly wrote: readonly string[];
  readonly failure: Failure | undefined;
  /** How often an operator sent it again. */
  readonly redrives: number;
  /** Whether it comes from a replay. */
  readonly replay: boolean;
}

/** A dead letter: the delivery with its event, data as it was accepted. */
export interface DeadLetterView extends DeliveryView {
  readonly event: EventView;
}

/** One event of a flow with its deliveries and the events that they emitted. */
export interface TraceNode {
  readonly event: EventView;
  readonly deliveries: readonly (DeliveryView & { readonly emitted: readonly TraceNode[] })[];
}

export interface HandlerView {
  readonly name: string;
  readonly events: readonly string[];
  readonly paused: boolean;
  readonly pauseReason: string | undefined;
  /** Deliveries by state; `done` is not counted. */
  readonly counts: Readonly<Record<Exclude<DeliveryState, "done" | "discarded">, number>>;
  /** Age of the oldest delivery that may start, milliseconds. */
  readonly oldestReady: number | undefined;
}

export interface EventFilter {
  readonly type?: string;
  readonly key?: string;
  /** Events of several sources and tenants may have one id. */
  readonly id?: string;
  readonly source?: string;
  readonly correlationId?: string;
  readonly tenant?: string;
  /** At or after, before: milliseconds since 1970. */
  readonly from?: number;
  readonly to?: number;
  /** Only events after this journal position, oldest first; without it the newest come first. */
  readonly after?: number;
  /** Only events before this journal position. */
  readonly before?: number;
  /** @default 100, at most 1,000 */
  readonly limit?: number;
}

export interface DeliveryFilter {
  readonly handler?: string;
  /** `done` and `discarded` ones are found with `eventId` only. */
  readonly state?: DeliveryState;
  /** The deliveries of every event with this id; `source` and `tenant` choose among them. */
  readonly eventId?: string;
  /** Of the event. */
  readonly source?: string;
  readonly eventType?: string;
  readonly key?: string;
  readonly tenant?: string;
  /** Only what comes after the delivery with this id, in the order of the journal: the last one of the page before. */
  readonly after?: string;
  /** @default 100, at most 1,000 */
  readonly limit?: number;
}

/** Names dead letters. At least one field; `all: true` names every one. */
export interface DeadLetterFilter {
  readonly id?: string;
  readonly handler?: string;
  readonly eventId?: string;
  /** Of the event. */
  readonly source?: string;
  readonly eventType?: string;
  readonly key?: string;
  readonly tenant?: string;
  readonly code?: string;
  readonly all?: true;
  /** At most so many, the oldest first. @default all that match */
  readonly limit?: number;
}

/** A page of dead letters. */
export interface DeadLetterQuery extends DeadLetterFilter {
  /** Only what comes after the dead letter with this id, in the order of the journal: the last one of the page before. */
  readonly after?: string;
}

/** Which of the events that have an id is meant. */
export interface EventChoice {
  readonly source?: string;
  readonly tenant?: string;
}

export interface ReplayOptions extends OperationOptions {
  readonly handler: string;
  /** Events accepted at or after `from` and before `to`: a date or milliseconds since 1970. */
  readonly from: Date | number;
  readonly to: Date | number;
}

/** Where an incident began: all that is given must hold, of an event or of an entry in the ledger. */
export interface IncidentFilter {
  /** Who was authenticated, e.g. `key:…`. */
  readonly principal?: string;
  /** The id of one event. */
  readonly event?: string;
  /** At or after: milliseconds since 1970. */
  readonly since?: number;
}

/** What an incident reached: the events it began with, everything that they caused, and what was recorded. */
export interface IncidentScope {
  /** Oldest first, those that were caused included. */
  readonly events: readonly Omit<EventView, "data">[];
  /** Rows that the handling of these events wrote, as `table/key`. */
  readonly effects: readonly string[];
  /** Handlers that were given these events. */
  readonly handlers: readonly string[];
  /** Keys of these events. */
  readonly keys: readonly string[];
  readonly tenants: readonly string[];
  /** The persons that these events are about, as they declare it; `[redacted]` for who is named by personal data. */
  readonly subjects: readonly string[];
  /** Entries of the audit ledger by the principal, or about it. */
  readonly actions: readonly LedgerEntry[];
}

/** What an incident is contained by. */
export interface ContainTargets {
  /** Names of handlers to pause. @default none */
  readonly handlers?: readonly string[];
  /** Ids of API keys to revoke. @default none */
  readonly keys?: readonly string[];
}

/** How much of it was not so already. */
export interface ContainResult {
  readonly paused: readonly string[];
  readonly revoked: readonly string[];
  readonly dryRun: boolean;
}

export interface Inspect {
  events(filter?: EventFilter): Promise<readonly EventView[]>;
  /** In the order of the journal. */
  deliveries(filter?: DeliveryFilter): Promise<readonly DeliveryView[]>;
  deadLetters(filter?: DeadLetterQuery): Promise<readonly DeadLetterView[]>;
  /**
   * The flows that have this correlation id, or hold an event with this id, as trees: all of them, since events of several sources and
   * tenants may have one id. With `choice` only the trees that hold such an event of this source and tenant.
   */
  trace(id: string, choice?: EventChoice): Promise<readonly TraceNode[]>;
  handlers(): Promise<readonly HandlerView[]>;
  /** What an incident reached. Throws `OPERATION_INVALID` without a filter, `NOT_FOUND` for an event that is not there. */
  incident(filter: IncidentFilter): Promise<IncidentScope>;
  table<T extends AnyTable>(table: T): TableInspector<T>;
}

export interface Operate {
  /** Starts a new series of attempts for dead letters. */
  redrive(filter: DeadLetterFilter, options: OperationOptions): Promise<OperationResult>;
  /** Ends dead letters without effects. */
  discard(filter: DeadLetterFilter, options: OperationOptions): Promise<OperationResult>;
  /** The handler starts nothing more; events are still accepted for it. */
  pause(handler: string, options: OperationOptions): Promise<OperationResult>;
  resume(handler: string, options: OperationOptions): Promise<OperationResult>;
  /** Delivers past events once more to one handler, in their order. */
  replay(options: ReplayOptions): Promise<OperationResult>;
  /** Pauses handlers and revokes keys, all of it or nothing. Throws `HANDLER_UNKNOWN`, `NOT_FOUND`, `OPERATION_INVALID` where nothing is named. */
  contain(targets: ContainTargets, options: OperationOptions): Promise<ContainResult>;
}

/** A request to an endpoint, already authenticated. */
export interface InvokeRequest extends Partial<Omit<EndpointRequest, "input">> {
  /** The body, not yet validated. */
  readonly body?: unknown;
  /** Same key and body: the first answer; other body: `REQUEST_MISMATCH`; still running: `REQUEST_IN_PROGRESS`. */
  readonly idempotencyKey?: string;
  /** Whose request it is: the events that it emits are this tenant's. */
  readonly tenant?: string;
  /** Correlation id of the events that it emits. @default their own ids */
  readonly correlationId?: string;
  /** W3C trace context of the caller, for the events that it emits. */
  readonly traceparent?: string;
}

export interface InvokeResponse {
  readonly status: number;
  readonly body: Json | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether this is the stored answer of an earlier request. */
  readonly replayed: boolean;
  /** Of the events that it emitted, where the request had one; of the first request where it is replayed. */
  readonly correlationId?: string;
}

/** A running application. */
export interface Queue {
  /** Stores an event, durably, before it resolves. Throws `PAYLOAD_…`, `IDENTITY_REUSED`, `BACKPRESSURE`, `STORE_…`. */
  publish<E extends AnyEvent>(event: E, data: EventInput<E>, options?: PublishOptions): Promise<Receipt>;
  /** Stores many events of one kind; all of them, or none where one is invalid. */
  publishMany<E extends AnyEvent>(event: E, data: readonly EventInput<E>[]): Promise<readonly Receipt[]>;
  /** Stores events of any kinds, each by itself: one that is refused is answered with why, in its place, and the others are stored. */
  publishEach(publications: readonly Publication[]): Promise<readonly (Receipt | PulseQueueError)[]>;
  /** Runs an endpoint: one commit. Bad input and refusals are answers with a status, not errors. */
  invoke(endpoint: EndpointDefinition, request?: InvokeRequest): Promise<InvokeResponse>;
  /** Starts the handlers and schedules. */
  start(): Promise<void>;
  /** Resolves when no delivery is ready, running or waiting for a retry. Events scheduled for later, parked dead letters and paused handlers do not count. */
  idle(): Promise<void>;
  /** Stops taking work, lets what runs end within the grace time, then frees the store. */
  close(): Promise<void>;
  readonly inspect: Inspect;
  readonly operate: Operate;
  readonly ledger: Ledger;
  readonly keys: KeyStore;
  readonly nonces: Nonces;
}
