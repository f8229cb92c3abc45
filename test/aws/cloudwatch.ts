/** As much of CloudWatch as metrics from functions' logs need: takes lines in the embedded format, lists what grew of late, sums by period. */
import type { Dimension, GetMetricDataCommandInput, ListMetricsCommandInput, Metric } from "@aws-sdk/client-cloudwatch";

interface Stored {
  readonly metric: Metric;
  readonly dimensions: readonly Dimension[];
  readonly points: { readonly at: number; readonly value: number }[];
}

interface EmbeddedLine {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

export interface FakeCloudWatchOptions {
  readonly now: () => number;
  /** Metrics in one answer of `ListMetrics`. @default 500, as the service */
  readonly listPage?: number;
  /** Data points in one answer of `GetMetricData`. @default 100,800, as the service */
  readonly dataPage?: number;
}

const day = 86_400_000;
/** `ListMetrics` knows what grew in the last two weeks. */
const listedFor = 14 * day;
/** Sums of hours are kept so long; sums of minutes for 15 days, of five minutes for 63. */
const keptFor = 455 * day;

export class FakeCloudWatch {
  /** Names of the requests so far, and how many queries each had. */
  readonly requests: { readonly name: string; readonly queries: number }[] = [];
  readonly #stored = new Map<string, Stored>();
  readonly #options: Required<FakeCloudWatchOptions>;

  constructor(options: FakeCloudWatchOptions) {
    this.#options = { listPage: 500, dataPage: 100_800, ...options };
  }

  /** What CloudWatch does with one line of a log. */
  ingest(line: string): void {
    if (!line.startsWith('{"_aws"')) return;
    const given = JSON.parse(line) as EmbeddedLine;
    for (const { Namespace, Dimensions, Metrics } of given._aws.CloudWatchMetrics) {
      for (const names of Dimensions) {
        if (names.length > 30) throw new Error("CloudWatch takes 30 dimensions at most");
        const dimensions = names.map((Name) => ({ Name, Value: String(given[Name]) }));
        if (Metrics.length > 100) throw new Error("CloudWatch takes 100 metrics a line at most");
        for (const { Name: MetricName } of Metrics) {
          const key = keyOf(MetricName, dimensions);
          const stored = this.#stored.get(key) ?? { metric: { Namespace, MetricName, Dimensions: dimensions }, dimensions, points: [] };
          this.#stored.set(key, stored);
          for (const value of [given[MetricName]].flat()) stored.points.push({ at: given._aws.Timestamp, value: Number(value) });
        }
      }
    }
  }

  /** The part of the client that code sends commands by. */
  send(command: { readonly input: object }): Promise<never> {
    const name = command.constructor.name.replace(/Command$/, "");
    const answer =
      name === "ListMetrics" ? this.#list(command.input) : name === "GetMetricData" ? this.#data(command.input as GetMetricDataCommandInput) : undefined;
    if (answer === undefined) return Promise.reject(new Error(`the command ${name} is not known here`));
    return Promise.resolve(answer as never);
  }

  #list({ Namespace, Dimensions = [], NextToken }: ListMetricsCommandInput): object {
    this.requests.push({ name: "ListMetrics", queries: 0 });
    const all = [...this.#stored.values()].filter(
      ({ metric, dimensions, points }) =>
        metric.Namespace === Namespace &&
        points.some(({ at }) => at > this.#options.now() - listedFor) &&
        Dimensions.every(({ Name, Value }) => dimensions.some((own) => own.Name === Name && own.Value === Value)),
    );
    const from = Number(NextToken ?? 0);
    const end = from + this.#options.listPage;
    return { Metrics: all.slice(from, end).map(({ metric }) => metric), ...(end < all.length ? { NextToken: String(end) } : {}) };
  }

  #data({ MetricDataQueries = [], StartTime, EndTime, NextToken }: GetMetricDataCommandInput): object {
    this.requests.push({ name: "GetMetricData", queries: MetricDataQueries.length });
    if (MetricDataQueries.length > 500) throw new Error("CloudWatch takes 500 queries at most");
    const points = MetricDataQueries.flatMap(({ Id = "", MetricStat }) => {
      const { Metric: { Namespace, MetricName = "", Dimensions = [] } = {}, Period = 0, Stat } = MetricStat ?? {};
      if (Namespace !== "PulseQueue" || Stat !== "Sum" || Period % 3_600 !== 0) throw new Error("only sums of hours or days are known here");
      const stored = this.#stored.get(keyOf(MetricName, Dimensions));
      const [start, end] = [Number(StartTime), Number(EndTime)];
      const sums = new Map<number, number>();
      for (const { at, value } of stored?.points ?? []) {
        const bucket = start + Math.floor((at - start) / (Period * 1_000)) * Period * 1_000;
        if (bucket >= start && bucket < end && at > this.#options.now() - keptFor) sums.set(bucket, (sums.get(bucket) ?? 0) + value);
      }
      return [...sums.values()].map((value) => ({ Id, value }));
    });
    const from = Number(NextToken ?? 0);
    const to = from + this.#options.dataPage;
    const page = points.slice(from, to);
    const left = new Set(points.slice(to).map(({ Id }) => Id));
    return {
      MetricDataResults: MetricDataQueries.map(({ Id = "" }) => ({
        Id,
        Values: page.filter((point) => point.Id === Id).map(({ value }) => value),
        StatusCode: left.has(Id) ? "PartialData" : "Complete",
      })),
      ...(to < points.length ? { NextToken: String(to) } : {}),
    };
  }
}

function keyOf(name: string, dimensions: readonly Dimension[]): string {
  return JSON.stringify([name, ...dimensions.map(({ Name, Value }) => `${Name ?? ""}=${Value ?? ""}`).sort()]);
}
