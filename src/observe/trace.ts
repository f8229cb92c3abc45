/**
 * Spans by OpenTelemetry, after its conventions for messaging (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/,
 * status "Development"): `send <event>` (PRODUCER) for every event that was stored, `process <handler>` (CONSUMER) for every attempt at a delivery, a child of
 * what sent the event and linked to it. The context travels with the event as `traceparent`. No span holds data.
 */
import type * as OpenTelemetry from "@opentelemetry/api";
import type { AttemptTrace, Tracer } from "../core/ports.ts";

type Api = Pick<typeof OpenTelemetry, "context" | "ROOT_CONTEXT" | "SpanKind" | "SpanStatusCode" | "trace">;

const system = { "messaging.system": "pulsequeue" } as const;

/**
 * The tracer of the OpenTelemetry SDK that this process has registered; `undefined` where the package `@opentelemetry/api`, an
 * optional one, is not installed. Without a registered SDK its spans go nowhere, and contexts that come in are passed on.
 */
export async function openTelemetryTracer(load: () => Promise<object> = () => import("@opentelemetry/api")): Promise<Tracer | undefined> {
  try {
    return tracerOf((await load()) as Api);
  } catch {
    return undefined;
  }
}

function tracerOf({ context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace }: Api): Tracer {
  const tracer = (): OpenTelemetry.Tracer => trace.getTracer("pulsequeue");
  /** The context that a text names; without one, that of the caller. */
  const contextOf = (traceparent: string | undefined): OpenTelemetry.Context => {
    const remote = parse(traceparent);
    return remote === undefined ? context.active() : trace.setSpanContext(ROOT_CONTEXT, remote);
  };
  return {
    send({ type, id }, parent) {
      const attributes = {
        ...system,
        "messaging.operation.type": "send",
        "messaging.operation.name": "send",
        "messaging.destination.name": type,
        "messaging.message.id": id,
      };
      const span = tracer().startSpan(`send ${type}`, { kind: SpanKind.PRODUCER, attributes }, contextOf(parent));
      // Ended, and so exported, once the event is durable: nobody sees a span of what was rolled back.
      return {
        context: format(span.spanContext()),
        sent: () => {
          span.end();
        },
      };
    },
    process(handler, { event, attempt }): AttemptTrace {
      const producer = parse(event.traceparent);
      const attributes = {
        ...system,
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": event.type,
        "messaging.destination.subscription.name": handler,
        "messaging.consumer.group.name": handler,
        "messaging.message.id": event.id,
        "messaging.message.conversation_id": event.correlationId ?? event.id,
        "pulsequeue.attempt": attempt,
      };
      const parent = producer === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, producer);
      const links = producer === undefined ? [] : [{ context: producer }];
      const span = tracer().startSpan(`process ${handler}`, { kind: SpanKind.CONSUMER, attributes, links }, parent);
      const inside = trace.setSpan(parent, span);
      return {
        context: format(span.spanContext()) ?? event.traceparent,
        run: (handle) => context.with(inside, handle),
        end(failure) {
          if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure }).setAttribute("error.type", failure);
          span.end();
        },
      };
    },
  };
}

/** W3C trace context, version 00 (https://www.w3.org/TR/trace-context/#traceparent-header). */
const pattern = /^00-(?<traceId>[\da-f]{32})-(?<spanId>[\da-f]{16})-(?<flags>[\da-f]{2})$/;
const nothing = /^0+$/;

function parse(traceparent: string | undefined): OpenTelemetry.SpanContext | undefined {
  const { traceId = "", spanId = "", flags = "" } = pattern.exec(traceparent ?? "")?.groups ?? {};
  if (traceId === "" || nothing.test(traceId) || nothing.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** `undefined` for the context of a span that nobody records: the one that came in is passed on then. */
function format({ traceId, spanId, traceFlags }: OpenTelemetry.SpanContext): string | undefined {
  return nothing.test(traceId) || nothing.test(spanId) ? undefined : `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, "0")}`;
}
