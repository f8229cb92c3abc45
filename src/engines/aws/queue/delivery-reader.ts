/** Reads of the deliveries table. */
import type { DeliveryState } from "../../../core/delivery.ts";
import type { Item } from "../items/attributes.ts";
import { needText, textOf, toItem } from "../items/attributes.ts";
import {
  deliveryKey,
  deliveryPartition,
  deliverySorts,
  readDelivery,
  type DeliveredEvent,
  type DeliveryKey,
  type DeliveryRecord,
} from "../items/deliveries.ts";
import { identityOf } from "../items/journal.ts";
import type { Reader } from "./reader.ts";

/** A record and where it is. */
export interface FoundRecord {
  readonly key: DeliveryKey;
  readonly record: DeliveryRecord;
  /** Its event; of a message that could not be read, what stands for one. */
  readonly event: Omit<DeliveredEvent, "journalKey">;
}

export interface DeliveryReader {
  /** Records of one event for one handler, replays included. */
  of(handler: string, journalKey: string): Promise<readonly FoundRecord[]>;
  /** Records that came with these events, by `p`. */
  firstRuns(pairs: readonly { readonly handler: string; readonly journalKey: string }[]): Promise<ReadonlyMap<string, DeliveryRecord>>;
  /** Records of a handler that are neither done nor discarded, by position. The index may be a moment behind. */
  open(handler: string, states: readonly DeliveryState[] | undefined): AsyncGenerator<FoundRecord>;
  /** The open record at this position. */
  openAt(handler: string, sequence: number, run: number): Promise<FoundRecord | undefined>;
}

export function openDeliveryReader(reader: Reader, table: string): DeliveryReader {
  const found = (item: Item): FoundRecord => {
    const [key, record] = [{ p: needText(item, "p"), s: needText(item, "s") }, readDelivery(item)];
    const foreign = { id: identityOf(key.p), type: "", key: undefined, tenant: undefined, sequence: record.version };
    return { key, record, event: record.event ?? foreign };
  };
  const openBetween = (handler: string, from: number, to: number): AsyncGenerator<Item> =>
    reader.query({
      TableName: table,
      IndexName: "open",
      KeyConditionExpression: "o = :o AND q BETWEEN :from AND :to",
      ExpressionAttributeValues: toItem({ ":o": handler, ":from": from, ":to": to }),
    });
  /** The index may be behind the table, and may hold only keys: what counts is the record itself. */
  const whole = async (items: readonly Item[]): Promise<readonly FoundRecord[]> => {
    const keys = items.map((item) => toItem({ p: textOf(item, "p"), s: textOf(item, "s") }));
    const records = await reader.getAll(table, keys);
    return records.map(found).sort((left, right) => left.event.sequence - right.event.sequence);
  };
  async function* wholeOf(items: AsyncGenerator<Item>): AsyncGenerator<FoundRecord> {
    let group: Item[] = [];
    for await (const item of items) {
      group.push(item);
      if (group.length < groupSize) continue;
      yield* await whole(group);
      group = [];
    }
    yield* await whole(group);
  }

  return {
    async of(handler, journalKey) {
      const items = reader.query({
        TableName: table,
        KeyConditionExpression: "p = :p AND begins_with(s, :s)",
        ExpressionAttributeValues: toItem({ ":p": deliveryPartition(handler, journalKey), ":s": deliverySorts }),
        ConsistentRead: true,
      });
      const records: FoundRecord[] = [];
      for await (const item of items) records.push(found(item));
      return records;
    },
    async firstRuns(pairs) {
      const items = await reader.getAll(
        table,
        pairs.map(({ handler, journalKey }) => toItem({ ...deliveryKey(handler, journalKey, 0) })),
      );
      return new Map(items.map((item) => [needText(item, "p"), readDelivery(item)]));
    },
    async *open(handler, states) {
      for await (const one of wholeOf(openBetween(handler, 0, Number.MAX_SAFE_INTEGER))) {
        const { state } = one.record;
        if (state !== "done" && state !== "discarded" && (states === undefined || states.includes(state))) yield one;
      }
    },
    async openAt(handler, sequence, run) {
      for await (const one of wholeOf(openBetween(handler, sequence, sequence))) if (one.record.run === run) return one;
      return undefined;
    },
  };
}

/** Records that are read at once. */
const groupSize = 100;
