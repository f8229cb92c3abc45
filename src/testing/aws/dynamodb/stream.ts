/** The stream of a table: every change of an item, in shards; changes of one item are in one shard, in their order. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { sizeOfItem, type Item } from "./values.ts";

export type StreamView = "KEYS_ONLY" | "NEW_IMAGE" | "OLD_IMAGE" | "NEW_AND_OLD_IMAGES";

/** As a function gets it. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: "INSERT" | "MODIFY" | "REMOVE";
  readonly eventVersion: string;
  readonly eventSource: string;
  readonly awsRegion: string;
  readonly eventSourceARN: string;
  readonly dynamodb: {
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Record<string, AttributeValue>;
    readonly NewImage?: Record<string, AttributeValue>;
    readonly OldImage?: Record<string, AttributeValue>;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: StreamView;
  };
  /** On what the time-to-live of a table deleted. */
  readonly userIdentity?: { readonly type: string; readonly principalId: string };
}

export interface Stream {
  readonly arn: string;
  readonly view: StreamView;
  /** Records by shard, oldest first. */
  readonly shards: readonly (readonly StreamRecord[])[];
  /** Calls `fn` with a shard's number after each record that it gets. */
  listen(fn: (shard: number) => void): void;
  append(change: StreamChange): void;
}

export interface StreamChange {
  /** The partition key's text, which chooses the shard. */
  readonly partition: string;
  readonly keys: Item;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  readonly isExpiry: boolean;
  /** Milliseconds. */
  readonly at: number;
}

/** The first sequence number; they have 21 digits as the real ones, and grow. */
const firstSequence = 100_000_000_000_000_000_000n;

export function createStream(arn: string, view: StreamView, shardCount: number): Stream {
  const shards = Array.from({ length: shardCount }, (): StreamRecord[] => []);
  const listeners: ((shard: number) => void)[] = [];
  let count = 0n;
  return {
    arn,
    view,
    shards,
    listen: (fn) => {
      listeners.push(fn);
    },
    append: ({ partition, keys, before, after, isExpiry, at }) => {
      count += 1n;
      const sequence = String(firstSequence + count);
      const newImage = after !== undefined && view.startsWith("NEW") ? { NewImage: { ...after } } : {};
      const oldImage = before !== undefined && view.includes("OLD") ? { OldImage: { ...before } } : {};
      const shard = shardOf(partition, shardCount);
      shards[shard]?.push({
        eventID: sequence.padStart(32, "0"),
        eventName: before === undefined ? "INSERT" : after === undefined ? "REMOVE" : "MODIFY",
        eventVersion: "1.1",
        eventSource: "aws:dynamodb",
        awsRegion: arn.split(":")[3] ?? "",
        eventSourceARN: arn,
        dynamodb: {
          ApproximateCreationDateTime: Math.floor(at / 1_000),
          Keys: { ...keys },
          ...newImage,
          ...oldImage,
          SequenceNumber: sequence,
          SizeBytes: sizeOfItem(keys) + sizeOfItem(newImage.NewImage ?? {}) + sizeOfItem(oldImage.OldImage ?? {}),
          StreamViewType: view,
        },
        ...(isExpiry ? { userIdentity: { type: "Service", principalId: "dynamodb.amazonaws.com" } } : {}),
      });
      for (const listener of listeners) listener(shard);
    },
  };
}

/** A small hash, the same on every machine. */
export function shardOf(text: string, count: number): number {
  let hash = 7;
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % count;
}
