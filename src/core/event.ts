import { PulseQueueError } from "./errors.ts";
import { checkName } from "./names.ts";
import { checkPaths, isWithin } from "./personal-data.ts";
import type { InputOf, OutputOf, Schema } from "./schema.ts";
import { selectedPaths } from "./selection.ts";

/** What `defineEvent` takes. */
export interface EventOptions<S extends Schema> {
  /** Version of the schema, a whole number. Raise it with each incompatible change. @default 1 */
  readonly version?: number;
  /** Any Standard Schema. What it accepts is stored as JSON; what it returns is what handlers see. */
  readonly schema: S;
  /** Ordering and partition key, 1 to 256 characters. It is stored as it is, so it must not come from personal data. @default none */
  readonly key?: (data: OutputOf<S>) => string;
  /** Paths of personal data, e.g. `"email"` or `"customer.name"`: redacted wherever people look, encrypted at rest where a key is given. @default [] */
  readonly pii?: readonly string[];
  /**
   * Whom the personal data is about, 1 to 256 characters: it is encrypted under a key of this person alone, so that it can be
   * erased. @default none: the app's own key
   */
  readonly subject?: (data: OutputOf<S>) => string;
  /** Turns the stored data of an older `version` into valid input of this one. Needed once `version` is above 1. */
  readonly upcast?: (data: unknown, version: number) => InputOf<S>;
}

/** A declared event. `Name` is its type on the wire. */
export interface EventDefinition<Name extends string = string, S extends Schema = Schema> {
  readonly kind: "event";
  readonly name: Name;
  readonly version: number;
  readonly schema: S;
  readonly key: ((data: OutputOf<S>) => string) | undefined;
  readonly pii: readonly string[];
  readonly subject?: ((data: OutputOf<S>) => string) | undefined;
  readonly upcast: ((data: unknown, version: number) => InputOf<S>) | undefined;
}

/** Any declared event, whatever its schema. */
export interface AnyEvent {
  readonly kind: "event";
  readonly name: string;
  readonly version: number;
  readonly schema: Schema;
  readonly key: ((data: never) => string) | undefined;
  readonly pii: readonly string[];
  readonly subject?: ((data: never) => string) | undefined;
  readonly upcast: ((data: unknown, version: number) => unknown) | undefined;
}

export type EventInput<E extends AnyEvent> = InputOf<E["schema"]>;
export type EventData<E extends AnyEvent> = OutputOf<E["schema"]>;

/**
 * Declares an event.
 *
 * @example
 * const orderPlaced = defineEvent("order.placed", { schema: z.object({ orderId: z.string() }), key: (data) => data.orderId });
 *
 * Throws `DECLARATION_INVALID` for a name, version, schema or path that cannot work, and for a key that is seen to be personal data.
 */
export function defineEvent<const Name extends string, S extends Schema>(name: Name, options: EventOptions<S>): EventDefinition<Name, S> {
  checkName("event", name);
  const version = options.version ?? 1;
  if (!Number.isInteger(version) || version < 1) {
    throw new PulseQueueError("DECLARATION_INVALID", `Event ${name}: version ${String(version)} is not a whole number of at least 1`);
  }
  checkSchema(`Event ${name}`, options.schema);
  if (version > 1 && options.upcast === undefined) {
    throw new PulseQueueError("DECLARATION_INVALID", `Event ${name}: version ${String(version)} needs \`upcast\`, since older versions may still be stored`);
  }
  const pii = checkPaths(`Event ${name}`, options.pii ?? [], []);
  if (options.key !== undefined && pii.length > 0) checkKey(name, options.key, pii);
  return Object.freeze({
    kind: "event" as const,
    name,
    version,
    schema: options.schema,
    key: options.key,
    pii,
    subject: options.subject,
    upcast: options.upcast,
  });
}

function checkKey(name: string, key: (data: never) => string, pii: readonly string[]): void {
  const personal = selectedPaths(key).find((path) => pii.some((declared) => isWithin(path, declared)));
  if (personal === undefined) return;
  throw new PulseQueueError(
    "DECLARATION_INVALID",
    `Event ${name}: its key is made of ${personal}, personal data, which a key cannot hide: use an id as the key`,
  );
}

/** Throws `DECLARATION_INVALID` unless `schema` implements Standard Schema. */
export function checkSchema(what: string, schema: unknown): void {
  const standard = typeof schema === "object" || typeof schema === "function" ? (schema as Partial<Schema> | null)?.["~standard"] : undefined;
  if (typeof standard?.validate !== "function") {
    throw new PulseQueueError("DECLARATION_INVALID", `${what}: schema is not a Standard Schema (zod, valibot, arktype, …)`);
  }
}
