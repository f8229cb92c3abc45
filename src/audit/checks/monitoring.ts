/** What is seen of a running system, and what of it stays. */
import { alarmKinds } from "../../synth/index.ts";
import { each, ran, unseen, type Check, type Part } from "../check.ts";
import { at, textAt, eachPlanned, infraPart, jsonAt, seen, planned } from "../plan.ts";
import { pathsOf, textOf, type Project } from "../project.ts";

const logs: Check = {
  id: "M1",
  title: "every log has an end and our key; what handlers log holds no personal data and no secret, here and now",
  owasp: ["A09"],
  run: (project) => [
    infraPart(project, "retention"),
    infraPart(project, "no-log-group-by-role"),
    eachPlanned(
      project,
      "functions log JSON into their own group",
      ["aws_lambda_function"],
      ({ values }) => [
        ...(at(values, "logging_config", 0, "log_format") === "JSON" ? [] : ["it logs text"]),
        ...(String(at(values, "logging_config", 0, "log_group")).includes(String(at(values, "function_name"))) ||
        String(at(values, "logging_config", 0, "log_group")).includes("«")
          ? []
          : ["it logs into another group"]),
      ],
      ["logging_config", 0, "log_format"],
    ),
    ran(project, "log-canaries"),
  ],
};

const metrics: Check = {
  id: "M2",
  title: "failed logins, refusals, bad signatures, limits and the ledger's state are metrics, each moved here and now by one; their labels are bounded",
  owasp: ["A07", "A09", "API10"],
  run: (project) => [ran(project, "counters")],
};

/** Metrics that AWS itself writes, by namespace. */
const awsMetrics: Readonly<Record<string, readonly string[]>> = {
  "AWS/Lambda": ["Duration", "Errors", "Throttles", "IteratorAge", "Invocations", "ConcurrentExecutions"],
  "AWS/SQS": ["ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"],
  "AWS/DynamoDB": ["ThrottledRequests", "SystemErrors", "ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits"],
  "AWS/ApiGateway": ["5xx", "4xx", "Count", "Latency"],
};

/** What CloudWatch finds nothing by: a metric that nobody writes, or one with other dimensions than it is written with. */
function unknownMetric(project: Project, namespace: string, metric: string, dimensions: readonly string[]): string | undefined {
  if (namespace !== "PulseQueue") return awsMetrics[namespace]?.includes(metric) === true ? undefined : `${namespace} has no metric ${metric}`;
  const labels = project.metrics.get(metric);
  if (labels === undefined) return `the engine writes no metric ${metric}`;
  const wanted = ["app", "environment", ...labels].sort().join();
  return [...dimensions].sort().join() === wanted ? undefined : `${metric} is written by ${wanted}, and looked for by ${[...dimensions].sort().join()}`;
}

const dashboards: Check = {
  id: "M3",
  title: "dashboards are generated from the topology, and every panel names a metric that exists; Grafana is managed, without images of our own",
  owasp: ["A08"],
  run: (project) => [
    each(
      "DOC",
      "every panel shows a metric that AWS or the engine writes",
      project.stacks.flatMap(({ name, folder, infrastructure }) => panelsOf(infrastructure.variables.dashboard).map((panel) => ({ name, folder, panel }))),
      ({ panel: { namespace, metric, dimensions } }) => unknownMetric(project, namespace, metric, dimensions),
      ({ name, folder, panel }) => ({
        file: `${folder}/topology.auto.tfvars.json`,
        address: `${name}: ${panel.title}`,
        value: `${panel.namespace} ${panel.metric}`,
      }),
    ),
    eachPlanned(project, "the dashboard that is made is the generated one", ["aws_cloudwatch_dashboard"], (resource) =>
      JSON.stringify(jsonAt(resource, "dashboard_body")) === JSON.stringify(parsed(resource.stack.infrastructure.variables.dashboard))
        ? undefined
        : "it is another one",
    ),
    each(
      "PLAN",
      "nothing runs from an image by its tag",
      project.stacks,
      ({ infra }) =>
        infra.resources
          .filter(({ values }) => textAt(values, "image_uri") !== "" && !textAt(values, "image_uri").includes("@sha256:"))
          .map(({ address }) => `${address} runs an image by its tag`),
      ({ folder, infra }) => ({ file: `${folder}/main.tf`, value: `${String(infra.resources.length)} resources` }),
    ),
  ],
};

interface Panel {
  readonly title: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: readonly string[];
}

function panelsOf(dashboard: string): readonly Panel[] {
  const widgets = [at(parsed(dashboard), "widgets") ?? []].flat();
  return widgets.flatMap((widget) =>
    [at(widget, "properties", "metrics") ?? []].flat(1).map((line) => ({
      title: String(at(widget, "properties", "title")),
      namespace: String(at(line, 0)),
      metric: String(at(line, 1)),
      dimensions: (Array.isArray(line) ? (line as readonly unknown[]) : [])
        .slice(2)
        .filter((_, index) => index % 2 === 0)
        .filter((name) => typeof name === "string"),
    })),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const alarms: Check = {
  id: "M4",
  title: "every function, queue and table has its alarms, each tells somebody and names its runbook; a failure shows here and now",
  owasp: ["A09"],
  run: (project) => [
    infraPart(project, "alarms"),
    each(
      "PLAN",
      "every kind of alarm is made in every environment",
      project.stacks.flatMap((stack) => alarmKinds.map((kind) => ({ stack, kind }))),
      ({ stack, kind }) =>
        stack.infra.resources.some(
          ({ type, values }) => type === "aws_cloudwatch_metric_alarm" && textAt(values, "alarm_name").startsWith(`${stack.deployment.prefix}-${kind}-`),
        )
          ? undefined
          : "no such alarm is made",
      ({ stack, kind }) => ({ file: `${stack.folder}/topology.auto.tfvars.json`, address: `${stack.name}: ${kind}`, value: "made" }),
    ),
    each(
      "PLAN",
      "each alarm watches a metric that is written, by the dimensions that it is written with",
      project.stacks.flatMap(({ name, folder, infrastructure }) => Object.values(infrastructure.variables.alarms).map((alarm) => ({ name, folder, alarm }))),
      ({ alarm: { namespace, metric, dimensions } }) => unknownMetric(project, namespace, metric, Object.keys(dimensions)),
      ({ name, folder, alarm }) => ({
        file: `${folder}/topology.auto.tfvars.json`,
        address: `${name}: ${alarm.name}`,
        value: `${alarm.namespace} ${alarm.metric}`,
      }),
    ),
    ran(project, "alert"),
  ],
};

/** Seen in a running account alone. */
export const live = (what: string): Part => unseen(what, "the account: `aws` with the role that reads it");

const trail: Check = {
  id: "A1",
  title: "CloudTrail over all regions, validated, under our key, with the tables' data events, in a bucket that nobody can empty",
  run: (project) => [infraPart(project, "audit-trail"), infraPart(project, "buckets"), live("the trail is on and delivers")],
};

const flow: Check = {
  id: "A2",
  title: "one correlation id leads from ingest to effect, and every attempt is logged once with its end, never with its payload",
  run: (project) => [infraPart(project, "functions"), ran(project, "log-canaries")],
};

const events: Check = {
  id: "A3",
  title:
    "the journal and the ledger are chained: each kind of tampering is found here and now; in AWS every event is archived and what nobody waits for is logged",
  owasp: ["A08", "A09"],
  run: (project) => [
    ran(project, "ledger"),
    infraPart(project, "unmatched"),
    each(
      "PLAN",
      "logs of the bus hold no event's content",
      planned(project, "aws_cloudwatch_event_bus"),
      ({ values }) => (at(values, "log_config", 0, "include_detail") === "FULL" ? "its log holds the events' content" : undefined),
      (resource) => seen(resource, "log_config"),
    ),
  ],
};

const streams: Check = {
  id: "A4",
  title:
    "the journal's and the deliveries' changes are streamed, read with bisection, an age and a place for failures; what the journal tells is what the tables hold",
  run: (project) => [
    eachPlanned(
      project,
      "tables that are followed have a stream",
      ["aws_dynamodb_table"],
      ({ values, stack }) => {
        const isFollowed = [stack.deployment.journal, stack.deployment.deliveries].includes(String(at(values, "name")));
        return isFollowed && at(values, "stream_enabled") !== true ? "nobody hears of its changes" : undefined;
      },
      ["stream_enabled"],
    ),
    each(
      "PLAN",
      "whoever reads a stream halves a failing batch, gives up in time, and keeps what failed",
      planned(project, "aws_lambda_event_source_mapping").filter(({ values }) => at(values, "starting_position") !== undefined),
      ({ values }) => [
        ...(at(values, "bisect_batch_on_function_error") === true ? [] : ["one bad record holds up its batch"]),
        ...(Number(at(values, "maximum_record_age_in_seconds")) > 0 ? [] : ["a bad record holds up its shard until it is lost"]),
        ...(at(values, "destination_config", 0, "on_failure", 0, "destination_arn") === undefined ? ["what fails is lost"] : []),
      ],
      (mapping) => seen(mapping, "maximum_record_age_in_seconds"),
    ),
    ran(project, "change-feed"),
  ],
};

/** Runbooks by their alarm: each alarm has one, and each runbook an alarm. */
export function runbookPart(project: Project): Part {
  const books = pathsOf(project, /^docs\/runbooks\/[\w-]+\.md$/).filter((path) => !path.endsWith("README.md"));
  const names = new Set(books.map((path) => path.slice("docs/runbooks/".length, -".md".length)));
  return each(
    "DOC",
    "each alarm has a runbook, and each runbook an alarm",
    [...new Set<string>([...alarmKinds, ...names])],
    (name) => (!names.has(name) ? "the alarm has no runbook" : alarmKinds.some((kind) => kind === name) ? undefined : "no alarm leads to the runbook"),
    (name) => ({ file: `docs/runbooks/${name}.md`, value: "a runbook" }),
  );
}

/** Commands in documents exist, letter by letter. */
export function commandsPart(project: Project, pattern: RegExp, claim: string): Part {
  const used = pathsOf(project, pattern).flatMap((path) =>
    textOf(project, path)
      .split("\n")
      .flatMap((line, index) => {
        const words = /^\s*(?:npx (?:--no-install )?)?pulsequeue ((?:[a-z]+ ?)+)/.exec(line)?.[1]?.trim();
        return words === undefined ? [] : [{ path, line: index + 1, words }];
      }),
  );
  return each(
    "DOC",
    claim,
    used,
    ({ words }) => (project.commands.some((command) => words === command || words.startsWith(`${command} `)) ? undefined : `there is no command ${words}`),
    ({ path, line, words }) => ({ file: path, line, value: words }),
  );
}

export const monitoringChecks: readonly Check[] = [logs, metrics, dashboards, alarms, trail, flow, events, streams];
