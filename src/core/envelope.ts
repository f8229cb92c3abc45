import type { Json } from "./json.ts";
import { decodeJson } from "./json.ts";

/** An event as an engine stores it. `data` is the JSON text of the schema's input, exactly as it was accepted. */
export interface EventRecord {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly data: string;
  /** Schema version. */
  readonly version: number;
  readonly key: string | undefined;
  /** `undefined` on the first event of a flow: its own id stands for it. */
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  /** How many handlers the flow passed before this event. */
  readonly hops: number;
  /** W3C trace context of the producer. */
  readonly traceparent: string | undefined;
  /** Whose event it is, where the application serves several. Events that it causes are the same tenant's. */
  readonly tenant?: string | undefined;
}

/** An event to be stored. */
export interface NewEvent extends EventRecord {
  /** Not delivered before this time, milliseconds since 1970. */
  readonly dueAt: number | undefined;
  /** Whether the caller chose the id: then another event may already have it. */
  readonly chosenId: boolean;
  /** Whom its personal data is about, as its declaration says. */
  readonly subject?: string | undefined;
  /** Tells who follows the event that it is durable. */
  readonly sent?: (() => void) | undefined;
  /** Who was authenticated when it was published, for the scope of an incident. Not for what it causes: that is found from it. */
  readonly principal?: string | undefined;
}

/** What makes an event one and the same, as a text: its tenant, source and id. */
export function eventIdentity({ id, source, tenant }: Pick<EventRecord, "id" | "source" | "tenant">): string {
  return tenant === undefined ? `${source}\u0000${id}` : `${source}\u0000${id}\u0000${tenant}`;
}

/** An event in CloudEvents 1.0 form (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md), with our extensions. */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
  readonly datacontenttype: "application/json";
  readonly dataschema: string;
  readonly data: Json;
  readonly partitionkey?: string;
  readonly correlationid: string;
  readonly causationid?: string;
  readonly schemaversion: number;
  readonly traceparent?: string;
  readonly tenantid?: string;
}

/** The CloudEvents form of `event`. CloudEvents wants `dataschema` to be an absolute URI: a name, since the app's documents have no fixed address. */
export function toCloudEvent(event: EventRecord): CloudEvent {
  return {
    specversion: "1.0",
    id: event.id,
    source: event.source,
    type: event.type,
    time: new Date(event.time).toISOString(),
    ...(event.key === undefined ? {} : { subject: event.key, partitionkey: event.key }),
    datacontenttype: "application/json",
    dataschema: `urn:pulsequeue:schema:${event.type}:${String(event.version)}`,
    data: decodeJson(event.data),
    correlationid: event.correlationId ?? event.id,
    ...(event.causationId === undefined ? {} : { causationid: event.causationId }),
    schemaversion: event.version,
    ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    ...(event.tenant === undefined ? {} : { tenantid: event.tenant }),
  };
}
