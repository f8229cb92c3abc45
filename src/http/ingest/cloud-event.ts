/**
 * CloudEvents 1.0.2 in JSON, read strictly: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 * and https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
import { PulseQueueError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { isJsonType, mediaTypeOf } from "../json-body.ts";

/** What is taken from a CloudEvent. Other attributes are checked and left out. */
export interface IncomingEvent {
  readonly type: string;
  /** `undefined` where the caller leaves it to an `Idempotency-Key`. */
  readonly id: string | undefined;
  readonly source: string;
  readonly data: Json;
  readonly key: string | undefined;
  readonly correlationId: string | undefined;
  readonly traceparent: string | undefined;
  readonly tenant: string | undefined;
  /** Of the data's schema. */
  readonly version: number | undefined;
}

type Attributes = Readonly<Record<string, Json>>;

const mostAttributes = 64;
/** RFC 3339, as the specification wants of `time`. */
const timestamp = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Throws `REQUEST_INVALID`, `MEDIA_TYPE_UNSUPPORTED` for data that is not JSON. */
export function readStructured(value: Json | undefined): IncomingEvent {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("A CloudEvent is a JSON object");
  const { data, ...attributes } = value as Readonly<Record<string, Json>>;
  if (Object.hasOwn(attributes, "data_base64")) throw new PulseQueueError("MEDIA_TYPE_UNSUPPORTED", "data_base64 is not taken: send JSON in data");
  return read(attributes, data);
}

/** The headers that start with `ce-`, and the body as data. Throws as `readStructured`. */
export function readBinary(headers: Headers, contentType: string, data: Json | undefined): IncomingEvent {
  const attributes: [name: string, value: Json][] = [];
  headers.forEach((value, name) => {
    if (name.startsWith("ce-")) attributes.push([name.slice(3), decodeHeader(value)]);
  });
  attributes.push(["datacontenttype", contentType]);
  return read(Object.fromEntries(attributes), data);
}

/** Percent-decoding as the HTTP binding has it: of a header's value, wrongly encoded parts are refused. */
function decodeHeader(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    throw invalid("A ce- header is not percent-encoded UTF-8");
  }
}

function read(attributes: Attributes, data: Json | undefined): IncomingEvent {
  checkNames(attributes);
  if (attributes["specversion"] !== "1.0") throw invalid('specversion must be "1.0"');
  const contentType = text(attributes, "datacontenttype");
  if (contentType !== undefined && !isJsonType(mediaTypeOf(contentType))) throw new PulseQueueError("MEDIA_TYPE_UNSUPPORTED", "datacontenttype is not JSON");
  if (data === undefined) throw invalid("data is missing");
  const type = text(attributes, "type");
  const source = text(attributes, "source");
  if (type === undefined) throw invalid("type is missing");
  if (source === undefined) throw invalid("source is missing");
  const time = text(attributes, "time");
  if (time !== undefined && !timestamp.test(time)) throw invalid("time is not a timestamp of RFC 3339");
  return {
    type,
    source,
    id: text(attributes, "id"),
    data,
    key: text(attributes, "partitionkey"),
    correlationId: text(attributes, "correlationid"),
    traceparent: text(attributes, "traceparent"),
    tenant: text(attributes, "tenantid"),
    version: versionOf(attributes["schemaversion"]),
  };
}

function checkNames(attributes: Attributes): void {
  const names = Object.keys(attributes);
  if (names.length > mostAttributes) throw invalid(`A CloudEvent has ${String(mostAttributes)} attributes at most`);
  for (const name of names) {
    const value = attributes[name];
    if (!/^[a-z\d]+$/.test(name)) throw invalid("A CloudEvent's attributes are named with small letters and digits");
    if (value !== null && typeof value === "object") throw invalid(`The attribute ${name.slice(0, 40)} is no text, number or boolean`);
  }
}

function text(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value === "") throw invalid(`${name} must be a text that is not empty`);
  return value;
}

function versionOf(value: Json | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  const version = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof version !== "number" || !Number.isInteger(version)) throw invalid("schemaversion must be a whole number");
  return version;
}

function invalid(reason: string): PulseQueueError {
  return new PulseQueueError("REQUEST_INVALID", reason);
}
