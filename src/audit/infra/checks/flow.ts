/** The way of an event: queues, functions and what feeds them. */
import type { Value } from "../hcl/functions.ts";
import { at, isUnknown, wordsOf, type Infra, type Resource } from "../resource.ts";
import { each, ofType, together, type InfraCheck } from "./check.ts";

/**
 * The resource of `type` that a value leads to. Files name it by its whole address; a plan as the module's own file does
 * (`module.queue.arn`), so that it is looked for below the module of `from`.
 */
function leadsTo(infra: Infra, value: Value | undefined, from: Resource, ...types: readonly string[]): Resource | undefined {
  if (typeof value !== "string") return undefined;
  const candidates = infra.resources.filter(({ type }) => types.includes(type));
  const whole = candidates.find(({ address }) => value.includes(`«${address}.`));
  if (whole !== undefined) return whole;
  const [, target] = /«((?:module\.[\w-]+\.)?)/.exec(value) ?? [];
  if (target === undefined || target === "") return undefined;
  const module = from.address.slice(0, from.address.lastIndexOf("aws_"));
  return candidates.find(({ address }) => address.startsWith(`${module}${target}aws_`));
}

function isStream(values: Resource["values"]): boolean {
  return values["starting_position"] !== undefined && values["starting_position"] !== null && values["starting_position"] !== "";
}

const mappings = (infra: Infra): readonly Resource[] => ofType(infra, "aws_lambda_event_source_mapping");
const fromQueues = (infra: Infra): readonly Resource[] => mappings(infra).filter(({ values }) => !isStream(values));

const deadLetters: InfraCheck = {
  id: "dead-letters",
  title: "every hop keeps what it could not pass on",
  of: "stack",
  answer(infra) {
    const queues = each(fromQueues(infra), (values, mapping) => {
      const queue = leadsTo(infra, values["event_source_arn"], mapping, "aws_sqs_queue");
      if (queue === undefined) return "is fed by no queue of this stack";
      return queue.values["redrive_policy"] === null || queue.values["redrive_policy"] === undefined ? "its queue has no dead-letter queue" : undefined;
    });
    const streams = each(
      mappings(infra).filter(({ values }) => isStream(values)),
      (values) => {
        if (at(values, "destination_config", 0, "on_failure", 0, "destination_arn") === undefined) return "a record that fails goes nowhere";
        return Number(values["maximum_record_age_in_seconds"] ?? -1) > 0 ? undefined : "a record that fails stops its shard for ever";
      },
    );
    const targets = each(ofType(infra, "aws_cloudwatch_event_target"), (values) => {
      // A log takes every event; nothing else is between.
      if (wordsOf(values["rule"]).endsWith("-pq-unmatched")) return undefined;
      return at(values, "dead_letter_config", 0, "arn") === undefined ? "what the rule cannot deliver goes nowhere" : undefined;
    });
    const schedules = each(ofType(infra, "aws_scheduler_schedule"), (values) =>
      at(values, "target", 0, "dead_letter_config", 0, "arn") === undefined ? "a start that fails goes nowhere" : undefined,
    );
    return together(queues, streams, targets, schedules);
  },
};

const visibility: InfraCheck = {
  id: "visibility",
  title: "a message stays hidden for six times as long as its function may run",
  of: "stack",
  answer: (infra) =>
    each(fromQueues(infra), (values, mapping) => {
      const queue = leadsTo(infra, values["event_source_arn"], mapping, "aws_sqs_queue");
      const alias = leadsTo(infra, values["function_name"], mapping, "aws_lambda_alias");
      const name = alias?.values["function_name"];
      const run = ofType(infra, "aws_lambda_function").find((each) => each.values["function_name"] === name);
      if (queue === undefined || run === undefined) return "leads from no queue to no function of this stack";
      const [hidden, timeout] = [Number(queue.values["visibility_timeout_seconds"]), Number(run.values["timeout"])];
      return hidden >= 6 * timeout ? undefined : `its queue hides messages for ${String(hidden)} s, its function runs up to ${String(timeout)} s`;
    }),
};

const batches: InfraCheck = {
  id: "batches",
  title: "batch sizes are written, and one failure does not bring back the whole batch",
  of: "stack",
  answer: (infra) =>
    each(mappings(infra), (values) => {
      if (!(Number(values["batch_size"]) >= 1)) return "does not say its batch size";
      const responses: readonly unknown[] = [values["function_response_types"]].flat();
      return responses.includes("ReportBatchItemFailures") ? undefined : "a failure brings back the whole batch";
    }),
};

const concurrency: InfraCheck = {
  id: "concurrency",
  title: "nothing takes the whole account's capacity",
  of: "stack",
  answer(infra) {
    const queues = each(fromQueues(infra), (values) =>
      Number(at(values, "scaling_config", 0, "maximum_concurrency") ?? 0) >= 2 ? undefined : "starts functions without a bound",
    );
    const streams = each(
      mappings(infra).filter(({ values }) => isStream(values)),
      (values) => (values["parallelization_factor"] === 1 ? undefined : "reads a shard with several functions: a key's order is lost"),
    );
    const stages = each(ofType(infra, "aws_apigatewayv2_stage"), (values) =>
      Number(at(values, "default_route_settings", 0, "throttling_rate_limit") ?? 0) > 0 &&
      Number(at(values, "default_route_settings", 0, "throttling_burst_limit") ?? 0) > 0
        ? undefined
        : "takes requests without a bound",
    );
    return together(queues, streams, stages);
  },
};

/** Runtimes that AWS supports, with the last day (its list, read 2026-11). */
const runtimes: Readonly<Record<string, string>> = { "nodejs22.x": "2027-04-30", "nodejs24.x": "2028-04-30" };

const functions: InfraCheck = {
  id: "functions",
  title: "functions run on a supported runtime, are traced by version, and their log group is there before them",
  of: "stack",
  answer: (infra) =>
    each(ofType(infra, "aws_lambda_function"), (values) => {
      if (!(wordsOf(values["runtime"]) in runtimes)) return `runs on ${wordsOf(values["runtime"])}, which is not supported`;
      if (values["publish"] !== true) return "publishes no versions: it cannot be taken back";
      const group = at(values, "logging_config", 0, "log_group");
      if (at(values, "logging_config", 0, "log_format") !== "JSON") return "writes its logs as text";
      return ofType(infra, "aws_cloudwatch_log_group").some(({ values: { name } }) => name === group) ? undefined : "its log group is not made before it";
    }),
};

const aliases: InfraCheck = {
  id: "aliases",
  title: "events and callers reach a function by its alias, so that it can be taken back",
  of: "stack",
  answer: (infra) =>
    each(mappings(infra), (values, mapping) => {
      const name = values["function_name"];
      if (!isUnknown(name)) return wordsOf(name).endsWith(":live") ? undefined : "reaches the newest code, not the alias";
      return leadsTo(infra, name, mapping, "aws_lambda_alias") === undefined ? "reaches the newest code, not the alias" : undefined;
    }),
};

export const flowChecks: readonly InfraCheck[] = [deadLetters, visibility, batches, concurrency, functions, aliases];
