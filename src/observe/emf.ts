/**
 * What a function has to say to CloudWatch: by how much each counter and histogram grew since the last flush. They are those that
 * Prometheus reads on one machine, under the same names and labels, a bucket of a histogram as a metric with its bound as `le`. So
 * their sums in CloudWatch are the same exact numbers, and nothing has to be estimated.
 */
import type { Observer } from "../core/ports.ts";
import type { Topology } from "../core/topology.ts";
import { countFacts, type Labels, type Meter } from "./counters.ts";

/** Of every metric in CloudWatch. */
export const namespace = "PulseQueue";

/** Series that have the same labels: the metrics of one line. */
export interface Grown {
  readonly labels: Labels<string>;
  /** By name. */
  readonly growth: Map<string, number>;
}

export interface Growth {
  readonly observe: Observer;
  /** What has grown since the last call. */
  readonly take: () => readonly Grown[];
}

/** The growth of one series of a histogram; its buckets add up only when they are taken. */
interface Observed {
  readonly name: string;
  readonly labels: Labels<string>;
  readonly buckets: readonly number[];
  /** Of each bucket those that are in no smaller one; the last is infinity. */
  readonly counts: number[];
  sum: number;
}

export function createGrowth(topology: Topology): Growth {
  const counted = new Map<string, { readonly name: string; readonly labels: Labels<string>; by: number }>();
  const observed = new Map<string, Observed>();
  const meter: Meter = {
    counter: (name) => (labels, by) => {
      if (by === 0) return;
      const key = keyOf(name, labels);
      const known = counted.get(key);
      if (known === undefined) counted.set(key, { name, labels, by });
      else known.by += by;
    },
    histogram: (name, _help, buckets) => (labels, value) => {
      if (value === undefined) return;
      const key = keyOf(name, labels);
      const series = observed.get(key) ?? { name, labels, buckets, counts: [...buckets, 0].fill(0), sum: 0 };
      observed.set(key, series);
      const place = buckets.findIndex((bound) => value <= bound);
      const index = place < 0 ? buckets.length : place;
      series.counts[index] = (series.counts[index] ?? 0) + 1;
      series.sum += value;
    },
  };
  return {
    observe: countFacts(meter, topology),
    take: () => {
      const groups = new Map<string, Grown>();
      const add = (name: string, labels: Labels<string>, by: number): void => {
        if (by === 0) return;
        const key = JSON.stringify(labels);
        const group = groups.get(key) ?? { labels, growth: new Map<string, number>() };
        groups.set(key, group);
        group.growth.set(name, by);
      };
      for (const { name, labels, by } of counted.values()) add(name, labels, by);
      for (const { name, labels, buckets, counts, sum } of observed.values()) {
        let count = 0;
        for (const [index, more] of counts.entries()) {
          count += more;
          add(`${name}_bucket`, { ...labels, le: boundText(buckets[index]) }, count);
        }
        add(`${name}_sum`, labels, sum);
        add(`${name}_count`, labels, count);
      }
      counted.clear();
      observed.clear();
      return [...groups.values()];
    },
  };
}

/** Of a name the labels are always the same, in one order. */
function keyOf(name: string, labels: Labels<string>): string {
  return `${name}\n${Object.values(labels).join("\n")}`;
}

/** As Prometheus has it. */
function boundText(bound: number | undefined): string {
  return bound === undefined ? "+Inf" : String(bound);
}
