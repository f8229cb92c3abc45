/**
 * Messages of the engine: what a queue's message says of an event, and of its delivery. Over the bus the message is the detail of
 * an EventBridge event; the relay sends the detail alone to FIFO queues, and whatever is sent later or once more.
 *
 * Form 1: `{ pulsequeue: 1, event, sequence }`, the event in CloudEvents form with `hops`; or `{ pulsequeue: 1, ref, type, sequence }`
 * where the event is too large: then it is read from the journal, by its key. `delivery: { run, recorded }` in what is sent once more.
 */
import { toCloudEvent, type EventRecord } from "../../core/envelope.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { isEventKey, journalKey, type StoredEvent } from "./items/journal.ts";

const form = 1;
/** Bytes of an entry on the bus and of a message, with room for what EventBridge wraps around it: both take 256 KiB. */
const largestBody = 240 * 1024;

/** Which delivery of its event to its handler a message is. */
export interface Sending {
  /** 0 for the delivery that came with the event; else the number of the replay. */
  readonly run: number;
  /** Whether the delivery has a record: an operator sent it. */
  readonly recorded: boolean;
}

/** Bytes that EventBridge counts for an entry: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
export function entryBytes(event: Pick<EventRecord, "source" | "type">, detail: string): number {
  return 14 + Buffer.byteLength(event.source) + Buffer.byteLength(event.type) + Buffer.byteLength(detail);
}

/** The text of a message. */
export function encodeMessage(stored: StoredEvent, sending?: Sending): string {
  const { event, key, sequence } = stored;
  const delivery = sending === undefined ? {} : { delivery: sending };
  const whole = JSON.stringify({ pulsequeue: form, event: { ...toCloudEvent(event), hops: event.hops }, sequence, ...delivery });
  if (entryBytes(event, whole) <= largestBody) return whole;
  return JSON.stringify({ pulsequeue: form, ref: key, type: event.type, sequence, ...delivery });
}

/** What a body says. */
export type Message =
  | (Sending & { readonly kind: "event"; readonly journalKey: string; readonly sequence: number; readonly event: EventRecord })
  | (Sending & { readonly kind: "reference"; readonly journalKey: string })
  /** None that can be read: `code` and `message` of its dead letter. */
  | { readonly kind: "unreadable"; readonly code: "RECORD_FOREIGN" | "ENVELOPE_UNKNOWN"; readonly message: string };

type Fields = Readonly<Record<string, Json | undefined>>;

/** Reads a message's body. Never throws: whatever it is, somebody has to be told. */
export function decodeMessage(hash: (text: string) => string, body: string): Message {
  let given: Json;
  try {
    given = JSON.parse(body) as Json;
  } catch {
    return foreign("its body is not JSON");
  }
  if (!isFields(given)) return foreign("its body is not a JSON object");
  const detail = given["detail-type"] === undefined ? given : given["detail"];
  if (!isFields(detail) || detail["pulsequeue"] === undefined) return foreign("it is no message of this engine");
  if (detail["pulsequeue"] !== form) {
    const name = JSON.stringify(detail["pulsequeue"]).slice(0, 20);
    return { kind: "unreadable", code: "ENVELOPE_UNKNOWN", message: `The message has the form ${name}; this version knows the form ${String(form)}` };
  }
  const sending = sendingOf(detail["delivery"]);
  const { ref, event, sequence } = detail;
  if (typeof ref === "string" && isEventKey(ref)) return { kind: "reference", journalKey: ref, ...sending };
  const record = isFields(event) ? eventOf(event) : undefined;
  if (record === undefined || typeof sequence !== "number") return foreign("its event lacks what every event has");
  return { kind: "event", journalKey: journalKey(hash, record), sequence, event: record, ...sending };
}

function foreign(why: string): Message {
  return { kind: "unreadable", code: "RECORD_FOREIGN", message: `The message is not of this app: ${why}` };
}

function sendingOf(given: Json | undefined): Sending {
  if (given === undefined || !isFields(given)) return { run: 0, recorded: false };
  return { run: typeof given["run"] === "number" ? given["run"] : 0, recorded: given["recorded"] === true };
}

/** The event of its CloudEvents form; `undefined` where something is missing or of another kind. */
function eventOf(given: Fields): EventRecord | undefined {
  try {
    const id = text(given, "id");
    const flow = text(given, "correlationid");
    const time = Date.parse(text(given, "time"));
    if (given["data"] === undefined || Number.isNaN(time)) return undefined;
    return {
      id,
      type: text(given, "type"),
      source: text(given, "source"),
      time,
      data: JSON.stringify(given["data"]),
      version: number(given, "schemaversion"),
      key: optional(given, "partitionkey"),
      correlationId: flow === id ? undefined : flow,
      causationId: optional(given, "causationid"),
      hops: number(given, "hops"),
      traceparent: optional(given, "traceparent"),
      tenant: optional(given, "tenantid"),
    };
  } catch {
    return undefined;
  }
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new PulseQueueError("RECORD_FOREIGN", `The event has no ${name}`);
  return value;
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number") throw new PulseQueueError("RECORD_FOREIGN", `The event has no ${name}`);
  return value;
}

function optional(fields: Fields, name: string): string | undefined {
  return fields[name] === undefined ? undefined : text(fields, name);
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What shares it is handled in its order: the event's key. One without a key shares it with nothing. */
export function groupOf({ event, key }: StoredEvent): string {
  return event.key === undefined ? `e${key}` : `k${event.key}`;
}
