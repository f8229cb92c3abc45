import type { EmitOptions } from "./context.ts";
import { parseDuration } from "./duration.ts";
import type { EventRecord, NewEvent } from "./envelope.ts";
import { PulseQueueError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import { decodeJson, encodeJson } from "./json.ts";
import { limits } from "./limits.ts";
import { checkIdentifier, checkSource, checkTraceparent } from "./names.ts";
import { tellsPersonal } from "./personal-data.ts";
import type { System } from "./ports.ts";
import { parseWith } from "./schema.ts";

/** What is known about a new event besides its data. */
export interface NewEventOptions extends EmitOptions {
  readonly source: string;
  readonly correlationId?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly tenant?: string | undefined;
  readonly principal?: string | undefined;
}

/**
 * Validates `data` and makes the event to be stored. `parent` is the event whose handling emits this one.
 * Throws `PAYLOAD_…`, `ID_INVALID`, `KEY_PERSONAL`, `DECLARATION_INVALID` (a delay that is no duration).
 */
export function newEvent(
  system: Pick<System, "clock" | "newId" | "trace">,
  event: AnyEvent,
  data: unknown,
  options: NewEventOptions,
  parent: EventRecord | undefined,
): NewEvent {
  const what = `Event ${event.name}`;
  const text = encodeJson(data, what, limits.eventBytes);
  const output = parseWith(event.schema, data, "PAYLOAD_INVALID", what, event.pii);
  const key = options.key ?? event.key?.(output as never);
  if (key !== undefined && event.pii.length > 0 && tellsPersonal(key, decodeJson(text), event.pii))
    throw new PulseQueueError("KEY_PERSONAL", `${what}: its key is a value of its personal data, and a key is stored and shown as it is`);
  const subject = event.subject?.(output as never);
  const now = system.clock.now();
  const id = options.id === undefined ? system.newId() : checkIdentifier("event id", options.id);
  const context = optional(options.traceparent, checkTraceparent) ?? parent?.traceparent;
  const trace = system.trace?.send({ type: event.name, id }, context);
  return {
    id,
    type: event.name,
    source: checkSource(options.source),
    time: now,
    data: text,
    version: event.version,
    key: key === undefined ? undefined : checkIdentifier("event key", key),
    correlationId:
      parent === undefined ? optional(options.correlationId, (value) => checkIdentifier("correlation id", value)) : (parent.correlationId ?? parent.id),
    causationId: parent?.id,
    hops: parent === undefined ? 0 : parent.hops + 1,
    traceparent: trace?.context ?? context,
    tenant: parent === undefined ? optional(options.tenant, (value) => checkIdentifier("tenant", value)) : parent.tenant,
    dueAt: dueAt(options, now),
    chosenId: options.id !== undefined,
    ...(parent !== undefined || options.principal === undefined ? {} : { principal: options.principal }),
    ...(trace === undefined ? {} : { sent: trace.sent }),
    ...(subject === undefined ? {} : { subject: checkIdentifier("subject", subject) }),
  };
}

function optional(value: string | undefined, check: (value: string) => string): string | undefined {
  return value === undefined ? undefined : check(value);
}

function dueAt(options: EmitOptions, now: number): number | undefined {
  if (options.at !== undefined) {
    const at = Number(options.at);
    if (!Number.isFinite(at)) throw new PulseQueueError("DECLARATION_INVALID", "`at` must be a date or milliseconds since 1970");
    return at > now ? at : undefined;
  }
  const delay = options.delay === undefined ? 0 : parseDuration(options.delay);
  return delay > 0 ? now + delay : undefined;
}
