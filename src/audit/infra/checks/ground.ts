/** What everything stands on: the state, the account, the network; and what watches it. */
import type { Value } from "../hcl/functions.ts";
import { at, isUnknown, wordsOf, type Infra } from "../resource.ts";
import { belongs, needed } from "./stores.ts";
import { each, ofType, together, type Answer, type InfraCheck } from "./check.ts";
import { conditionOn, documentsOf } from "./documents.ts";

/** An answer about something that only files tell. */
function ofFiles(infra: Infra, problems: readonly (string | false)[]): Answer {
  if (infra.source === "plan") return { examined: 0, undecided: 1, findings: [] };
  return { examined: 1, undecided: 0, findings: problems.filter((problem) => problem !== false).map((problem) => ({ address: infra.name, problem })) };
}

const state: InfraCheck = {
  id: "state",
  title: "the state is encrypted, locked, and in the account of its environment",
  of: "both",
  answer: (infra) =>
    ofFiles(infra, [
      infra.backend?.["encrypt"] !== true && "the state is not encrypted",
      typeof infra.backend?.["kms_key_id"] !== "string" && "the state is not encrypted with a key of ours",
      infra.backend?.["use_lockfile"] !== true && "two applies at once are not kept apart: use_lockfile",
      typeof infra.backend?.["key"] !== "string" && "the state has no name",
      !Array.isArray(infra.backend?.["allowed_account_ids"]) && "the state may be in any account",
    ]),
};

const account: InfraCheck = {
  id: "account",
  title: "nothing is planned in another account, and everything says whose it is",
  of: "both",
  answer: (infra) =>
    ofFiles(infra, [
      !/^\d{12}$/.test(wordsOf(at(infra.provider, "allowed_account_ids", 0))) && "the provider takes any account",
      !["deployment", "environment", "owner"].every((tag) => typeof at(infra.provider, "default_tags", 0, "tags", tag) === "string") &&
        "resources have no owner",
    ]),
};

const stateBucket: InfraCheck = {
  id: "buckets",
  title: "buckets are closed to the public, versioned, and not thrown away with what they hold",
  of: "account",
  answer: (infra) =>
    together(
      each(ofType(infra, "aws_s3_bucket"), (values, { address }) => {
        if (values["force_destroy"] === true) return "is thrown away with what it holds";
        const missing = ["aws_s3_bucket_versioning", "aws_s3_bucket_public_access_block", "aws_s3_bucket_policy"].find(
          (type) => !belongs(infra, type, address),
        );
        return missing === undefined ? undefined : `has no ${missing}`;
      }),
      each(ofType(infra, "aws_s3_bucket_versioning"), (values) =>
        at(values, "versioning_configuration", 0, "status") === "Enabled" ? undefined : "keeps no versions",
      ),
      each(ofType(infra, "aws_s3_bucket_public_access_block"), (values) =>
        ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"].every((name) => values[name] === true)
          ? undefined
          : "is open to the public",
      ),
      stateReaders(infra),
    ),
};

/** Nobody but the pipeline and named administrators opens the state. */
function stateReaders(infra: Infra): Answer {
  const { documents } = documentsOf(infra, "resource");
  return each(
    ofType(infra, "aws_s3_bucket_policy").filter(({ address }) => address.endsWith(".state")),
    (_, { address }) => {
      const document = documents.find(({ resource }) => resource.address === address);
      if (document === undefined) return "unknown";
      return document.statements.some((statement) => statement["Effect"] === "Deny" && conditionOn(statement, "aws:PrincipalArn").length > 0)
        ? undefined
        : "lets every role of the account read the state";
    },
  );
}

const network: InfraCheck = {
  id: "network",
  title: "nothing is open to the whole internet, in either direction",
  of: "both",
  answer(infra) {
    const answer = each(infra.resources, (values, { type }) => {
      if (type === "aws_internet_gateway" || type === "aws_egress_only_internet_gateway") return "leads to the internet";
      if (values["map_public_ip_on_launch"] === true || values["assign_public_ip"] === true || values["publicly_accessible"] === true)
        return "has a public address";
      return /"(?:0\.0\.0\.0\/0|::\/0)"/.test(JSON.stringify(values)) ? "is open to the whole internet" : undefined;
    });
    const watched = ofType(infra, "aws_vpc").length === 0 ? [] : [needed(infra, "aws_flow_log", "aws_vpc_endpoint", "aws_default_security_group")];
    const zones = each(ofType(infra, "aws_lambda_function"), (values) => {
      const subnets = at(values, "vpc_config", 0, "subnet_ids");
      return subnets === undefined || isUnknown(subnets) || (Array.isArray(subnets) && subnets.length >= 2) ? undefined : "is in one zone only";
    });
    return together(answer, zones, ...watched);
  },
};

const alarms: InfraCheck = {
  id: "alarms",
  title: "every function, queue and table is watched, and every alarm tells somebody and names its runbook",
  of: "stack",
  answer(infra) {
    const all = ofType(infra, "aws_cloudwatch_metric_alarm");
    const told = each(all, (values) => {
      const actions: Value | undefined = values["alarm_actions"];
      if (!Array.isArray(actions) || actions.length === 0) return "tells nobody";
      if (values["actions_enabled"] === false) return "is switched off";
      return /docs\/runbooks\/[\w-]+\.md/.test(wordsOf(values["alarm_description"])) ? undefined : "names no runbook";
    });
    const watches = (metric: string, dimension: string, name: Value | undefined): boolean =>
      all.some(({ values }) => values["metric_name"] === metric && (isUnknown(values["dimensions"]) ? false : at(values, "dimensions", dimension) === name));
    // Where a plan does not know the dimensions, the alarm's own name tells what it is for.
    const named = (kind: string, name: Value | undefined): boolean =>
      all.some(({ values }) => wordsOf(values["alarm_name"]).endsWith(`-${kind}-${wordsOf(name)}`));
    return together(
      told,
      each(ofType(infra, "aws_lambda_function"), ({ function_name: name }) =>
        watches("Errors", "FunctionName", name) || named("handler-errors", name) ? undefined : "no alarm for its errors",
      ),
      each(
        ofType(infra, "aws_sqs_queue").filter(({ values }) => /(?:-dlq|-pq-relay-failures)(?:\.fifo)?$/.test(wordsOf(values["name"]))),
        ({ name }) =>
          watches("ApproximateNumberOfMessagesVisible", "QueueName", name) || named("unseen-messages", name) || named("relay-failures", name)
            ? undefined
            : "no alarm for what lies in it",
      ),
      each(ofType(infra, "aws_dynamodb_table"), ({ name }) =>
        watches("ThrottledRequests", "TableName", name) || named("store-throttled", name) ? undefined : "no alarm for refused requests",
      ),
    );
  },
};

const accessLog: InfraCheck = {
  id: "access-log",
  title: "every request is logged: by whom, for what, with which end; never what was in it",
  of: "stack",
  answer: (infra) =>
    each(ofType(infra, "aws_apigatewayv2_stage"), (values) => {
      const format = wordsOf(at(values, "access_log_settings", 0, "format"));
      const missing = ["requestId", "status", "routeKey", "sourceIp"].find((field) => !format.includes(field));
      if (missing !== undefined) return `does not log ${missing}`;
      return /\$context\.(?:requestOverride|authorizer\.(?!claims\.sub)|.*[Bb]ody)|\$request/.test(format)
        ? "logs what may be a token or personal data"
        : undefined;
    }),
};

const auditTrail: InfraCheck = {
  id: "audit-trail",
  title: "who did what in the account is recorded, cannot be changed, and is searched for intruders",
  of: "account",
  answer: (infra) =>
    together(
      each(ofType(infra, "aws_cloudtrail"), (values) => {
        if (values["is_multi_region_trail"] !== true || values["include_global_service_events"] !== true) return "sees one region only";
        if (values["enable_log_file_validation"] !== true) return "can be changed unseen";
        return JSON.stringify(values["advanced_event_selector"] ?? []).includes("AWS::DynamoDB::Table") ? undefined : "does not see who reads the tables";
      }),
      each(ofType(infra, "aws_config_configuration_recorder"), (values) =>
        at(values, "recording_group", 0, "all_supported") === true ? undefined : "sees some resources only",
      ),
      each(ofType(infra, "aws_guardduty_detector"), (values) => (values["enable"] === true ? undefined : "is switched off")),
      needed(
        infra,
        "aws_cloudtrail",
        "aws_config_configuration_recorder",
        "aws_config_configuration_recorder_status",
        "aws_guardduty_detector",
        "aws_guardduty_detector_feature",
      ),
    ),
};

const nothingLost: InfraCheck = {
  id: "unmatched",
  title: "an event that nobody waits for is logged, and every event can be replayed",
  of: "stack",
  answer: (infra) =>
    together(
      each(
        ofType(infra, "aws_cloudwatch_event_rule").filter(({ values }) => wordsOf(values["name"]).endsWith("-pq-unmatched")),
        (values) => (wordsOf(values["event_pattern"]).includes("anything-but") ? undefined : "is not for what no rule waits for"),
      ),
      needed(infra, "aws_cloudwatch_event_archive", "aws_cloudwatch_event_bus_policy"),
    ),
};

export const groundChecks: readonly InfraCheck[] = [state, account, stateBucket, network, alarms, accessLog, auditTrail, nothingLost];
