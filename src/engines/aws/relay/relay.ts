/**
 * The relay: the function that carries events from the journal to those who handle them. It is fed by the streams of the journal and
 * of the deliveries, and by the delay queue. Whatever it is given is sent, kept for its time, or said to have failed; a record of
 * which something could not be sent comes again, with all that follow it in its shard.
 */
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { App } from "../../../core/app.ts";
import { isPulseQueueError } from "../../../core/errors.ts";
import { openRuntime, type RuntimeOptions } from "../entries/context.ts";
import type { BatchResponse, SqsRecord } from "../entries/lambda.ts";
import { hourItem, hourOf } from "../hours.ts";
import { needText, numberOf, textOf, type Item } from "../items/attributes.ts";
import { readDelivery } from "../items/deliveries.ts";
import { eventSort, isEventKey, isHeadKey, readEvent, readHead, type StoredEvent } from "../items/journal.ts";
import { retrying } from "../retry.ts";
import { timeOfSequence } from "../sequence.ts";
import { getItems } from "../store/read.ts";
import type { Parcel } from "./parcels.ts";
import { delayed, refusalOf, routeAppended, routeDue, routeOrdered, routeRaw, routeSent, type DelayMessage } from "./route.ts";
import { sendAll, type Sender } from "./send.ts";

export interface RelayOptions extends RuntimeOptions, Omit<Sender, "runtime"> {}

/** A change of an item, as a stream tells it. */
export interface StreamRecord {
  readonly eventName?: "INSERT" | "MODIFY" | "REMOVE" | undefined;
  readonly dynamodb?: { readonly SequenceNumber?: string | undefined; readonly NewImage?: Item | undefined } | undefined;
}

export interface RelayEvent {
  readonly Records: readonly (StreamRecord | SqsRecord)[];
}

/** What one record asks for: events by their keys, and what to send once they are there. */
interface Task {
  readonly id: string;
  /** `p` of events that it needs. */
  readonly needs: readonly string[];
  /** The event that it holds, for others that need it. */
  readonly holds?: StoredEvent;
  readonly parcels: (events: ReadonlyMap<string, StoredEvent>) => readonly Parcel[];
}

/** @example export const handler = relayEntry(app, { dynamodb, sqs, events, scheduler }); */
export function relayEntry(app: App, options: RelayOptions): (event: RelayEvent) => Promise<BatchResponse> {
  const runtime = openRuntime(app, options);
  const relay = new Relay({ runtime, sqs: options.sqs, events: options.events, scheduler: options.scheduler });
  return async ({ Records }) => {
    const streamed = Records.filter((record): record is StreamRecord => !("messageId" in record));
    const messages = Records.filter((record): record is SqsRecord => "messageId" in record);
    // Of a stream all that follows the first failed one comes again, in its order; of a queue only what failed.
    const failed = streamed.length > 0 ? (await relay.carry(streamed.map((record) => relay.ofStream(record)))).slice(0, 1) : [];
    const waiting = await relay.carry(messages.map((record) => relay.ofDelay(record)));
    return { batchItemFailures: [...failed, ...waiting].map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

class Relay {
  readonly #sender: Sender;
  readonly #noted = new Set<number>();

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Answers the ids of the tasks of which something was not sent, in their order. */
  async carry(tasks: readonly Task[]): Promise<readonly string[]> {
    if (tasks.length === 0) return [];
    const { runtime } = this.#sender;
    const events = new Map(tasks.flatMap(({ holds }) => (holds === undefined ? [] : [[holds.key, holds] as const])));
    await this.#noteHours([...events.values()]);
    const keys = [...new Set(tasks.flatMap(({ needs }) => needs))].filter((key) => !events.has(key));
    const items = await getItems(
      runtime,
      runtime.deployment.journal,
      keys.map((p) => ({ p, s: eventSort })),
    );
    for (const item of items) {
      const stored = this.#read(item);
      if (stored !== undefined) events.set(stored.key, stored);
    }
    const planned = tasks.map((task) => ({ id: task.id, parcels: task.parcels(events) }));
    const failed = await sendAll(
      this.#sender,
      planned.flatMap(({ parcels }) => parcels),
    );
    return planned.filter(({ parcels }) => parcels.some((parcel) => failed.has(parcel))).map(({ id }) => id);
  }

  /** Notes the hours that these events are in, each once. */
  async #noteHours(events: readonly StoredEvent[]): Promise<void> {
    const { system, dynamodb, deployment } = this.#sender.runtime;
    for (const hour of new Set(events.map(({ sequence }) => hourOf(timeOfSequence(sequence))))) {
      if (this.#noted.has(hour)) continue;
      const command = new PutItemCommand({ TableName: deployment.system, Item: hourItem(hour) });
      await retrying(system, "DynamoDB refused to note an hour", () => dynamodb.send(command));
      this.#noted.add(hour);
    }
  }

  ofStream({ dynamodb, eventName }: StreamRecord): Task {
    const id = dynamodb?.SequenceNumber ?? "";
    const image = dynamodb?.NewImage;
    const key = image === undefined ? "" : (textOf(image, "p") ?? "");
    if (image === undefined) return nothing(id);
    if (numberOf(image, "send") !== undefined) return this.#ofDelivery(id, image);
    if (isHeadKey(key)) return this.#ofHead(id, image);
    return isEventKey(key) && eventName === "INSERT" ? this.#ofEvent(id, image) : nothing(id);
  }

  ofDelay({ messageId, body }: SqsRecord): Task {
    const message = delayMessage(body);
    if (message === undefined)
      return { id: messageId, needs: [], parcels: () => [this.#failure("RECORD_FOREIGN", "A message of the delay queue is none of ours", { body })] };
    const { key, dueAt } = message;
    const { runtime } = this.#sender;
    if (dueAt > runtime.system.clock.now()) return { id: messageId, needs: [], parcels: () => [delayed(runtime, { key }, dueAt)] };
    return this.#task(messageId, [key], (stored) => routeDue(runtime, stored));
  }

  #ofEvent(id: string, image: Item): Task {
    const stored = this.#read(image);
    if (stored === undefined)
      return { id, needs: [], parcels: () => [this.#failure("STORE_CORRUPT", "An event does not match its hash", { key: textOf(image, "p") })] };
    return { id, needs: [], holds: stored, parcels: () => this.#routed(stored, (event) => routeAppended(this.#sender.runtime, event)) };
  }

  #ofHead(id: string, image: Item): Task {
    const keys = readHead(image).map(({ key }) => key);
    return this.#task(id, keys, (stored) => routeOrdered(this.#sender.runtime, stored));
  }

  #ofDelivery(id: string, image: Item): Task {
    const { runtime } = this.#sender;
    const record = readDelivery(image);
    const { raw, event } = record;
    if (raw !== undefined) return { id, needs: [], parcels: () => [routeRaw(runtime, record, raw)] };
    return this.#task(id, event === undefined ? [] : [event.journalKey], (stored) => [routeSent(runtime, record, stored)]);
  }

  /** Routes each of these events; one that is not there is a failure. */
  #task(id: string, needs: readonly string[], route: (stored: StoredEvent) => readonly Parcel[]): Task {
    const parcels: Task["parcels"] = (events) =>
      needs.flatMap((key) => {
        const stored = events.get(key);
        return stored === undefined
          ? [this.#failure("NOT_FOUND", "An event that is to be delivered is not in the journal", { key })]
          : this.#routed(stored, route);
      });
    return { id, needs, parcels };
  }

  #routed(stored: StoredEvent, route: (stored: StoredEvent) => readonly Parcel[]): readonly Parcel[] {
    const refusal = refusalOf(this.#sender.runtime, stored);
    return refusal === undefined ? route(stored) : [this.#failure(refusal.code, refusal.message, { key: stored.key })];
  }

  /** What cannot be carried goes to a queue with an alarm, and is told. */
  #failure(code: string, message: string, fields: Readonly<Record<string, unknown>>): Parcel {
    const { system, resources, deployment } = this.#sender.runtime;
    system.observe({ type: "log", level: "error", message: "the relay cannot carry an event", fields: { code, reason: message, ...fields } });
    return { to: "queue", queueUrl: resources.queueUrl(deployment.relayFailures), body: JSON.stringify({ code, message, ...fields }) };
  }

  #read(item: Item): StoredEvent | undefined {
    try {
      return readEvent(this.#sender.runtime.system.hash, item);
    } catch (thrown) {
      if (!isPulseQueueError(thrown)) throw thrown;
      const fields = { code: thrown.code, key: needText(item, "p") };
      this.#sender.runtime.system.observe({ type: "log", level: "error", message: "an event in the journal is damaged", fields });
      return undefined;
    }
  }
}

const nothing = (id: string): Task => ({ id, needs: [], parcels: () => [] });

function delayMessage(body: string): DelayMessage | undefined {
  try {
    const given: unknown = JSON.parse(body);
    const isMessage = typeof given === "object" && given !== null && "key" in given && "dueAt" in given;
    return isMessage && typeof given.key === "string" && typeof given.dueAt === "number" ? { key: given.key, dueAt: given.dueAt } : undefined;
  } catch {
    return undefined;
  }
}
