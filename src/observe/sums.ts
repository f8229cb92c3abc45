/**
 * `/metrics` of a deployment: its functions come and go, so none of them has the counts; each writes by how much they grew, and their
 * sums are kept elsewhere. Names, labels and buckets are those of one machine, and every number is such a sum: none is estimated.
 */
import { AggregatorRegistry, Registry, type MetricObjectWithValues, type MetricValueWithName } from "prom-client";
import type { Topology } from "../core/topology.ts";
import { countFacts, type Labels, type Meter } from "./counters.ts";
import { createGauges } from "./gauges.ts";
import { registryMeter, type Metrics, type MetricsOptions } from "./metrics.ts";

/** A counter, or the sum, the count or one bucket of a histogram; the labels of a bucket include `le`. */
export interface Series {
  readonly name: string;
  readonly labels: Labels<string>;
}

/** Where the sums are kept. Both reject rather than leave something out. */
export interface Sums {
  /** Every series that grew lately. */
  recent(): Promise<readonly Series[]>;
  /** The sum of each of these, in their order; 0 of one that never grew. */
  of(series: readonly Series[]): Promise<readonly number[]>;
}

export interface SumsOptions extends MetricsOptions {
  readonly sums: Sums;
}

/**
 * How long a reading is given again, milliseconds. It must stay below the interval of who scrapes: of two processes that answer in turn
 * one would otherwise give an older reading after a newer one, and a counter that falls is taken to have begun anew.
 */
const freshFor = 10_000;

/** Rejects where the sums cannot be read: a counter that is missing for once would be taken to have begun anew. */
export function createSummedMetrics({ sums, ...options }: SumsOptions): Pick<Metrics, "scrape"> {
  const gauged = new Registry();
  const gauges = createGauges([gauged], options);
  let last: { readonly at: number; readonly text: Promise<string> } | undefined;
  const take = async (): Promise<string> => {
    const [counters] = await Promise.all([countersOf(options.topology, sums), gauges.refresh()]);
    return `${counters}\n${await gauged.metrics()}`;
  };
  return {
    async scrape() {
      const now = options.monotonic();
      if (last === undefined || now - last.at >= freshFor) {
        const taken = { at: now, text: take() };
        last = taken;
        taken.text.catch(() => {
          if (last === taken) last = undefined;
        });
      }
      return { text: await last.text, contentType: gauged.contentType };
    },
  };
}

/** The counters and histograms of one machine, with the sums as their numbers. */
async function countersOf(topology: Topology, sums: Sums): Promise<string> {
  const registry = new Registry();
  const inner = registryMeter([registry]);
  /** By the name of a series that every one of them has: gives a metric the series with these labels. */
  const begin = new Map<string, { readonly labelNames: readonly string[]; readonly with: (labels: Labels<string>) => void }>();
  const meter: Meter = {
    counter(name, help, labelNames) {
      const add = inner.counter(name, help, labelNames);
      begin.set(name, { labelNames, with: (labels) => add(labels, 0) });
      return add;
    },
    histogram(name, help, buckets, labelNames) {
      const observe = inner.histogram(name, help, buckets, labelNames);
      begin.set(`${name}_count`, { labelNames, with: (labels) => observe(labels, undefined) });
      return observe;
    },
  };
  countFacts(meter, topology);
  // What an earlier version counted under other labels is no series of this one.
  for (const { name, labels } of await sums.recent()) {
    const one = begin.get(name);
    if (one !== undefined && sameNames(one.labelNames, Object.keys(labels))) one.with(labels);
  }
  // Each is asked for by its name: of what did not grow for weeks, such as one bucket, nobody tells.
  const metrics = (await registry.getMetricsAsJSON()) as unknown as readonly Metric[];
  const all = metrics.flatMap((metric) => metric.values.map((value) => seriesOf(metric, value)));
  const numbers = (await sums.of(all)).values();
  const summed = metrics.map((metric) => ({ ...metric, values: metric.values.map((value) => ({ ...value, value: numbers.next().value ?? 0 })) }));
  return await AggregatorRegistry.aggregate([summed]).metrics();
}

type Metric = MetricObjectWithValues<MetricValueWithName<string>>;

function seriesOf({ name }: Pick<Metric, "name">, { metricName = name, labels }: MetricValueWithName<string>): Series {
  return { name: metricName, labels: Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)])) };
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}
