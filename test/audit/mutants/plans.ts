/** Faults in what Terraform would make. */
import { moreResource, onStacks, summedUp, withoutResource, withResource, type Mutant } from "./mutant.ts";

type Values = Readonly<Record<string, unknown>>;
const block =
  (name: string, change: Values) =>
  (values: Values): Values => ({ ...values, [name]: [{ ...(values[name] as readonly Values[] | undefined)?.[0], ...change }] });
const policyText =
  (find: string, replace: string) =>
  (values: Values): Values => ({ ...values, policy: String(values["policy"]).replaceAll(find, replace) });

const unkeyedTable = withResource("D1", "a table with AWS's own key", "aws_dynamodb_table", block("server_side_encryption", { kms_key_arn: null }), "orders");
const openPort = moreResource("N2", "a port that is open to the world", "aws_vpc_security_group_ingress_rule", {
  cidr_ipv4: "0.0.0.0/0",
  from_port: 9090,
  to_port: 9090,
  ip_protocol: "tcp",
  description: "metrics",
});
const silentAlarm = withResource("M4", "an alarm that tells nobody", "aws_cloudwatch_metric_alarm", { alarm_actions: [] }, "keep-stock");
const noTrail = withoutResource("A1", "no trail", "aws_cloudtrail", "account");

export const planMutants: readonly Mutant[] = [
  withResource("I2", "a queue that every account's rules may feed", "aws_sqs_queue_policy", policyText("aws:SourceAccount", "aws:OtherAccount")),
  withResource("T3", "messages that are lost after their last attempt", "aws_sqs_queue", { redrive_policy: null }, "keep-stock"),
  unkeyedTable,
  withResource("D1", "a queue without a key", "aws_sqs_queue", { kms_master_key_id: null }, "keep-stock"),
  withResource("D1", "a key that stays the same", "aws_kms_key", { enable_key_rotation: false }),
  withResource("D2", "a table without point-in-time recovery", "aws_dynamodb_table", block("point_in_time_recovery", { enabled: false }), "orders"),
  withResource("D2", "a table of production that can be deleted", "aws_dynamodb_table", { deletion_protection_enabled: false }),
  withoutResource("D2", "no backup", "aws_backup_selection"),
  withResource("D3", "an API that is reached past its domain", "aws_apigatewayv2_api", { disable_execute_api_endpoint: false }),
  withResource("D3", "TLS 1.0", "aws_apigatewayv2_domain_name", block("domain_name_configuration", { security_policy: "TLS_1_0" })),
  withResource(
    "D4",
    "a function in a VPC that nobody asked for",
    "aws_lambda_function",
    { vpc_config: [{ subnet_ids: ["subnet-1"], security_group_ids: ["sg-1"] }] },
    "keep-stock",
  ),
  withoutResource("D4", "no function at all", "aws_lambda_function"),
  moreResource("N1", "a network of public addresses", "aws_vpc", { cidr_block: "8.8.0.0/16" }),
  moreResource("N1", "a default group that lets everything in", "aws_default_security_group", { ingress: [{ from_port: 0, to_port: 65_535 }] }),
  onStacks("N1", "subnets that overlap", (stack) => ({
    ...stack,
    infra: {
      ...stack.infra,
      resources: [
        ...stack.infra.resources,
        ...["10.0.0.0/24", "10.0.0.128/25"].map((cidr) => ({ address: `aws_subnet.${cidr}`, type: "aws_subnet", values: { cidr_block: cidr } })),
      ],
    },
  })),
  openPort,
  moreResource("N2", "a rule for every port", "aws_vpc_security_group_egress_rule", { cidr_ipv4: "10.0.0.0/8", ip_protocol: "-1", description: "anything" }),
  moreResource("N2", "a rule that nobody explains", "aws_vpc_security_group_ingress_rule", {
    cidr_ipv4: "10.0.0.0/8",
    from_port: 443,
    to_port: 443,
    ip_protocol: "tcp",
  }),
  withResource("N3", "Grafana for everybody", "aws_grafana_workspace", { network_access_control: [], authentication_providers: [] }),
  moreResource("N3", "a server with a public address", "aws_ecs_service", { assign_public_ip: true }),
  moreResource("N4", "an internet gateway", "aws_internet_gateway", {}),
  moreResource("N4", "a route to everywhere", "aws_route", { destination_cidr_block: "0.0.0.0/0" }),
  withResource(
    "S1",
    "a password in a function's environment",
    "aws_lambda_function",
    { environment: [{ variables: { DB_PASSWORD: "correct-horse-battery-staple" } }] },
    "keep-stock",
  ),
  moreResource("S1", "a secret's value in the state", "aws_secretsmanager_secret_version", { secret_string: "value" }),
  withResource("S2", "a secret with AWS's own key", "aws_secretsmanager_secret", { kms_key_id: null }),
  withResource("S2", "a secret that is gone at once", "aws_secretsmanager_secret", { recovery_window_in_days: 0 }),
  moreResource("S3", "a second place for values", "aws_ssm_parameter", { value: "x" }),
  withResource("M1", "logs without end", "aws_cloudwatch_log_group", { retention_in_days: 0 }),
  withResource("M1", "logs as text", "aws_lambda_function", block("logging_config", { log_format: "Text" }), "keep-stock"),
  onStacks("M3", "a panel of a metric that nobody writes", (stack) => ({
    ...stack,
    infrastructure: {
      ...stack.infrastructure,
      variables: {
        ...stack.infrastructure.variables,
        dashboard: stack.infrastructure.variables.dashboard.replaceAll("pulsequeue_dead_letters_total", "pulsequeue_dead_letters"),
      },
    },
  })),
  withResource("M3", "another dashboard than the generated one", "aws_cloudwatch_dashboard", { dashboard_body: "{}" }),
  moreResource("M3", "an image by its tag", "aws_lambda_function", { function_name: "grafana", image_uri: "grafana/grafana:latest" }),
  silentAlarm,
  withoutResource("M4", "no alarm", "aws_cloudwatch_metric_alarm"),
  onStacks("M4", "an alarm on a metric by other dimensions than it has", (stack) => ({
    ...stack,
    infrastructure: {
      ...stack.infrastructure,
      variables: {
        ...stack.infrastructure.variables,
        alarms: Object.fromEntries(
          Object.entries(stack.infrastructure.variables.alarms).map(([name, alarm]) => [
            name,
            alarm.kind === "dead-letters" ? { ...alarm, dimensions: { handler: "x" } } : alarm,
          ]),
        ),
      },
    },
  })),
  onStacks("R1", "forged signatures that raise no alarm", (stack) => ({
    ...stack,
    infrastructure: {
      ...stack.infrastructure,
      variables: {
        ...stack.infrastructure.variables,
        alarms: Object.fromEntries(
          Object.entries(stack.infrastructure.variables.alarms).filter(([, { metric }]) => metric !== "pulsequeue_sig_failures_total"),
        ),
      },
    },
  })),
  noTrail,
  withResource("A1", "a trail that can be changed unseen", "aws_cloudtrail", { enable_log_file_validation: false }, "", "account"),
  withoutResource("A2", "no function at all", "aws_lambda_function"),
  withoutResource("A3", "events that cannot be replayed", "aws_cloudwatch_event_archive"),
  withResource("A3", "a bus that logs what is in events", "aws_cloudwatch_event_bus", { log_config: [{ include_detail: "FULL" }] }),
  withResource("A4", "a journal without a stream", "aws_dynamodb_table", { stream_enabled: false }),
  withResource("A4", "a batch that one record holds up", "aws_lambda_event_source_mapping", { bisect_batch_on_function_error: false }, "stream"),
  withResource(
    "C2",
    "a role for every workflow of the repository",
    "aws_iam_role",
    (values) => ({ ...values, assume_role_policy: String(values["assume_role_policy"]).replaceAll(/"[^"]*:environment:[^"]*"/g, '"repo:owner/name:*"') }),
    "",
    "account",
  ),
  withResource("P1", "a bucket without versions", "aws_s3_bucket_versioning", { versioning_configuration: [{ status: "Suspended" }] }, "", "account"),
  withResource("P1", "a bucket that is open to the public", "aws_s3_bucket_public_access_block", { block_public_policy: false }, "", "account"),
  withResource("P1", "a bucket that is thrown away with the state", "aws_s3_bucket", { force_destroy: true }, "", "account"),
  onStacks("P1", "a state without encryption", (stack) => ({ ...stack, infra: { ...stack.infra, backend: { ...stack.infra.backend, encrypt: false } } })),
  onStacks("P2", "a state that is not locked", (stack) => ({ ...stack, infra: { ...stack.infra, backend: { ...stack.infra.backend, use_lockfile: false } } })),
  onStacks("P2", "two environments with one state", (stack) => ({
    ...stack,
    infra: { ...stack.infra, backend: { ...stack.infra.backend, bucket: "one", key: "one" } },
  })),
  withResource("P2", "a lock that the pipeline may not write", "aws_iam_role_policy", policyText(".tflock", ".other"), "", "account"),
  withResource("P4", "functions without versions", "aws_lambda_function", { publish: false }),
  withoutResource("P4", "functions without an alias", "aws_lambda_alias"),
  summedUp("K1", withResource("S2", "a secret with AWS's own key", "aws_secretsmanager_secret", { kms_key_id: null })),
  withResource("K2", "a role without its boundary", "aws_iam_role", { permissions_boundary: null }, "keep-stock"),
  summedUp("K3", unkeyedTable),
  moreResource("K3", "a kind of store that nobody knows", "aws_db_instance", {}),
  summedUp("K4", openPort),
  summedUp("K5", silentAlarm),
  withoutResource("K6", "no backup", "aws_backup_selection"),
  withResource("K9", "an API without an access log", "aws_apigatewayv2_stage", { access_log_settings: [] }),
  withResource("K9", "an access log with tokens", "aws_apigatewayv2_stage", (values) => ({
    ...values,
    access_log_settings: [
      {
        format:
          '{"requestId":"$context.requestId","status":"$context.status","routeKey":"$context.routeKey","sourceIp":"$context.identity.sourceIp","token":"$request.header.authorization"}',
      },
    ],
  })),
  summedUp("K10", silentAlarm),
  withResource("K11", "an alarm that does not see the oldest", "aws_cloudwatch_metric_alarm", { statistic: "Average" }),
  summedUp("K13", noTrail),
  withoutResource("K13", "no trail", "aws_cloudtrail", "account"),
  moreResource("K14", "a network without a flow log", "aws_vpc", { cidr_block: "10.0.0.0/16" }),
  moreResource("K14", "a flow log of what was refused only", "aws_flow_log", { traffic_type: "REJECT" }),
  withResource("K15", "a detector that is switched off", "aws_guardduty_detector", { enable: false }, "", "account"),
  withoutResource("K15", "findings that go nowhere", "aws_cloudwatch_event_target", "account"),
  withResource("K16", "a recorder of some resources", "aws_config_configuration_recorder", { recording_group: [{ all_supported: false }] }, "", "account"),
  withoutResource("K16", "a recorder that is not switched on", "aws_config_configuration_recorder_status", "account"),
  withResource("K17", "backups that can be deleted", "aws_backup_vault_lock_configuration", { min_retention_days: 0 }),
  withResource("K17", "logs of a day", "aws_cloudwatch_log_group", { retention_in_days: 0 }),
  onStacks("K18", "backups in one place only", (stack) => ({
    ...stack,
    infra: {
      ...stack.infra,
      resources: stack.infra.resources.map((each) => (each.type === "aws_backup_plan" ? { ...each, values: { ...each.values, rule: [] } } : each)),
    },
  })),
  withResource("CT2", "an alarm that leads elsewhere", "aws_cloudwatch_metric_alarm", { alarm_actions: ["arn:aws:sns:eu-central-1:999999999999:other"] }),
  onStacks("CT2", "an environment without an owner", (stack) => ({ ...stack, environment: { ...stack.environment, owner: " " } })),
  withoutResource("CT3", "a topic that nobody listens to", "aws_sns_topic_subscription", "account"),
];
