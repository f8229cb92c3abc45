/**
 * Metrics of a function as CloudWatch takes them from its log: the embedded metric format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 * They are the counters and histograms that Prometheus reads on one machine, under the same names and labels: each flush writes by
 * how much each series grew since the last one, a bucket of a histogram as a metric with its bound as `le`. So their sums in
 * CloudWatch are the same exact numbers, and nothing has to be estimated.
 */
import { Registry } from "prom-client";
import type { Observer } from "../core/ports.ts";
import type { Topology } from "../core/topology.ts";
import { createCounters } from "./metrics.ts";

export interface Emf {
  readonly observe: Observer;
  /** Writes what has grown. To be called when an invocation ends: afterwards the process may be frozen. */
  readonly flush: () => Promise<void>;
}

export interface EmfOptions {
  readonly topology: Topology;
  /** Labels of every series besides its own, e.g. `{ app, environment }`. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** Takes one line of JSON, its end included. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export const namespace = "PulseQueue";

/** Metrics of one line, by the specification. */
const mostMetrics = 100;

interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function createEmf({ topology, dimensions, write, now }: EmfOptions): Emf {
  const registry = new Registry();
  const observe = createCounters([registry], topology);
  const last = new Map<string, number>();

  const grown = async (): Promise<readonly Series[]> => {
    const metrics = await registry.getMetricsAsJSON();
    const all = metrics.flatMap(({ name, values }) => values.map((value) => seriesOf(name, value)));
    return all.flatMap((series) => {
      const key = JSON.stringify([series.name, series.labels]);
      const growth = series.value - (last.get(key) ?? 0);
      last.set(key, series.value);
      return growth === 0 ? [] : [{ ...series, value: growth }];
    });
  };

  return {
    observe,
    async flush() {
      const byLabels = new Map<string, Series[]>();
      for (const series of await grown()) {
        const key = JSON.stringify(series.labels);
        byLabels.set(key, [...(byLabels.get(key) ?? []), series]);
      }
      for (const group of byLabels.values()) {
        for (let start = 0; start < group.length; start += mostMetrics)
          write(`${JSON.stringify(lineOf(group.slice(start, start + mostMetrics), dimensions, now()))}\n`);
      }
    },
  };
}

/** One line: series that have the same labels. */
function lineOf(group: readonly Series[], dimensions: EmfOptions["dimensions"], at: number): Readonly<Record<string, unknown>> {
  const labels = { ...dimensions, ...group[0]?.labels };
  const metrics = group.map(({ name }) => ({ Name: name, Unit: "None" }));
  return {
    _aws: { Timestamp: at, CloudWatchMetrics: [{ Namespace: namespace, Dimensions: [Object.keys(labels)], Metrics: metrics }] },
    ...labels,
    ...Object.fromEntries(group.map(({ name, value }) => [name, value])),
  };
}

interface Value {
  readonly value: number;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  /** Of a histogram: the name with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string;
}

function seriesOf(name: string, { value, labels, metricName = name }: Value): Series {
  return { name: metricName, value, labels: Object.fromEntries(Object.entries(labels).map(([label, text]) => [label, String(text)])) };
}
