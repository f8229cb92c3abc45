import { PulseQueueError } from "./errors.ts";
import { checkSchema } from "./event.ts";
import { limits } from "./limits.ts";
import { checkName, isStorableText } from "./names.ts";
import { checkPaths } from "./personal-data.ts";
import type { InputOf, OutputOf, Schema } from "./schema.ts";

/** Names of the fields of a row that may be a key or an index: those that hold strings or numbers. */
export type KeyField<Row> = { [F in keyof Row & string]: Row[F] extends string | number ? F : never }[keyof Row & string];

type OneOrTwo<F> = F | readonly [F] | readonly [F, F];

/** What `defineTable` takes. */
export interface TableOptions<S extends Schema, Key, Indexes> {
  /** Any Standard Schema of an object. What it accepts is stored as JSON; what it returns is what handlers see. */
  readonly schema: S;
  /** The primary key: a field, or a partition field and a sort field. */
  readonly key: Key;
  /** Further ways to query: a field, or a field to match and a field to sort by. @default {} */
  readonly indexes?: Indexes;
  /** A rule that every committed row keeps; a commit that breaks it fails with `INVARIANT_VIOLATED`. @default none */
  readonly invariant?: (row: OutputOf<S>) => boolean;
  /** Paths of personal data: redacted wherever people look, encrypted at rest where a key is given. Not of keys and indexes. @default [] */
  readonly pii?: readonly string[];
  /** Whom the personal data of a row is about, 1 to 256 characters; see `defineEvent`. @default none: the app's own key */
  readonly subject?: (row: OutputOf<S>) => string;
}

/** A declared table. */
export interface TableDefinition<Name extends string = string, S extends Schema = Schema, Key = unknown, Indexes = unknown> {
  readonly kind: "table";
  readonly name: Name;
  readonly schema: S;
  readonly key: Key;
  readonly keyFields: readonly string[];
  readonly indexes: Indexes;
  readonly indexFields: ReadonlyMap<string, readonly string[]>;
  readonly invariant: ((row: OutputOf<S>) => boolean) | undefined;
  readonly pii: readonly string[];
  readonly subject?: ((row: OutputOf<S>) => string) | undefined;
}

/** Any declared table, whatever its schema. */
export interface AnyTable {
  readonly kind: "table";
  readonly name: string;
  readonly schema: Schema;
  readonly key: unknown;
  readonly keyFields: readonly string[];
  readonly indexes: unknown;
  readonly indexFields: ReadonlyMap<string, readonly string[]>;
  readonly invariant: ((row: never) => boolean) | undefined;
  readonly pii: readonly string[];
  readonly subject?: ((row: never) => string) | undefined;
}

export type RowInput<T extends AnyTable> = InputOf<T["schema"]>;
export type Row<T extends AnyTable> = OutputOf<T["schema"]>;

type FieldsOf<K> = K extends readonly (infer F)[] ? F & string : K & string;

/** The key of one row: the value of the one key field, or an object of both fields. */
export type RowKey<T extends AnyTable> = T["key"] extends string
  ? Row<T> extends Record<T["key"], infer Value>
    ? Value
    : never
  : Pick<Row<T>, FieldsOf<T["key"]> & keyof Row<T>>;

type EqualsOn<T extends AnyTable, K> = Partial<Pick<Row<T>, FieldsOf<K> & keyof Row<T>>>;

/** A query by the table's own key (its partition field must be given) or by a declared index (its first field must be given). */
export type TableQuery<T extends AnyTable> =
  | { readonly equals: EqualsOn<T, T["key"]>; readonly limit?: number; readonly index?: undefined }
  | { [I in keyof T["indexes"] & string]: { readonly index: I; readonly equals: EqualsOn<T, T["indexes"][I]>; readonly limit?: number } }[keyof T["indexes"] &
      string];

/**
 * Declares a table.
 *
 * @example
 * const stock = defineTable("stock", {
 *   schema: z.object({ sku: z.string(), onHand: z.int(), reserved: z.int() }),
 *   key: "sku",
 *   invariant: (row) => row.reserved >= 0 && row.reserved <= row.onHand,
 * });
 *
 * Throws `DECLARATION_INVALID` for a name, schema, key or index that cannot work.
 */
export function defineTable<
  const Name extends string,
  S extends Schema,
  const Key extends OneOrTwo<KeyField<OutputOf<S>>>,
  // eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- no index at all is what it means
  const Indexes extends Readonly<Record<string, OneOrTwo<KeyField<OutputOf<S>>>>> = Record<never, never>,
>(name: Name, options: TableOptions<S, Key, Indexes>): TableDefinition<Name, S, Key, Indexes> {
  checkName("table", name);
  checkSchema(`Table ${name}`, options.schema);
  const indexFields = new Map<string, readonly string[]>();
  for (const [index, fields] of Object.entries(options.indexes ?? {})) {
    checkName(`table ${name}: index`, index);
    indexFields.set(index, fieldList(`Table ${name}: index ${index}`, fields));
  }
  const keyFields = fieldList(`Table ${name}: key`, options.key);
  return Object.freeze({
    kind: "table" as const,
    name,
    schema: options.schema,
    key: options.key,
    keyFields,
    indexes: Object.freeze(options.indexes ?? ({} as Indexes)),
    indexFields,
    invariant: options.invariant,
    pii: checkPaths(`Table ${name}`, options.pii ?? [], [...keyFields, ...[...indexFields.values()].flat()]),
    subject: options.subject,
  });
}

function fieldList(what: string, fields: unknown): readonly string[] {
  const list: unknown[] = Array.isArray(fields) ? fields : [fields];
  const valid = list.filter((field) => typeof field === "string" && field !== "");
  if (valid.length !== list.length || list.length < 1 || list.length > 2 || new Set(list).size !== list.length) {
    throw new PulseQueueError("DECLARATION_INVALID", `${what} must be the name of one field, or of two different fields`);
  }
  return Object.freeze(valid as string[]);
}

/**
 * The text under which a key or index value is stored: equal values give equal text, and the order of the texts in UTF-8 is
 * the order of the values (strings by code point, numbers by size, numbers before strings). Throws `KEY_INVALID` for anything
 * but a string of 1 to 256 characters without control characters, or a finite number.
 */
export function encodeKeyValue(what: string, value: unknown): string {
  if (typeof value === "string" && isStorableText(value)) return `s${value}`;
  if (typeof value === "number" && Number.isFinite(value)) return `n${orderedNumber(value)}`;
  throw new PulseQueueError(
    "KEY_INVALID",
    `${what} must be a string of 1 to ${String(limits.identifierLength)} characters without control characters, or a finite number`,
  );
}

function orderedNumber(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value === 0 ? 0 : value);
  const bits = view.getBigUint64(0);
  const negative = bits >> 63n === 1n;
  const ordered = negative ? ~bits & 0xffff_ffff_ffff_ffffn : bits | (1n << 63n);
  return ordered.toString(16).padStart(16, "0");
}

/** Order of two stored texts as every store has it: by code point, which is the order of their UTF-8, not by UTF-16 unit. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = rank(left.charCodeAt(index)) - rank(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Halves of surrogate pairs stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x1_0000 : unit;
}

/** Ends each field of a key: below every character that a field can hold, so that the order of compound keys is right. */
const separator = "\u0000";

/** Storage text of the fields `fields` of `source`; leading fields alone give a prefix of it. Throws `KEY_INVALID`. */
export function encodeFields(what: string, fields: readonly string[], source: Readonly<Record<string, unknown>>): string {
  return fields.map((field) => encodeKeyValue(`${what}: ${field}`, source[field]) + separator).join("");
}

/** A `table/key` of a trace as people read it: the fields of the key, parted by `,`. */
export function displayKey(stored: string): string {
  const slash = stored.indexOf("/");
  const fields = stored
    .slice(slash + 1)
    .split(separator)
    .slice(0, -1);
  return `${stored.slice(0, slash)}/${fields.map(displayField).join(",")}`;
}

function displayField(field: string): string {
  if (field.startsWith("s")) return field.slice(1);
  const ordered = BigInt(`0x${field.slice(1)}`);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, ordered >> 63n === 1n ? ordered & ~(1n << 63n) : ~ordered & 0xffff_ffff_ffff_ffffn);
  return String(view.getFloat64(0));
}

/** Storage text of the key of `row`. */
export function rowKey(table: AnyTable, row: Readonly<Record<string, unknown>>): string {
  return encodeFields(`The key of table ${table.name}`, table.keyFields, row);
}

const noIndexes: ReadonlyMap<string, string> = new Map();

/** Storage text of each declared index that `row` has all fields of. */
export function indexEntries(table: AnyTable, row: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  if (table.indexFields.size === 0) return noIndexes;
  const entries = new Map<string, string>();
  for (const [index, fields] of table.indexFields) {
    const complete = fields.every((field) => row[field] !== undefined && row[field] !== null);
    if (complete) entries.set(index, encodeFields(`Index ${index} of table ${table.name}`, fields, row));
  }
  return entries;
}

/** Storage text of a key as handlers give it: a value for a one-field key, an object for a compound one. */
export function givenKey(table: AnyTable, key: unknown): string {
  const [only, second] = table.keyFields;
  const isObject = typeof key === "object" && key !== null;
  if (second === undefined && only !== undefined && !isObject) return rowKey(table, { [only]: key });
  return rowKey(table, isObject ? (key as Record<string, unknown>) : {});
}
