/** Sums of metrics from CloudWatch, as functions wrote them. */
import { GetMetricDataCommand, ListMetricsCommand, type CloudWatchClient, type Metric, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { PulseQueueError } from "../core/errors.ts";
import { awsError } from "../engines/aws/errors.ts";
import { namespace } from "../observe/emf.ts";
import type { Series, Sums } from "../observe/sums.ts";

export interface CloudWatchOptions {
  readonly client: Pick<CloudWatchClient, "send">;
  /** Of every series besides its own labels: they choose the deployment. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Queries that one request takes: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
const queriesPerRequest = 500;
/** Seconds. CloudWatch keeps sums of hours for 455 days, so those of days are exact for as long. */
const period = 86_400;
const day = period * 1_000;
const what = "CloudWatch refused to give the metrics";

/**
 * Sums since the year began, in UTC: a window that only grows, within what CloudWatch keeps. When a year begins each sum begins
 * anew, which Prometheus takes as it takes the restart of a process.
 */
export function cloudWatchSums({ client, dimensions, now }: CloudWatchOptions): Sums {
  const common = Object.entries(dimensions);
  const isOurs = (label: string): boolean => Object.hasOwn(dimensions, label);

  /** Those that grew in the last two weeks: others are not listed. */
  const recent = async (): Promise<readonly Series[]> => {
    const found: Series[] = [];
    for (let token: string | undefined; ;) {
      const command: ListMetricsCommand = new ListMetricsCommand({
        Namespace: namespace,
        Dimensions: common.map(([Name, Value]) => ({ Name, Value })),
        NextToken: token,
      });
      const { Metrics = [], NextToken } = await asked(client.send(command));
      found.push(...Metrics.map(toSeries));
      if (NextToken === undefined) return found;
      token = NextToken;
    }
  };
  const toSeries = ({ MetricName: name = "", Dimensions = [] }: Metric): Series => ({
    name,
    labels: Object.fromEntries(Dimensions.map(({ Name = "", Value = "" }) => [Name, Value] as const).filter(([label]) => !isOurs(label))),
  });

  const queryOf = ({ name, labels }: Series, index: number): MetricDataQuery => ({
    Id: `m${String(index)}`,
    MetricStat: {
      Metric: { Namespace: namespace, MetricName: name, Dimensions: [...common, ...Object.entries(labels)].map(([Name, Value]) => ({ Name, Value })) },
      Period: period,
      Stat: "Sum",
    },
  });
  const sumsOf = async (series: readonly Series[]): Promise<readonly number[]> => {
    const time = now();
    const window = { StartTime: new Date(Date.UTC(new Date(time).getUTCFullYear(), 0)), EndTime: new Date((Math.floor(time / day) + 1) * day) };
    const sums = series.map(() => 0);
    for (let token: string | undefined; ;) {
      const command: GetMetricDataCommand = new GetMetricDataCommand({ ...window, MetricDataQueries: series.map(queryOf), NextToken: token });
      const { MetricDataResults = [], NextToken } = await asked(client.send(command));
      for (const { Id = "", Values = [], StatusCode } of MetricDataResults) {
        // `PartialData` goes on in the next answer; without one it is not all there.
        if (StatusCode !== "Complete" && (StatusCode !== "PartialData" || NextToken === undefined))
          throw new PulseQueueError("STORE_UNAVAILABLE", `${what}: ${StatusCode ?? "no status"}`, { retryAfter: 1_000 });
        const index = Number(Id.slice(1));
        sums[index] = Values.reduce((sum, value) => sum + value, sums[index] ?? 0);
      }
      if (NextToken === undefined) return sums;
      token = NextToken;
    }
  };

  return {
    recent,
    async of(series) {
      const chunks = Array.from({ length: Math.ceil(series.length / queriesPerRequest) }, (_, index) =>
        series.slice(index * queriesPerRequest, (index + 1) * queriesPerRequest),
      );
      return (await Promise.all(chunks.map(sumsOf))).flat();
    },
  };
}

async function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (thrown) {
    throw awsError(thrown, what);
  }
}
