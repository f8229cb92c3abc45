/** What is seen of a running queue: metrics for Prometheus, spans for OpenTelemetry. */
export { createMetrics } from "./metrics.ts";
export type { Metrics, MetricsOptions } from "./metrics.ts";
export { openTelemetryTracer } from "./trace.ts";
