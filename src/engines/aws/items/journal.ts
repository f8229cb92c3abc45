/**
 * Items of the journal table. An event is `p` = `e#<source>#<hash of its identity>`: the source stands in clear at the front, so
 * that a role can be bound to the events of its own source. A key's head is `p` = `k#<key>`: each commit that appends events
 * which somebody wants in order updates it in the same transaction, and the table's stream keeps the order of the changes of one
 * item; so the relay sees the events of a key in the order of their commits.
 *
 * Index `time`: `tb` = hour and shard, sorted by `q`. Index `flow`: `c` = correlation id, sorted by `q`. Neither is read on the
 * way of an event: each costs a write of the event's size where it holds all attributes, or of 1 KB where it holds keys only.
 */
import type { EventRecord, NewEvent } from "../../../core/envelope.ts";
import { PulseQueueError } from "../../../core/errors.ts";
import { decodeJson, sameJson } from "../../../core/json.ts";
import { needNumber, needText, numberOf, textOf, toItem, type Item } from "./attributes.ts";
import { timeOfSequence } from "../sequence.ts";

type Hash = (text: string) => string;

/** An event with what the store knows of it. */
export interface StoredEvent {
  /** Its `p` in the journal. */
  readonly key: string;
  /** Position in the journal. */
  readonly sequence: number;
  readonly event: EventRecord;
  /** Not delivered before this time, milliseconds since 1970. */
  readonly dueAt: number | undefined;
  readonly principal: string | undefined;
}

/** Partitions of one hour in the index `time`, so that many writers do not meet in one. */
export const timeShards = 4;

/** A hash that may stand in keys, names of schedules and groups of messages: 43 letters, digits, `-` and `_`. */
export function urlHash(hash: Hash, text: string): string {
  return hash(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** `p` of an event. */
export function journalKey(hash: Hash, { tenant, source, id }: Pick<EventRecord, "tenant" | "source" | "id">): string {
  return `e#${source}#${urlHash(hash, JSON.stringify([tenant ?? null, source, id]))}`;
}

/** The hash at the end of an event's key: one event's identity, whatever table it stands in. */
export function identityOf(key: string): string {
  return key.slice(key.lastIndexOf("#") + 1);
}

/** The source that an event's key names. */
export function sourceOf(key: string | undefined): string | undefined {
  return key?.slice("e#".length, key.lastIndexOf("#"));
}

export function isEventKey(key: string): boolean {
  return key.startsWith("e#");
}

/** `s` of an event. */
export const eventSort = "e";

export function headKey(key: string): string {
  return `k#${key}`;
}

export function isHeadKey(key: string): boolean {
  return key.startsWith("k#");
}

/** `s` of a key's head. */
export const headSort = "k";

/** `tb` of an event: hour in UTC, and shard. */
export function timePartition(sequence: number): string {
  return hourPartition(timeOfSequence(sequence), sequence % timeShards);
}

/** `tb` of every event of this hour and shard. */
export function hourPartition(time: number, shard: number): string {
  const hour = new Date(time).toISOString().slice(0, 13).replaceAll(/[-T]/g, "");
  return `${hour}#${String(shard)}`;
}

export function eventItem(hash: Hash, event: NewEvent, sequence: number): Item {
  const p = journalKey(hash, event);
  return toItem({
    p,
    s: eventSort,
    t: event.type,
    i: event.id,
    o: event.source,
    m: event.time,
    b: event.data,
    w: event.version,
    k: event.key,
    c: event.correlationId ?? event.id,
    u: event.causationId,
    g: event.hops,
    tp: event.traceparent,
    n: event.tenant,
    du: event.dueAt,
    pr: event.principal,
    q: sequence,
    tb: timePartition(sequence),
    h: contentHash(hash, p, sequence, event),
  });
}

/** The event of an item, after its hash was checked. Throws `STORE_CORRUPT`. */
export function readEvent(hash: Hash, item: Item): StoredEvent {
  const key = needText(item, "p");
  const sequence = needNumber(item, "q");
  const id = needText(item, "i");
  const flow = needText(item, "c");
  const event: EventRecord = {
    id,
    type: needText(item, "t"),
    source: needText(item, "o"),
    time: needNumber(item, "m"),
    data: needText(item, "b"),
    version: needNumber(item, "w"),
    key: textOf(item, "k"),
    correlationId: flow === id ? undefined : flow,
    causationId: textOf(item, "u"),
    hops: needNumber(item, "g"),
    traceparent: textOf(item, "tp"),
    tenant: textOf(item, "n"),
  };
  const dueAt = numberOf(item, "du");
  if (contentHash(hash, key, sequence, { ...event, dueAt }) !== needText(item, "h"))
    throw new PulseQueueError("STORE_CORRUPT", `The event at position ${String(sequence)} does not match its hash`);
  return { key, sequence, event, dueAt, principal: textOf(item, "pr") };
}

/** A hash over all that an event's item says. */
function contentHash(hash: Hash, key: string, sequence: number, event: EventRecord & Pick<NewEvent, "dueAt">): string {
  const flow = event.correlationId ?? event.id;
  const origin = [flow, event.causationId ?? null, event.hops, event.traceparent ?? null, event.tenant ?? null, event.dueAt ?? null];
  return hash(JSON.stringify([key, sequence, event.type, event.source, event.id, event.time, event.version, event.key ?? null, ...origin, event.data]));
}

/** Whether `event` says the same as the one that is there: then it is that one, sent once more. */
export function isSameEvent(there: Pick<EventRecord, "type" | "data">, event: Pick<EventRecord, "type" | "data">): boolean {
  return there.type === event.type && (there.data === event.data || sameJson(decodeJson(there.data), decodeJson(event.data)));
}

/** An event that one commit appended to a key. */
export interface HeadEntry {
  /** Its `p` in the journal. */
  readonly key: string;
  readonly type: string;
}

/** What `a` of a head holds: the events of the last commit, in their order. */
export function encodeHead(entries: readonly HeadEntry[]): string {
  return JSON.stringify(entries.map(({ key, type }) => [key, type]));
}

/** The events that the commit which wrote this image appended. */
export function readHead(image: Item): readonly HeadEntry[] {
  const entries = decodeJson(needText(image, "a")) as readonly (readonly [string, string])[];
  return entries.map(([key, type]) => ({ key, type }));
}
