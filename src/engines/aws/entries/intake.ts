/** From messages to deliveries: what each message is, and whether its delivery may run now. */
import { getItem, getItems } from "../store/read.ts";
import type { AwsDelivery } from "../store/types.ts";
import { deliveryKey, deliverySorts, readDelivery, type DeliveryRecord } from "../items/deliveries.ts";
import { eventSort, readEvent } from "../items/journal.ts";
import { decodeMessage, type Message } from "../message.ts";
import { isPulseQueueError } from "../../../core/errors.ts";
import type { HandlerDefinition } from "../../../core/handler.ts";
import type { Runtime } from "./context.ts";
import type { SqsRecord } from "./lambda.ts";
import { buryUnreadable } from "./unreadable.ts";

/** What becomes of a message: it is removed, or given back for `delay` milliseconds. */
export type Fate = { readonly end: "removed" } | { readonly end: "returned"; readonly delay: number };

export const removed: Fate = { end: "removed" };
export const returned = (delay: number): Fate => ({ end: "returned", delay: Math.max(0, delay) });

/** One delivery, with every message of the batch that is of it. */
export interface Taken {
  readonly delivery: AwsDelivery;
  readonly records: readonly SqsRecord[];
  /** What must keep its order. `undefined`: nothing. */
  readonly group: string | undefined;
  /** Whether it could be what ended the process of its last receives. */
  readonly suspect: boolean;
  /** Whether it must not share a commit. */
  readonly alone: boolean;
}

export interface Intake {
  readonly taken: readonly Taken[];
  /** Messages of which nothing runs. */
  readonly fates: ReadonlyMap<SqsRecord, Fate>;
}

/** From so many receives on that nothing explains, a delivery is claimed before it runs: one that ends its process uses one attempt more than it has. */
const suspectAfter = 2;

interface Readable {
  readonly record: SqsRecord;
  readonly message: Extract<Message, { kind: "event" }>;
  readonly id: string;
}

/** Reads at most once, and not at all where every message is received for the first time. */
export async function takeIn(runtime: Runtime, { name: handler, ordered }: HandlerDefinition, records: readonly SqsRecord[]): Promise<Intake> {
  const fates = new Map<SqsRecord, Fate>();
  const readable: Readable[] = [];
  for (const record of records) {
    const message = await read(runtime, handler, record);
    if (typeof message === "boolean") fates.set(record, message ? removed : returned(unreadableDelay));
    else readable.push({ record, message, id: deliveryId(handler, message) });
  }
  const known = await readRecords(runtime, handler, readable);
  const taken = new Map<string, Taken>();
  for (const one of readable) {
    const other = taken.get(one.id);
    const entry = takeOne(handler, ordered, one, known.get(one.id));
    taken.set(one.id, other === undefined ? entry : { ...other, records: [...other.records, one.record] });
  }
  return { taken: [...taken.values()], fates };
}

/** Wait of a message that stays in its queue though it cannot be read, milliseconds. */
const unreadableDelay = 30_000;
/** Receives of a message of a newer form before it is a dead letter: ten minutes, in which this function is deployed too. */
const newerReceives = 20;

/** `true`: it is a dead letter now; `false`: it must stay in its queue. */
async function read(runtime: Runtime, handler: string, record: SqsRecord): Promise<Extract<Message, { kind: "event" }> | boolean> {
  const { body } = record;
  const message = decodeMessage(runtime.system.hash, body);
  switch (message.kind) {
    case "event":
      return message;
    case "unreadable":
      if (message.code === "ENVELOPE_UNKNOWN" && receivesOf(record) <= newerReceives) return false;
      return buryUnreadable(runtime, handler, body, message.code, message.message);
    case "reference":
      return readReferred(runtime, handler, body, message);
  }
}

/** A message whose event was too large for it. */
async function readReferred(runtime: Runtime, handler: string, body: string, message: Extract<Message, { kind: "reference" }>): ReturnType<typeof read> {
  const item = await getItem(runtime, runtime.deployment.journal, { p: message.journalKey, s: eventSort });
  if (item === undefined) return buryUnreadable(runtime, handler, body, "NOT_FOUND", "The event that the message names is not in the journal");
  try {
    const { event, sequence } = readEvent(runtime.system.hash, item);
    return { ...message, kind: "event", event, sequence };
  } catch (thrown) {
    if (!isPulseQueueError(thrown)) throw thrown;
    return buryUnreadable(runtime, handler, body, thrown.code, thrown.message);
  }
}

function deliveryId(handler: string, { journalKey, run }: { readonly journalKey: string; readonly run: number }): string {
  const { p, s } = deliveryKey(handler, journalKey, run);
  return `${p} ${s}`;
}

async function readRecords(runtime: Runtime, handler: string, readable: readonly Readable[]): Promise<ReadonlyMap<string, DeliveryRecord>> {
  const asked = readable.filter(({ record, message }) => receivesOf(record) > 1 || message.recorded);
  const keys = new Map(asked.map(({ id, message }) => [id, deliveryKey(handler, message.journalKey, message.run)]));
  const items = await getItems(runtime, runtime.deployment.deliveries, [...keys.values()]);
  return new Map(items.map((item) => [`${item["p"]?.S ?? ""} ${item["s"]?.S ?? deliverySorts}`, readDelivery(item)]));
}

function receivesOf(record: SqsRecord): number {
  return Number(record.attributes.ApproximateReceiveCount);
}

function takeOne(
  handler: string,
  ordered: boolean,
  { record: message, message: { event, journalKey, sequence, run } }: Readable,
  record: DeliveryRecord | undefined,
): Taken {
  const received = receivesOf(message);
  const suspect = received - (record?.received ?? 0) >= suspectAfter || record?.failure?.code === "HANDLER_CRASHED";
  return {
    delivery: { event, handler, journalKey, sequence, run, received, record, attempt: (record?.attempts ?? 0) + 1 },
    records: [message],
    group: ordered ? message.attributes.MessageGroupId : undefined,
    suspect,
    alone: suspect,
  };
}
