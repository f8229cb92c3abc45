/** A table: its items, its global secondary indexes, its stream. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { createStream, type Stream, type StreamView } from "./stream.ts";
import { compareTexts, compareValues, copyItem, isEqualItem, typeOf, type Item } from "./values.ts";

export interface KeyAttribute {
  readonly name: string;
  readonly type: "S" | "N";
}

export interface KeySchema {
  readonly hash: KeyAttribute;
  readonly range?: KeyAttribute | undefined;
}

export interface IndexSpec extends KeySchema {
  readonly name: string;
  /** `ALL`, or the names of what it has besides the keys of table and index. */
  readonly projection: "ALL" | readonly string[];
}

export interface TableSpec extends KeySchema {
  readonly name: string;
  readonly indexes?: readonly IndexSpec[];
  readonly stream?: StreamView | undefined;
  /** Attribute that holds the second after which an item may be deleted. */
  readonly ttl?: string | undefined;
}

export interface TableHost {
  readonly region: string;
  readonly account: string;
  readonly shards: number;
  readonly now: () => number;
  readonly monotonic: () => number;
  /** Milliseconds until an index has the next change. */
  indexLag(): number;
}

/** One item in the order of a table or an index. */
export interface Entry {
  readonly range: AttributeValue | undefined;
  /** The table's own key: the order of entries with equal sort keys. */
  readonly key: string;
  readonly item: Item;
}

export interface Collection {
  readonly keys: KeySchema;
  /** Items of one partition key in the order of their sort keys. */
  readonly partition: (hash: AttributeValue) => readonly Entry[];
  /** All, partition by partition. */
  readonly all: () => readonly Entry[];
}

export interface Table extends Collection {
  readonly spec: TableSpec;
  readonly arn: string;
  readonly stream: Stream | undefined;
  get(key: Item): Item | undefined;
  /** Makes `item` what is stored under `key`; `undefined` deletes. */
  set(key: Item, item: Item | undefined, isExpiry?: boolean): void;
  /** Reads of an index see what it has by now. */
  index(name: string): (Collection & { readonly spec: IndexSpec }) | undefined;
  /** The key attributes alone. */
  keyOf(item: Item): Item;
}

export function createTable(spec: TableSpec, host: TableHost): Table {
  const arn = `arn:aws:dynamodb:${host.region}:${host.account}:table/${spec.name}`;
  const own = createOrder(spec);
  const indexes = new Map((spec.indexes ?? []).map((index) => [index.name, createIndex(index, spec, host)]));
  const stream = spec.stream === undefined ? undefined : createStream(`${arn}/stream/2026-01-01T00:00:00.000`, spec.stream, host.shards);
  const items = new Map<string, Item>();
  const keyOf = (item: Item): Item => pick(item, keyNames(spec));
  const textOf = (key: Item): string =>
    keyNames(spec)
      .map((name) => valueText(key[name]))
      .join("\n");
  return {
    spec,
    arn,
    stream,
    keys: spec,
    partition: own.partition,
    all: own.all,
    keyOf,
    get: (key) => items.get(textOf(key)),
    set: (key, item, isExpiry = false) => {
      const text = textOf(key);
      const before = items.get(text);
      const after = item === undefined ? undefined : copyItem(item);
      if (before === undefined ? after === undefined : after !== undefined && isEqualItem(before, after)) return;
      if (after === undefined) items.delete(text);
      else items.set(text, after);
      own.replace(text, before, after);
      for (const index of indexes.values()) index.replace(text, before, after);
      stream?.append({ partition: valueText(key[spec.hash.name]), keys: keyOf(key), before, after, isExpiry, at: host.now() });
    },
    index: (name) => indexes.get(name),
  };
}

export function keyNames(keys: KeySchema): readonly string[] {
  return keys.range === undefined ? [keys.hash.name] : [keys.hash.name, keys.range.name];
}

export function valueText(value: AttributeValue | undefined): string {
  return value === undefined ? "" : `${typeOf(value)}${value.S ?? value.N ?? ""}`;
}

interface Order extends Collection {
  replace(key: string, before: Item | undefined, after: Item | undefined): void;
}

/** Items that have the keys, by partition, sorted. */
function createOrder(keys: KeySchema): Order {
  const partitions = new Map<string, Entry[]>();
  const place = (entries: readonly Entry[], range: AttributeValue | undefined, key: string): number => {
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = entries[middle];
      if (entry !== undefined && isBefore(entry, range, key)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const locate = (item: Item, key: string): { entries: Entry[]; at: number; range: AttributeValue | undefined } | undefined => {
    const hash = item[keys.hash.name];
    const range = keys.range === undefined ? undefined : item[keys.range.name];
    if (hash === undefined || (keys.range !== undefined && range === undefined)) return undefined;
    const text = valueText(hash);
    const entries = partitions.get(text) ?? [];
    partitions.set(text, entries);
    return { entries, at: place(entries, range, key), range };
  };
  return {
    keys,
    partition: (hash) => partitions.get(valueText(hash)) ?? [],
    all: () => [...partitions.values()].flat(),
    replace: (key, before, after) => {
      const old = before === undefined ? undefined : locate(before, key);
      if (old?.entries[old.at]?.key === key) old.entries.splice(old.at, 1);
      const next = after === undefined ? undefined : locate(after, key);
      if (next !== undefined && after !== undefined) next.entries.splice(next.at, 0, { range: next.range, key, item: after });
    },
  };
}

function isBefore(entry: Entry, range: AttributeValue | undefined, key: string): boolean {
  const order = orderOf(entry.range, range);
  return order < 0 || (order === 0 && compareTexts(entry.key, key) < 0);
}

function orderOf(left: AttributeValue | undefined, right: AttributeValue | undefined): number {
  return left === undefined || right === undefined ? 0 : (compareValues(left, right) ?? 0);
}

/** An index takes changes in their order, each after the lag that the host draws. */
function createIndex(spec: IndexSpec, table: KeySchema, host: TableHost): Order & { readonly spec: IndexSpec } {
  const order = createOrder(spec);
  const kept = spec.projection === "ALL" ? undefined : [...keyNames(table), ...keyNames(spec), ...spec.projection];
  const projected = (item: Item | undefined): Item | undefined => (item === undefined || kept === undefined ? item : pick(item, kept));
  let waiting: { readonly at: number; readonly apply: () => void }[] = [];
  let last = 0;
  const catchUp = (): void => {
    const due = waiting.filter(({ at }) => at <= host.monotonic());
    if (due.length === 0) return;
    waiting = waiting.slice(due.length);
    for (const { apply } of due) apply();
  };
  return {
    spec,
    keys: spec,
    partition: (hash) => {
      catchUp();
      return order.partition(hash);
    },
    all: () => {
      catchUp();
      return order.all();
    },
    replace: (key, before, after) => {
      last = Math.max(last, host.monotonic() + host.indexLag());
      waiting.push({
        at: last,
        apply: () => {
          order.replace(key, projected(before), projected(after));
        },
      });
      catchUp();
    },
  };
}

function pick(item: Item, names: readonly string[]): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
}
