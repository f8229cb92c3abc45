/** What is seen of a running queue: metrics for Prometheus, spans for OpenTelemetry. */
export { createMetrics } from "./metrics.ts";
export type { Metrics, MetricsOptions } from "./metrics.ts";
export type { AttemptTrace, Observer, ObservedFact, Tracer } from "../core/ports.ts";
export { openTelemetryTracer } from "./trace.ts";
