import type { Duration } from "./duration.ts";
import type { AnyEvent, EventInput } from "./event.ts";
import type { Json, JsonLike } from "./json.ts";
import type { SecretDefinition } from "./secret.ts";
import type { AnyTable, Row, RowInput, RowKey, TableQuery } from "./table.ts";

/** A table that may be read. A handler reads its own uncommitted writes. */
export interface ReadableTable<T extends AnyTable> {
  /** The row with this key, or `undefined`. */
  get(key: RowKey<T>): Promise<Row<T> | undefined>;
  /** The rows that match, ordered by key or by the index's second field. @default limit 100, at most 1,000 */
  query(query: TableQuery<T>): Promise<readonly Row<T>[]>;
}

/** A table that may also be written. Writes are buffered and commit with the delivery. */
export interface WritableTable<T extends AnyTable> extends ReadableTable<T> {
  /** Creates or replaces the row with the key that `row` holds. Throws `ROW_INVALID`, `PAYLOAD_TOO_LARGE`, `COMMIT_TOO_LARGE`. */
  put(row: RowInput<T>): void;
  /** Removes the row with this key; nothing happens where there is none. */
  delete(key: RowKey<T>): void;
}

/** The declared tables by name: a written one has `put` and `delete`, a read one has not. */
export type Tables<Reads extends readonly AnyTable[], Writes extends readonly AnyTable[]> = {
  readonly [T in Writes[number] as T["name"]]: WritableTable<T>;
} & {
  readonly [T in Reads[number] as T["name"] extends Writes[number]["name"] ? never : T["name"]]: ReadableTable<T>;
};

/** How an event is emitted. */
export interface EmitOptions {
  /** Not delivered before this long after the commit. @default 0 */
  readonly delay?: Duration;
  /** Not delivered before this time (milliseconds since 1970, or a `Date`). @default now */
  readonly at?: Date | number;
  /** Overrides the key that the event's declaration computes. */
  readonly key?: string;
  /** The event's id, 1 to 256 characters: the same id emitted again by the same handler or endpoint is stored once. @default a UUIDv7 */
  readonly id?: string;
}

export interface Log {
  debug(message: string, fields?: Readonly<Record<string, Json>>): void;
  info(message: string, fields?: Readonly<Record<string, Json>>): void;
  warn(message: string, fields?: Readonly<Record<string, Json>>): void;
  error(message: string, fields?: Readonly<Record<string, Json>>): void;
}

/** What a step runs: it must give JSON, since its result is kept as JSON for the next attempt. */
export type StepFunction<Result> = (() => Promise<Result> | Result) &
  ([Result] extends [JsonLike<Result>] ? unknown : { readonly "the result of a step must be JSON": never });

/** What a handler, an endpoint or a schedule works with. It ends with the call: a later use throws `CONTEXT_CLOSED`. */
export interface Context<
  Reads extends readonly AnyTable[] = readonly AnyTable[],
  Writes extends readonly AnyTable[] = readonly AnyTable[],
  Emits extends readonly AnyEvent[] = readonly AnyEvent[],
  Secrets extends readonly SecretDefinition[] = readonly SecretDefinition[],
> {
  readonly tables: Tables<Reads, Writes>;
  /** Emits a declared event with the commit; nothing leaves before. Throws `PAYLOAD_INVALID`, `ACCESS_UNDECLARED`. */
  emit<E extends Emits[number]>(event: E, data: EventInput<E>, options?: EmitOptions): void;
  /**
   * Runs `fn` once across the attempts of this delivery and remembers its JSON result, durably, as soon as it is known.
   * A crash between the end of `fn` and that write runs it again: give the outside world `ctx.idempotencyKey(name)`.
   */
  step<Result>(name: string, fn: StepFunction<Result>): Promise<Result>;
  /** A key for calls to the outside: the same in each attempt, another one for each handler, event and name. */
  idempotencyKey(name: string): string;
  /** The value of a declared secret. Throws `ACCESS_UNDECLARED`, `SECRET_MISSING`. */
  secret(secret: Secrets[number]): string;
  /** Milliseconds since 1970 by the engine's clock. */
  now(): number;
  /** A random number in [0, 1) from the engine's source. */
  random(): number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborts when the handler's time is over and when the engine stops. */
  readonly signal: AbortSignal;
  readonly log: Log;
}
