import type { Context } from "./context.ts";
import { parseDuration, type Duration } from "./duration.ts";
import { PulseQueueError } from "./errors.ts";
import type { AnyEvent, EventData } from "./event.ts";
import { grantSet, type GrantSet, type Grants } from "./grants.ts";
import { checkName } from "./names.ts";
import { retryPolicy, type RetryOptions, type RetryPolicy } from "./retry.ts";
import type { SecretDefinition } from "./secret.ts";
import type { AnyTable } from "./table.ts";

/** An event as a handler sees it. */
export interface EventMessage<Type extends string = string, Data = unknown> {
  readonly id: string;
  readonly type: Type;
  /** Version of the schema under which it was published. */
  readonly version: number;
  readonly source: string;
  /** Milliseconds since 1970 at which it was accepted. */
  readonly time: number;
  readonly key: string | undefined;
  readonly data: Data;
  /** The same for all events that follow from one first event. */
  readonly correlationId: string;
  /** Id of the event whose handling emitted this one. */
  readonly causationId: string | undefined;
}

/** The messages of one or of several events, as a union. */
export type MessageOf<E extends AnyEvent> = E extends AnyEvent ? EventMessage<E["name"], EventData<E>> : never;

type EventsOf<On extends AnyEvent | readonly AnyEvent[]> = On extends readonly AnyEvent[] ? On[number] : On extends AnyEvent ? On : never;

/** How many deliveries run at once: in all, or per key. */
export type ConcurrencyOptions<E extends AnyEvent> = number | { readonly limit: number; readonly key: (event: MessageOf<E>) => string };

/** What `defineHandler` takes. */
export interface HandlerOptions<
  On extends AnyEvent | readonly AnyEvent[],
  Reads extends readonly AnyTable[],
  Writes extends readonly AnyTable[],
  Emits extends readonly AnyEvent[],
  Secrets extends readonly SecretDefinition[],
> extends Grants<Reads, Writes, Emits, Secrets> {
  /** The event or events it handles. */
  readonly on: On;
  /** Per event key: n+1 starts only after n is done or dead. Other keys are never blocked. @default false */
  readonly ordered?: boolean;
  /** Batches that run at once; with `key`, at most `limit` deliveries of one key at once. @default 8 */
  readonly concurrency?: ConcurrencyOptions<EventsOf<On>>;
  /** @default { attempts: 5, min: "1s", max: "5m" } with full jitter */
  readonly retry?: RetryOptions;
  /** How long one attempt may take. @default "30s" */
  readonly timeout?: Duration;
  /** Bound for a handler on a cycle of the topology: an event that passed more handlers is a dead letter. @default none, cycles are refused */
  readonly maxHops?: number;
  handle(event: MessageOf<EventsOf<On>>, ctx: Context<Reads, Writes, Emits, Secrets>): Promise<void> | void;
}

/** A declared handler, its types erased: what engines and tools work with. */
export interface HandlerDefinition<Name extends string = string> {
  readonly kind: "handler";
  readonly name: Name;
  readonly on: readonly AnyEvent[];
  readonly grants: GrantSet;
  readonly ordered: boolean;
  readonly concurrency: {
    /** Batches at once. */
    readonly batches: number;
    /** Deliveries of one key at once, where `key` is given. */
    readonly limit: number;
    readonly key: ((event: EventMessage) => string) | undefined;
  };
  readonly retry: RetryPolicy;
  /** Milliseconds. */
  readonly timeout: number;
  readonly maxHops: number | undefined;
  readonly handle: (event: EventMessage, ctx: Context) => Promise<void> | void;
}

const defaultBatches = 8;

/**
 * Declares a handler.
 *
 * @example
 * const confirm = defineHandler("confirm-order", {
 *   on: stockReserved, writes: [orders], emits: [orderConfirmed],
 *   async handle(event, ctx) { ctx.tables.orders.put({ id: event.data.orderId, state: "confirmed" }); },
 * });
 *
 * Throws `DECLARATION_INVALID` for options that cannot work.
 */
export function defineHandler<
  const Name extends string,
  const On extends AnyEvent | readonly AnyEvent[],
  const Reads extends readonly AnyTable[] = readonly [],
  const Writes extends readonly AnyTable[] = readonly [],
  const Emits extends readonly AnyEvent[] = readonly [],
  const Secrets extends readonly SecretDefinition[] = readonly [],
>(name: Name, options: HandlerOptions<On, Reads, Writes, Emits, Secrets>): HandlerDefinition<Name> {
  checkName("handler", name);
  const on = eventsOf(name, options.on);
  if (typeof options.handle !== "function") throw new PulseQueueError("DECLARATION_INVALID", `Handler ${name} has no handle function`);
  const concurrency = options.concurrency ?? defaultBatches;
  const limit = typeof concurrency === "number" ? concurrency : concurrency.limit;
  checkCount(`Handler ${name}: concurrency`, limit, 1_000);
  if (options.ordered === true && typeof concurrency !== "number") {
    throw new PulseQueueError(
      "DECLARATION_INVALID",
      `Handler ${name}: an ordered handler runs one delivery of a key at once already; give concurrency as a number`,
    );
  }
  if (options.maxHops !== undefined) checkCount(`Handler ${name}: maxHops`, options.maxHops, 1_000);
  const timeout = parseDuration(options.timeout ?? "30s");
  if (timeout < 1 || timeout > 15 * 60_000) {
    throw new PulseQueueError("DECLARATION_INVALID", `Handler ${name}: timeout must be between 1 ms and 15 minutes (a Lambda function's limit)`);
  }
  return Object.freeze({
    kind: "handler" as const,
    name,
    on,
    grants: grantSet(`Handler ${name}`, options),
    ordered: options.ordered ?? false,
    // Per key, more keys may run at once than one key's limit.
    concurrency: {
      batches: typeof concurrency === "number" ? limit : Math.max(defaultBatches, limit),
      limit,
      key: typeof concurrency === "number" ? undefined : (concurrency.key as (event: EventMessage) => string),
    },
    retry: retryPolicy(`Handler ${name}`, options.retry),
    timeout,
    maxHops: options.maxHops,
    handle: options.handle.bind(options) as unknown as HandlerDefinition["handle"],
  });
}

/** `on` as a list. Checked at run time too, since an import cycle makes an import `undefined` where its type says otherwise. */
function eventsOf(name: string, on: unknown): readonly AnyEvent[] {
  const events: readonly unknown[] = Array.isArray(on) ? on : [on];
  if (events.length === 0) throw new PulseQueueError("DECLARATION_INVALID", `Handler ${name} handles no event`);
  if (!events.every(isEvent))
    throw new PulseQueueError(
      "DECLARATION_INVALID",
      `Handler ${name}: \`on\` holds something that is not the result of defineEvent(): check for an undefined import`,
    );
  if (new Set(events).size !== events.length) throw new PulseQueueError("DECLARATION_INVALID", `Handler ${name}: \`on\` lists an event twice`);
  return Object.freeze([...events]);
}

function isEvent(value: unknown): value is AnyEvent {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "event";
}

function checkCount(what: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new PulseQueueError("DECLARATION_INVALID", `${what} must be a whole number from 1 to ${String(most)}`);
  }
}
