/**
 * Metrics of a function, which Powertools writes into its log in CloudWatch's embedded metric format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 */
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Observer } from "../core/ports.ts";
import type { Topology } from "../core/topology.ts";
import { createGrowth, namespace } from "../observe/emf.ts";

export interface FunctionMetrics {
  readonly observe: Observer;
  /** Writes what has grown, one line for each set of labels. To be called when an invocation ends: afterwards the process may be frozen. */
  readonly flush: () => void;
}

/** `dimensions`: labels of every series besides its own, e.g. `{ app, environment }`. */
export function createFunctionMetrics(topology: Topology, dimensions: Readonly<Record<string, string>>): FunctionMetrics {
  const growth = createGrowth(topology);
  const metrics = new Metrics({ namespace });
  metrics.clearDefaultDimensions(); // `service`, which no series has on one machine
  metrics.setDefaultDimensions(dimensions);
  return {
    observe: growth.observe,
    flush: () => {
      for (const { labels, growth: byName } of growth.take()) {
        metrics.addDimensions(labels);
        for (const [name, by] of byName) metrics.addMetric(name, MetricUnit.NoUnit, by);
        metrics.publishStoredMetrics();
      }
    },
  };
}
