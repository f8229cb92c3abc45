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

export function createGrowth(topology: Topology): Growth {
  const grown = new Map<string, Grown>();
  const add = (name: string, labels: Labels<string>, by: number): void => {
    if (by === 0) return;
    const key = JSON.stringify(labels);
    const group = grown.get(key) ?? { labels, growth: new Map<string, number>() };
    grown.set(key, group);
    group.growth.set(name, (group.growth.get(name) ?? 0) + by);
  };
  const meter: Meter = {
    counter: (name) => (labels, by) => {
      add(name, labels, by);
    },
    histogram: (name, _help, buckets) => (labels, value) => {
      if (value === undefined) return;
      for (const bound of [...buckets, Number.POSITIVE_INFINITY]) if (value <= bound) add(`${name}_bucket`, { ...labels, le: boundText(bound) }, 1);
      add(`${name}_sum`, labels, value);
      add(`${name}_count`, labels, 1);
    },
  };
  return {
    observe: countFacts(meter, topology),
    take: () => {
      const taken = [...grown.values()];
      grown.clear();
      return taken;
    },
  };
}

/** As Prometheus has it. */
function boundText(bound: number): string {
  return bound === Number.POSITIVE_INFINITY ? "+Inf" : String(bound);
}
