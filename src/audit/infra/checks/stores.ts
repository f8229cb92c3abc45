/** What keeps data: encrypted with a key of ours, kept as long as declared, and brought back after a loss. */
import { isFields, type Value } from "../hcl/functions.ts";
import { at, isUnknown, type Infra, type Resource } from "../resource.ts";
import { each, ofType, together, type Answer, type InfraCheck } from "./check.ts";

/** Where each kind of store says its key. */
const keyOf: Readonly<Record<string, (values: Resource["values"]) => Value | undefined>> = {
  aws_backup_vault: (values) => values["kms_key_arn"],
  aws_cloudtrail: (values) => values["kms_key_id"],
  aws_cloudwatch_event_bus: (values) => values["kms_key_identifier"],
  aws_cloudwatch_log_group: (values) => values["kms_key_id"],
  aws_config_delivery_channel: (values) => values["s3_kms_key_arn"],
  aws_dynamodb_table: (values) => (at(values, "server_side_encryption", 0, "enabled") === true ? at(values, "server_side_encryption", 0, "kms_key_arn") : null),
  aws_lambda_function: (values) => values["kms_key_arn"],
  aws_prometheus_workspace: (values) => values["kms_key_arn"],
  aws_s3_bucket_server_side_encryption_configuration: (values) =>
    at(values, "rule", 0, "apply_server_side_encryption_by_default", 0, "sse_algorithm") === "aws:kms"
      ? at(values, "rule", 0, "apply_server_side_encryption_by_default", 0, "kms_master_key_id")
      : null,
  aws_scheduler_schedule: (values) => values["kms_key_arn"],
  aws_secretsmanager_secret: (values) => values["kms_key_id"],
  aws_sns_topic: (values) => values["kms_master_key_id"],
  aws_sqs_queue: (values) => values["kms_master_key_id"],
};

/** Kinds that keep no data of ours, or whose data another resource of this list encrypts. What is in neither list is a finding. */
const noStores = new Set(
  [
    "apigatewayv2_api apigatewayv2_api_mapping apigatewayv2_authorizer apigatewayv2_domain_name apigatewayv2_integration apigatewayv2_route apigatewayv2_stage",
    "backup_plan backup_restore_testing_plan backup_restore_testing_selection backup_selection backup_vault_lock_configuration backup_vault_policy",
    "cloudwatch_dashboard cloudwatch_event_bus_policy cloudwatch_event_rule cloudwatch_event_target cloudwatch_log_resource_policy cloudwatch_metric_alarm",
    "config_configuration_recorder config_configuration_recorder_status dynamodb_resource_policy guardduty_detector guardduty_detector_feature",
    "grafana_workspace iam_openid_connect_provider iam_policy iam_role iam_role_policy iam_role_policy_attachment kms_alias kms_key",
    "lambda_alias lambda_event_source_mapping lambda_permission scheduler_schedule_group secretsmanager_secret_policy sns_topic_policy sns_topic_subscription",
    "s3_bucket s3_bucket_lifecycle_configuration s3_bucket_object_lock_configuration s3_bucket_ownership_controls s3_bucket_policy",
    "s3_bucket_public_access_block s3_bucket_versioning sqs_queue_policy sqs_queue_redrive_allow_policy",
    "default_security_group flow_log route_table route_table_association security_group subnet vpc vpc_endpoint",
    "vpc_security_group_egress_rule vpc_security_group_ingress_rule",
    // Terraform's provider takes a key for an archive from version 6 on only: its events are encrypted with a key that AWS owns.
    "cloudwatch_event_archive",
  ]
    .join(" ")
    .split(" ")
    .map((name) => `aws_${name}`),
);

/** Files say that the key is one of this stack; a plan only that one is set. */
function isOwnKey(value: Value | undefined): boolean {
  if (typeof value !== "string") return false;
  return value.includes("aws_kms_key.") || (isUnknown(value) && !value.includes(".aws_")) || /^arn:aws[\w-]*:kms:[^:]+:\d{12}:key\//.test(value);
}

const encryption: InfraCheck = {
  id: "encryption",
  title: "every store is encrypted with a key of ours, and no kind of store is unknown",
  of: "both",
  answer(infra) {
    const encrypted = each(
      infra.resources.filter(({ type }) => type in keyOf),
      (values, { type }) => (isOwnKey(keyOf[type]?.(values)) ? undefined : "is not encrypted with a key of ours"),
    );
    const unknown = infra.resources.filter(({ type }) => !(type in keyOf) && !noStores.has(type));
    const buckets = each(ofType(infra, "aws_s3_bucket"), (_, { address }) =>
      belongs(infra, "aws_s3_bucket_server_side_encryption_configuration", address) ? undefined : "says nothing about its encryption",
    );
    return together(encrypted, buckets, {
      examined: 0,
      undecided: 0,
      findings: unknown.map(({ address, type }) => ({ address, problem: `${type} is no kind that this check knows: is it a store?` })),
    });
  },
};

/** Whether something of `type` has the name of the bucket in the same module. */
export function belongs(infra: Infra, type: string, address: string): boolean {
  const [module, name] = [address.slice(0, address.lastIndexOf("aws_")), address.slice(address.lastIndexOf(".") + 1)];
  return infra.resources.some((resource) => resource.address === `${module}${type}.${name}`);
}

const keyRotation: InfraCheck = {
  id: "key-rotation",
  title: "every key is rotated, and not gone at once when it is deleted",
  of: "both",
  answer: (infra) =>
    each(ofType(infra, "aws_kms_key"), (values) => {
      if (values["enable_key_rotation"] !== true) return "is not rotated";
      return Number(values["deletion_window_in_days"]) >= 7 ? undefined : "can be gone within a week";
    }),
};

const recovery: InfraCheck = {
  id: "point-in-time-recovery",
  title: "every table can be restored to any second",
  of: "stack",
  answer: (infra) =>
    each(ofType(infra, "aws_dynamodb_table"), (values) =>
      at(values, "point_in_time_recovery", 0, "enabled") === true ? undefined : "has no point-in-time recovery",
    ),
};

const deletion: InfraCheck = {
  id: "deletion-protection",
  title: "no table can be deleted by mistake; what is developed on may be",
  of: "stack",
  answer: (infra) =>
    each(ofType(infra, "aws_dynamodb_table"), (values) =>
      values["deletion_protection_enabled"] === true || infra.name === "dev" ? undefined : "can be deleted",
    ),
};

/** Days that logs are kept in production at least: intrusions are found after months. */
const productionRetention = 365;

const retention: InfraCheck = {
  id: "retention",
  title: "logs, archives and backups are kept for a time that is said",
  of: "both",
  answer(infra) {
    const least = infra.name === "prod" ? productionRetention : 1;
    const logs = each(ofType(infra, "aws_cloudwatch_log_group"), (values) =>
      Number(values["retention_in_days"] ?? 0) >= least ? undefined : `keeps less than ${String(least)} days, or for ever`,
    );
    const archives = each(ofType(infra, "aws_cloudwatch_event_archive"), (values) =>
      Number(values["retention_days"] ?? 0) >= 1 ? undefined : "keeps for ever",
    );
    const backups = each(ofType(infra, "aws_backup_plan"), (values) =>
      Number(at(values, "rule", 0, "lifecycle", 0, "delete_after") ?? 0) >= 7 ? undefined : "keeps less than a week",
    );
    const records = each(ofType(infra, "aws_s3_bucket_object_lock_configuration"), (values) =>
      Number(at(values, "rule", 0, "default_retention", 0, "days") ?? 0) >= 90 && at(values, "rule", 0, "default_retention", 0, "mode") === "COMPLIANCE"
        ? undefined
        : "can be deleted before 90 days",
    );
    return together(logs, archives, backups, records);
  },
};

const backups: InfraCheck = {
  id: "backups",
  title: "every table is backed up into a locked vault, and restored as a test",
  of: "stack",
  answer(infra) {
    const tables = ofType(infra, "aws_dynamodb_table").length;
    const covered = (path: readonly string[]) => (values: Resource["values"]) => {
      const list = at(values, ...path);
      if (isUnknown(list)) return "unknown";
      return Array.isArray(list) && list.length === tables ? undefined : "does not name every table";
    };
    return together(
      each(ofType(infra, "aws_backup_selection"), covered(["resources"])),
      each(ofType(infra, "aws_backup_restore_testing_selection"), covered(["protected_resource_arns"])),
      each(ofType(infra, "aws_backup_vault_lock_configuration"), (values) =>
        Number(values["min_retention_days"] ?? 0) >= 7 ? undefined : "lets backups be deleted",
      ),
      needed(infra, "aws_backup_selection", "aws_backup_restore_testing_selection", "aws_backup_vault_lock_configuration"),
    );
  },
};

/** A finding for each type of which there is nothing. */
export function needed(infra: Infra, ...types: readonly string[]): Answer {
  const missing = types.filter((type) => ofType(infra, type).length === 0);
  return { examined: 0, undecided: 0, findings: missing.map((type) => ({ address: infra.name, problem: `there is no ${type}` })) };
}

/** Settings of a function and of anything else whose name or value says that it is a secret. */
const secretName = /secret|passw(?:or)?d|token|credential|api_?key|private_?key/i;
const secretValue = /AKIA[0-9A-Z]{16}|-----BEGIN|\b(?:sk|rk)_(?:live|test)_\w{8,}|\bgh[pousr]_\w{20,}|\bxox[abp]-\w{8,}/;
/** Attributes that say where a secret is, or how tokens are checked. */
const references = new Set(["secret_arn", "authorizer_credentials_arn", "credentials_arn", "api_key_selection_expression"]);

const noSecrets: InfraCheck = {
  id: "no-secret",
  title: "no value of a secret is in a setting, a plan or the state",
  of: "both",
  answer(infra) {
    const kept = ofType(infra, "aws_secretsmanager_secret_version", "aws_ssm_parameter").map(({ address }) => ({
      address,
      problem: "keeps the secret's value in the state",
    }));
    const answer = each(infra.resources, (values, { type }) => {
      const found = [...leaves(values)].find(
        ([name, value]) => secretValue.test(value) || (secretName.test(name) && !references.has(name) && value !== "" && !type.startsWith("aws_iam_")),
      );
      return found === undefined ? undefined : `holds what looks like a secret: ${found[0]}`;
    });
    return together(answer, { examined: kept.length, undecided: 0, findings: kept });
  },
};

function* leaves(value: Value, name = ""): Generator<readonly [name: string, value: string]> {
  if (typeof value === "string") yield [name, value];
  else if (Array.isArray(value)) for (const item of value as readonly Value[]) yield* leaves(item, name);
  else if (isFields(value)) for (const [key, inner] of Object.entries(value)) yield* leaves(inner, key);
}

export const storeChecks: readonly InfraCheck[] = [encryption, keyRotation, recovery, deletion, retention, backups, noSecrets];
