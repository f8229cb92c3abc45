/** The CloudWatch dashboard of a deployment: what is accepted, what waits, what fails, what it costs in time. */
import type { Deployment } from "../core/deployment.ts";
import type { Topology } from "../core/topology.ts";

type Metric = readonly (string | Readonly<Record<string, string>>)[];

/** The dashboard's body, JSON text. Every metric is one that AWS or the engine writes; a test resolves each name. */
export function dashboardOf(topology: Topology, deployment: Deployment, region: string): string {
  const handlers = [...topology.handlers.keys()];
  const names = [...deployment.handlers.values()];
  const own = (name: string, handler: string, options: Readonly<Record<string, string>> = {}): Metric => [
    "PulseQueue",
    name,
    "app",
    deployment.app,
    "environment",
    deployment.environment,
    "handler",
    handler,
    options,
  ];
  const charts: readonly (readonly [title: string, metrics: readonly Metric[], stat: string])[] = [
    [
      "Settled deliveries",
      // CloudWatch finds a metric only by all of its dimensions.
      [...topology.handlers.values()].flatMap(({ name, on }) =>
        on.map((event): Metric => [
          "PulseQueue",
          "pulsequeue_deliveries_total",
          "app",
          deployment.app,
          "environment",
          deployment.environment,
          "handler",
          name,
          "event",
          event.name,
          "outcome",
          "done",
        ]),
      ),
      "Sum",
    ],
    ["Dead letters", handlers.map((handler) => own("pulsequeue_dead_letters_total", handler)), "Sum"],
    ["Waiting", names.map(({ queue }) => ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]), "Maximum"],
    ["Age of the oldest, seconds", names.map(({ queue }) => ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue]), "Maximum"],
    ["Functions: time, milliseconds", names.map((each) => ["AWS/Lambda", "Duration", "FunctionName", each.function]), "p99"],
    ["Functions: errors", names.map((each) => ["AWS/Lambda", "Errors", "FunctionName", each.function]), "Sum"],
    ["Relay: age, milliseconds", [["AWS/Lambda", "IteratorAge", "FunctionName", deployment.relay]], "Maximum"],
    ["Tables: throttled", [deployment.journal, ...deployment.tables.values()].map((table) => ["AWS/DynamoDB", "ThrottledRequests", "TableName", table]), "Sum"],
  ];
  const [columns, width, height] = [2, 12, 6];
  return JSON.stringify({
    widgets: charts.map(([title, metrics, stat], position) => ({
      type: "metric",
      x: (position % columns) * width,
      y: Math.floor(position / columns) * height,
      width,
      height,
      properties: { title, metrics, stat, region, period: 60, view: "timeSeries" },
    })),
  });
}
