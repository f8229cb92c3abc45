/** Faults in a plan, one at a time, each found by the check that it is for. */

interface PlanMutant {
  readonly check: string;
  readonly name: string;
  readonly type: string;
  /** Where in the values; everything below is replaced. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

const mutant = (check: string, name: string, type: string, path: PlanMutant["path"], value: unknown): PlanMutant => ({ check, name, type, path, value });

export const planMutants: Readonly<Record<"stack" | "account", readonly PlanMutant[]>> = {
  stack: [
    mutant("encryption", "a table with AWS's own key", "aws_dynamodb_table", ["server_side_encryption"], [{ enabled: true, kms_key_arn: null }]),
    mutant("encryption", "a queue without a key", "aws_sqs_queue", ["kms_master_key_id"], null),
    mutant("key-rotation", "a key that stays the same", "aws_kms_key", ["enable_key_rotation"], false),
    mutant("point-in-time-recovery", "a table without it", "aws_dynamodb_table", ["point_in_time_recovery", 0, "enabled"], false),
    mutant("deletion-protection", "a table without it", "aws_dynamodb_table", ["deletion_protection_enabled"], false),
    mutant("retention", "logs for ever", "aws_cloudwatch_log_group", ["retention_in_days"], 0),
    mutant("no-secret", "a token in the environment", "aws_lambda_function", ["environment", 0, "variables", "API_TOKEN"], "abc"),
    mutant("dead-letters", "a rule without a queue for failures", "aws_cloudwatch_event_target", ["dead_letter_config"], []),
    mutant("visibility", "messages that come back at once", "aws_sqs_queue", ["visibility_timeout_seconds"], 0),
    mutant("batches", "a failure brings back all", "aws_lambda_event_source_mapping", ["function_response_types"], []),
    mutant("concurrency", "a queue without a bound", "aws_lambda_event_source_mapping", ["scaling_config"], []),
    mutant("functions", "an old runtime", "aws_lambda_function", ["runtime"], "nodejs18.x"),
    mutant(
      "no-wildcard",
      "a role that may do everything",
      "aws_iam_role_policy",
      ["policy"],
      '{"Statement":[{"Effect":"Allow","Action":["*"],"Resource":["*"]}]}',
    ),
    mutant(
      "no-stranger",
      "a queue for everybody",
      "aws_sqs_queue_policy",
      ["policy"],
      '{"Statement":[{"Effect":"Allow","Principal":"*","Action":["sqs:*"],"Resource":["*"]}]}',
    ),
    mutant(
      "confused-deputy",
      "a role for any function",
      "aws_iam_role",
      ["assume_role_policy"],
      '{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":["sts:AssumeRole"]}]}',
    ),
    mutant("transport", "an old line", "aws_apigatewayv2_domain_name", ["domain_name_configuration", 0, "security_policy"], "TLS_1_0"),
    mutant("boundaries", "a role without one", "aws_iam_role", ["permissions_boundary"], null),
    mutant("network", "a public address", "aws_lambda_function", ["environment", 0, "variables", "CIDR"], "0.0.0.0/0"),
    mutant("alarms", "an alarm that nobody hears", "aws_cloudwatch_metric_alarm", ["alarm_actions"], []),
    mutant("access-log", "without an id", "aws_apigatewayv2_stage", ["access_log_settings", 0, "format"], "$context.status"),
  ],
  account: [
    mutant("buckets", "thrown away with the state", "aws_s3_bucket", ["force_destroy"], true),
    mutant("buckets", "public", "aws_s3_bucket_public_access_block", ["block_public_acls"], false),
    mutant("audit-trail", "changed unseen", "aws_cloudtrail", ["enable_log_file_validation"], false),
    mutant("retention", "records that can be deleted", "aws_s3_bucket_object_lock_configuration", ["rule", 0, "default_retention", 0, "mode"], "GOVERNANCE"),
  ],
};

interface Planned {
  readonly resources?: readonly { readonly type: string; readonly address: string; readonly values: object }[];
  readonly child_modules?: readonly Planned[];
}

/** A copy of the plan in which every resource of the type has the fault. */
export function planted(plan: unknown, { type, path, value }: PlanMutant): unknown {
  const copy = structuredClone(plan) as {
    readonly planned_values: { readonly root_module: Planned };
    readonly resource_changes: readonly { readonly type: string; readonly change: { readonly after_unknown: object } }[];
  };
  const walk = ({ resources = [], child_modules: children = [] }: Planned): void => {
    for (const resource of resources) if (resource.type === type) set(resource.values, path, value);
    children.forEach(walk);
  };
  walk(copy.planned_values.root_module);
  for (const change of copy.resource_changes) if (change.type === type) set(change.change.after_unknown, path, false);
  return copy;
}

function set(target: object, [step, ...rest]: readonly (string | number)[], value: unknown): void {
  if (step === undefined) return;
  const fields = target as Record<string | number, unknown>;
  if (rest.length === 0) fields[step] = value;
  else {
    const inner = fields[step];
    // What the plan does not know at all stays so; where there is nothing, the fault makes it.
    const next = typeof inner === "object" && inner !== null ? inner : typeof rest[0] === "number" ? [] : {};
    fields[step] = next;
    set(next, rest, value);
  }
}
