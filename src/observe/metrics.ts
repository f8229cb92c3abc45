/**
 * What Prometheus reads (https://prometheus.io/docs/practices/naming/). Counters follow the facts that the engine and the door
 * observe; gauges are read from the queue at each scrape. Labels are names that the app declares, patterns of routes and
 * outcomes, never an id, a key, a tenant or a caller's text: so the number of series is known from the declaration. Everything is in a
 * registry of its own, and every series that can be known beforehand starts at 0, so that the first increase is seen.
 */
import { Counter, Histogram, Registry } from "prom-client";
import type { Observer } from "../core/ports.ts";
import type { HandlerView } from "../core/queue.ts";
import type { Topology } from "../core/topology.ts";
import { countFacts, type Meter } from "./counters.ts";
import { createGauges, type GaugeSource } from "./gauges.ts";

export interface Metrics {
  /** Moves the counters. */
  readonly observe: Observer;
  /** What is scraped, format 0.0.4. Gauges of a queue that cannot be asked are left out; `pulsequeue_inspection_ok` is 0 then. */
  readonly scrape: () => Promise<{ readonly text: string; readonly contentType: string }>;
}

export interface MetricsOptions {
  readonly topology: Topology;
  readonly handlers: () => Promise<readonly HandlerView[]>;
  /** Whether the chain of the audit ledger holds. Asked at most once a minute. */
  readonly auditChain: () => Promise<boolean>;
  /** Milliseconds that never jump back. */
  readonly monotonic: () => number;
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const counters = createCounters(registers, options.topology);
  const gauges = createGauges(registers, options satisfies GaugeSource);
  return {
    observe: counters,
    scrape: async () => {
      await gauges.refresh();
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

/** The counters and histograms alone, in `registers`. */
export function createCounters(registers: Registry[], topology: Topology): Observer {
  return countFacts(registryMeter(registers), topology);
}

export function registryMeter(registers: Registry[]): Meter {
  return {
    counter(name, help, labelNames) {
      const counter = new Counter({ name, help, labelNames, registers });
      return (labels, by) => {
        counter.inc(labels, by);
      };
    },
    histogram(name, help, buckets, labelNames) {
      const histogram = new Histogram({ name, help, buckets: [...buckets], labelNames, registers });
      return (labels, value) => {
        if (value === undefined) histogram.zero(labels);
        else histogram.observe(labels, value);
      };
    },
  };
}
