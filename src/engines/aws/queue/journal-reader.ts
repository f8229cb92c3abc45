/**
 * Reads of the journal. By position it is read through the index `time`, hour by hour. Which hours have events is noted in the
 * system table, so that a quiet month costs nothing; the last hours are always looked at, since their notes may not be there yet.
 */
import type { System } from "../../../core/ports.ts";
import { emitterSource } from "../../../core/scope.ts";
import type { Topology } from "../../../core/topology.ts";
import { needText, textOf, toItem, type Item } from "../items/attributes.ts";
import { eventSort, hourPartition, journalKey, readEvent, timeShards, type StoredEvent } from "../items/journal.ts";
import { hourOf, notedHours } from "../hours.ts";
import { sequenceAt, timeOfSequence } from "../sequence.ts";
import type { Reader } from "./reader.ts";
import type { SystemTable } from "./system-table.ts";

export interface Positions {
  /** Both are not part of it. */
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly ascending: boolean;
}

export interface JournalReader {
  /** Events by their position. */
  walk(positions: Positions): AsyncGenerator<StoredEvent>;
  /** Events of a flow by their position. */
  flow(correlationId: string, positions: Positions): AsyncGenerator<StoredEvent>;
  /** Events that have this id, of whatever source. */
  byId(id: string): Promise<readonly StoredEvent[]>;
  /** The event with this key; `undefined`: it is not there. */
  byKeys(keys: readonly string[]): Promise<ReadonlyMap<string, StoredEvent>>;
}

export interface JournalReaderOptions {
  readonly reader: Reader;
  readonly system: System;
  readonly topology: Topology;
  /** Table of the journal. */
  readonly table: string;
  readonly systemTable: SystemTable;
}

const hour = 60 * 60_000;
/** Notes of hours come with the relay, which may be behind. */
const unnotedHours = 3;
/** Positions run ahead of the time where more events come in a millisecond than it has positions, and after a clock was set back. */
const slack = hour;
/** Rows of the index that one request asks for. */
const page = 250;
/** Events that are read at once where the index holds only keys. */
const groupSize = 50;
const timeOfId = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

export function openJournalReader({ reader, system, topology, table, systemTable }: JournalReaderOptions): JournalReader {
  const hours = async ({ after, before, ascending }: Positions): Promise<readonly number[]> => {
    const now = hourOf(system.clock.now() + slack);
    const last = Array.from({ length: unnotedHours }, (_, index) => now - index * hour);
    const [first, end] = [after === undefined ? 0 : hourOf(timeOfSequence(after + 1)), before === undefined ? now : hourOf(timeOfSequence(before))];
    const all = new Set([...(await notedHours(systemTable, first, end)), ...last]);
    const wanted = [...all].filter((time) => time >= first && time <= end);
    return wanted.sort((left, right) => (ascending ? left - right : right - left));
  };

  /** Events of one partition of an index, all attributes read. */
  async function* ofPartition(
    index: "time" | "flow",
    partition: string,
    { after = -1, before = Number.MAX_SAFE_INTEGER, ascending }: Positions,
  ): AsyncGenerator<StoredEvent> {
    const hash = index === "time" ? "tb" : "c";
    const items = reader.query({
      TableName: table,
      IndexName: index,
      KeyConditionExpression: `${hash} = :p AND q BETWEEN :from AND :to`,
      ExpressionAttributeValues: toItem({ ":p": partition, ":from": after + 1, ":to": before - 1 }),
      ScanIndexForward: ascending,
      Limit: page,
    });
    let group: Item[] = [];
    for await (const item of items) {
      group.push(item);
      if (group.length < groupSize) continue;
      yield* await complete(group);
      group = [];
    }
    yield* await complete(group);
  }
  /** The events of rows of an index, which may hold only keys. */
  const complete = async (items: readonly Item[]): Promise<readonly StoredEvent[]> => {
    if (items.every((item) => textOf(item, "b") !== undefined)) return items.map((item) => readEvent(system.hash, item));
    const events = await byKeys(items.map((item) => needText(item, "p")));
    return items.map((item) => events.get(needText(item, "p"))).filter((event) => event !== undefined);
  };

  async function* walk(positions: Positions): AsyncGenerator<StoredEvent> {
    if ((positions.after ?? -1) + 1 >= (positions.before ?? Number.MAX_SAFE_INTEGER)) return;
    for (const time of await hours(positions)) {
      const shards = Array.from({ length: timeShards }, (_, shard) => ofPartition("time", hourPartition(time, shard), positions));
      yield* merged(shards, positions.ascending);
    }
  }
  const byKeys = async (keys: readonly string[]): Promise<ReadonlyMap<string, StoredEvent>> => {
    const items = await reader.getAll(
      table,
      [...new Set(keys)].map((p) => toItem({ p, s: eventSort })),
    );
    const events = items.map((item) => readEvent(system.hash, item));
    return new Map(events.map((event) => [event.key, event]));
  };

  return {
    walk,
    flow: (correlationId, positions) => ofPartition("flow", correlationId, positions),
    byKeys,
    async byId(id) {
      const found = new Map<string, StoredEvent>();
      const take = (stored: StoredEvent): void => {
        if (stored.event.id === id) found.set(stored.key, stored);
      };
      for await (const stored of ofPartition("flow", id, { ascending: true })) take(stored);
      const owners = [...topology.handlers.keys(), ...topology.endpoints.keys()];
      const sources = [topology.app, ...owners.map((owner) => emitterSource(topology.app, owner))];
      const known = await byKeys(sources.map((source) => journalKey(system.hash, { tenant: undefined, source, id })));
      for (const stored of known.values()) take(stored);
      const [, high, low] = timeOfId.exec(id) ?? [];
      if (high !== undefined && low !== undefined) {
        const made = Number.parseInt(high + low, 16);
        for await (const stored of walk({ after: sequenceAt(made - 1_000), before: sequenceAt(made + 60_000), ascending: true })) take(stored);
      }
      return [...found.values()].sort((left, right) => left.sequence - right.sequence);
    },
  };
}

/** Several lists that are in order, as one. */
async function* merged(lists: readonly AsyncGenerator<StoredEvent>[], ascending: boolean): AsyncGenerator<StoredEvent> {
  const heads = await Promise.all(lists.map(async (list) => ({ list, next: await list.next() })));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.next.done === true) continue;
      if (first === undefined || first.next.done === true || head.next.value.sequence < first.next.value.sequence === ascending) first = head;
    }
    if (first === undefined || first.next.done === true) return;
    yield first.next.value;
    first.next = await first.list.next();
  }
}
