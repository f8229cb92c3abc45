import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEndpoint, defineEvent, defineHandler } from "pulsequeue";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { openTelemetryTracer } from "./trace.ts";

const schema = z.object({ email: z.string() });
const placed = defineEvent("order.placed", { schema, pii: ["email"] });
const confirmed = defineEvent("order.confirmed", { schema, pii: ["email"] });
const confirm = defineHandler("confirm", {
  on: placed,
  emits: [confirmed],
  retry: { attempts: 2, min: "1ms", max: "1ms" },
  handle({ data }, ctx) {
    if (data.email === "late" && ctx.attempt === 1) {
      ctx.emit(confirmed, data);
      throw new Error("not yet");
    }
    if (data.email === "fail" && ctx.attempt === 1) throw new Error("not yet");
    ctx.emit(confirmed, data);
  },
});
const count = defineHandler("count", { on: confirmed, handle: () => undefined });
const place = defineEndpoint("place", {
  method: "POST",
  path: "/orders",
  auth: "public",
  emits: [placed],
  handle(_request, ctx) {
    ctx.emit(placed, { email: "canary" });
    return { status: 202 };
  },
});
const refuse = defineEndpoint("refuse", {
  method: "POST",
  path: "/refusals",
  auth: "public",
  emits: [placed],
  handle(_request, ctx) {
    ctx.emit(placed, { email: "canary" });
    return { status: 409 };
  },
});
const app = defineApp("shop", { handlers: [confirm, count], endpoints: [place, refuse] });

const exporter = new InMemorySpanExporter();
let queue: LocalQueue;

async function open(): Promise<LocalQueue> {
  queue = await openLocal(app, { file: ":memory:", trace: await openTelemetryTracer() });
  await queue.start();
  return queue;
}

beforeEach(() => {
  exporter.reset();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
afterEach(async () => {
  await queue.close();
  for (const api of [trace, context, propagation]) api.disable();
});

const named = (name: string): ReadableSpan => {
  const [span, ...more] = exporter.getFinishedSpans().filter((candidate) => candidate.name === name);
  if (span === undefined || more.length > 0) throw new Error(`not one span ${name}`);
  return span;
};
const incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("a flow", () => {
  test("is one trace from the caller's context to the last effect, each delivery a child of its producer and linked to it", async () => {
    const opened = await open();
    const { id } = await opened.publish(placed, { email: "canary" }, { traceparent: incoming });
    await opened.idle();
    const [send, process, sendNext, processNext] = ["send order.placed", "process confirm", "send order.confirmed", "process count"].map(named) as [
      ReadableSpan,
      ReadableSpan,
      ReadableSpan,
      ReadableSpan,
    ];
    expect(send.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    for (const [child, parent] of [
      [process, send],
      [sendNext, process],
      [processNext, sendNext],
    ] as const) {
      expect(child.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
      expect(child.spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
    }
    expect(process.links.map((link) => link.context.spanId)).toEqual([send.spanContext().spanId]);
    expect([send.kind, process.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER]);
    expect(send.attributes).toMatchObject({ "messaging.system": "pulsequeue", "messaging.destination.name": "order.placed", "messaging.message.id": id });
    expect(process.attributes).toMatchObject({
      "messaging.operation.type": "process",
      "messaging.destination.name": "order.placed",
      "messaging.message.id": id,
      "messaging.message.conversation_id": id,
      "pulsequeue.attempt": 1,
    });
    expect(exporter.getFinishedSpans()).toHaveLength(4);
  });

  test("without a caller's context starts a trace of its own; an endpoint's emissions follow the request's", async () => {
    const opened = await open();
    await opened.publish(placed, { email: "a" });
    await opened.idle();
    expect(named("send order.placed").parentSpanContext).toBeUndefined();
    exporter.reset();
    await opened.invoke(place, { traceparent: incoming });
    await opened.idle();
    expect(named("send order.placed").spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
  });

  test("what was rolled back, or was there already, was not sent", async () => {
    const opened = await open();
    for (const duplicate of [false, true]) expect(await opened.publish(placed, { email: "late" }, { id: "e-1" })).toEqual({ id: "e-1", duplicate });
    await opened.idle();
    const names = exporter.getFinishedSpans().map(({ name }) => name);
    expect(names.sort()).toEqual(["process confirm", "process confirm", "process count", "send order.confirmed", "send order.placed"]);
    exporter.reset();
    await opened.invoke(refuse, {});
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  test("each attempt is a span; one that failed has the code of its failure, and no span holds data", async () => {
    const opened = await open();
    await opened.publish(placed, { email: "fail" });
    await opened.idle();
    const attempts = exporter.getFinishedSpans().filter((span) => span.name === "process confirm");
    expect(attempts.map((span) => [span.attributes["pulsequeue.attempt"], span.status.code])).toEqual([
      [1, SpanStatusCode.ERROR],
      [2, SpanStatusCode.UNSET],
    ]);
    expect(attempts[0]?.attributes["error.type"]).toBe("HANDLER_FAILED");
    expect(JSON.stringify(exporter.getFinishedSpans().map(({ attributes, events, status }) => [attributes, events, status]))).not.toMatch(
      /fail"|canary|not yet/,
    );
  });
});

test("without a registered SDK the context that came in is passed on unchanged", async () => {
  trace.disable();
  const opened = await open();
  await opened.publish(placed, { email: "a" }, { traceparent: incoming, id: "e-1" });
  await opened.idle();
  expect(exporter.getFinishedSpans()).toEqual([]);
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  await opened.operate.replay({ handler: "count", from: 0, to: Date.now() + 60_000, reason: "test" });
  await opened.idle();
  expect(named("process count").parentSpanContext?.spanId).toBe("b7ad6b7169203331");
});

test("without the package there is no tracer, and everything else works", async () => {
  const tracer = await openTelemetryTracer(() => Promise.reject(new Error("Cannot find package '@opentelemetry/api'")));
  expect(tracer).toBeUndefined();
  queue = await openLocal(app, { file: ":memory:", trace: tracer });
  await queue.publish(placed, { email: "a" }, { traceparent: incoming });
});
