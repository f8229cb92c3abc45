/** The alarms of a deployment. Each kind has a runbook of the same name in `docs/runbooks/`; a test holds that neither is without the other. */
import type { Deployment } from "../core/deployment.ts";
import type { Topology } from "../core/topology.ts";

export const alarmKinds = [
  "handler-errors",
  "handler-throttled",
  "queue-age",
  "dead-letters",
  "unseen-messages",
  "relay-lag",
  "relay-failures",
  "api-errors",
  "refusals",
  "store-throttled",
  "journal-errors",
] as const;
export type AlarmKind = (typeof alarmKinds)[number];

/** One CloudWatch alarm. It goes off when `statistic` over `period` seconds is above `threshold` for `periods` periods. */
export interface Alarm {
  readonly kind: AlarmKind;
  readonly name: string;
  /** Says what is wrong, whom it hurts, and which runbook helps. */
  readonly description: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: "Sum" | "Maximum" | "Average";
  readonly period: number;
  readonly periods: number;
  readonly threshold: number;
}

type Shape = Pick<Alarm, "namespace" | "metric" | "statistic" | "periods" | "threshold"> & { readonly what: (name: string) => string };

const minute = 60;

const shapes: Readonly<Record<AlarmKind, Shape>> = {
  "handler-errors": {
    namespace: "AWS/Lambda",
    metric: "Errors",
    statistic: "Sum",
    periods: 1,
    threshold: 0,
    what: (name) => `function ${name} ended without an answer: its code failed to start, ran out of memory or out of time`,
  },
  "handler-throttled": {
    namespace: "AWS/Lambda",
    metric: "Throttles",
    statistic: "Sum",
    periods: 3,
    threshold: 0,
    what: (name) => `function ${name} is refused capacity: its events wait`,
  },
  "queue-age": {
    namespace: "AWS/SQS",
    metric: "ApproximateAgeOfOldestMessage",
    statistic: "Maximum",
    periods: 3,
    threshold: 900,
    what: (name) => `an event has waited in ${name} for more than 15 minutes`,
  },
  "dead-letters": {
    namespace: "PulseQueue",
    metric: "pulsequeue_dead_letters_total",
    statistic: "Sum",
    periods: 1,
    threshold: 0,
    what: (name) => `handler ${name} gave up an event: it is a dead letter with its cause`,
  },
  "unseen-messages": {
    namespace: "AWS/SQS",
    metric: "ApproximateNumberOfMessagesVisible",
    statistic: "Maximum",
    periods: 1,
    threshold: 0,
    what: (name) => `${name} holds messages that the engine never saw`,
  },
  "relay-lag": {
    namespace: "AWS/Lambda",
    metric: "IteratorAge",
    statistic: "Maximum",
    periods: 3,
    threshold: 60_000,
    what: () => "accepted events have waited in the journal for more than a minute",
  },
  "relay-failures": {
    namespace: "AWS/SQS",
    metric: "ApproximateNumberOfMessagesVisible",
    statistic: "Maximum",
    periods: 1,
    threshold: 0,
    what: () => "the relay could not carry an accepted event",
  },
  "api-errors": { namespace: "AWS/ApiGateway", metric: "5xx", statistic: "Sum", periods: 1, threshold: 0, what: () => "callers get errors of the server" },
  // One refusal is everyday life; so many in a minute are somebody who tries.
  refusals: {
    namespace: "PulseQueue",
    metric: "pulsequeue_permission_denials_total",
    statistic: "Sum",
    periods: 1,
    threshold: 20,
    what: (name) => `callers are refused more than 20 times a minute, by ${name}`,
  },
  "store-throttled": {
    namespace: "AWS/DynamoDB",
    metric: "ThrottledRequests",
    statistic: "Sum",
    periods: 3,
    threshold: 10,
    what: (name) => `table ${name} refuses requests: publishers and handlers slow down`,
  },
  "journal-errors": { namespace: "AWS/DynamoDB", metric: "SystemErrors", statistic: "Sum", periods: 2, threshold: 0, what: (name) => `table ${name} fails` },
};

/** What a caller can be refused for, by the metric that counts it. */
const refusals: Readonly<Record<string, string>> = {
  authentication: "pulsequeue_auth_failures_total",
  signature: "pulsequeue_sig_failures_total",
  permission: "pulsequeue_permission_denials_total",
  validation: "pulsequeue_validation_rejects_total",
  rate: "pulsequeue_rate_limited_total",
};

export function alarmsOf(topology: Topology, deployment: Deployment): readonly Alarm[] {
  const alarm = (kind: AlarmKind, subject: string, dimensions: Alarm["dimensions"]): Alarm => {
    const { what, ...shape } = shapes[kind];
    const description = `${deployment.app} in ${deployment.environment}: ${what(subject)}. Runbook: docs/runbooks/${kind}.md`;
    return { kind, name: `${deployment.prefix}-${kind}-${subject}`, description, dimensions, period: minute, ...shape };
  };
  const functions = [...deployment.handlers.values()]
    .map((names) => names.function)
    .concat([...deployment.endpoints.values()], deployment.api, deployment.relay, deployment.ticker);
  const tables = [deployment.journal, deployment.deliveries, deployment.system, ...deployment.tables.values()];
  return [
    ...functions.flatMap((name) => [alarm("handler-errors", name, { FunctionName: name }), alarm("handler-throttled", name, { FunctionName: name })]),
    ...[...topology.handlers.keys()].map((handler) => alarm("dead-letters", handler, { app: deployment.app, environment: deployment.environment, handler })),
    ...[...deployment.handlers.values()].flatMap(({ queue, deadLetterQueue }) => [
      alarm("queue-age", queue, { QueueName: queue }),
      alarm("unseen-messages", deadLetterQueue, { QueueName: deadLetterQueue }),
    ]),
    alarm("relay-lag", deployment.relay, { FunctionName: deployment.relay }),
    alarm("relay-failures", deployment.relayFailures, { QueueName: deployment.relayFailures }),
    alarm("api-errors", deployment.api, { ApiName: deployment.prefix }),
    ...Object.entries(refusals).map(([reason, metric]) => ({
      ...alarm("refusals", reason, { app: deployment.app, environment: deployment.environment }),
      metric,
    })),
    ...tables.map((table) => alarm("store-throttled", table, { TableName: table })),
    alarm("journal-errors", deployment.journal, { TableName: deployment.journal }),
  ];
}
