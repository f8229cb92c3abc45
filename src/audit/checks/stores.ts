/** What is stored and how it comes back: the lines on the protection of data. */
import { each, ran, type Check } from "../check.ts";
import { at, eachPlanned, planned, seen, withoutNetwork, type Planned } from "../plan.ts";
import { asRole, arnOf, onPolicies, policyFile } from "./iam.ts";

/** Everything that keeps data, with the attribute that holds its key. */
export const stores: Readonly<Record<string, readonly (string | number)[]>> = {
  aws_dynamodb_table: ["server_side_encryption", 0, "kms_key_arn"],
  aws_sqs_queue: ["kms_master_key_id"],
  aws_cloudwatch_log_group: ["kms_key_id"],
  aws_cloudwatch_event_bus: ["kms_key_identifier"],
  aws_secretsmanager_secret: ["kms_key_id"],
  aws_backup_vault: ["kms_key_arn"],
  aws_lambda_function: ["kms_key_arn"],
  aws_scheduler_schedule: ["kms_key_arn"],
  aws_sns_topic: ["kms_master_key_id"],
  aws_prometheus_workspace: ["kms_key_arn"],
  aws_cloudtrail: ["kms_key_id"],
  aws_s3_bucket_server_side_encryption_configuration: ["rule", 0, "apply_server_side_encryption_by_default", 0, "kms_master_key_id"],
};

function unkeyed({ type, values }: Planned): string | undefined {
  const key = at(values, ...(stores[type] ?? []));
  if (key === undefined || key === "") return "it has no key of its own";
  return typeof key === "string" && key.includes("alias/aws/") ? "its key is AWS's, not ours" : undefined;
}

const encryption: Check = {
  id: "D1",
  title: "every store has a key of ours that rotates, and the embedded engine stores no personal data in the open",
  owasp: ["A04"],
  run: (project) => [
    each("PLAN", "every store of every environment has a key of ours", planned(project, ...Object.keys(stores)), unkeyed, (store) => seen(store, ...(stores[store.type] ?? []))),
    eachPlanned(project, "every key rotates", ["aws_kms_key"], ({ values }) => (at(values, "enable_key_rotation") === true ? undefined : "it does not rotate"), [
      "enable_key_rotation",
    ]),
    ran(project, "encryption"),
  ],
};

const recovery: Check = {
  id: "D2",
  title: "tables go back to any second, refuse to be deleted in production, and are backed up; a loss is restored here and now",
  run: (project) => [
    eachPlanned(
      project,
      "point-in-time recovery is on, for as long as the environment says",
      ["aws_dynamodb_table"],
      ({ values, stack }) => [
        ...(at(values, "point_in_time_recovery", 0, "enabled") === true ? [] : ["it is off"]),
        ...(at(values, "point_in_time_recovery", 0, "recovery_period_in_days") === stack.environment.recoveryDays ? [] : ["its period is another one"]),
      ],
      ["point_in_time_recovery", 0, "enabled"],
    ),
    each(
      "PLAN",
      "tables of production refuse to be deleted",
      planned(project, "aws_dynamodb_table").filter(({ stack }) => stack.name === "prod"),
      ({ values }) => (at(values, "deletion_protection_enabled") === true ? undefined : "it can be deleted"),
      (table) => seen(table, "deletion_protection_enabled"),
    ),
    ran(project, "restore"),
  ],
};

const transport: Check = {
  id: "D3",
  title: "nothing answers over an open line: the API's own domain, queues, tables and bus; the embedded server beyond loopback",
  run: (project) => [
    eachPlanned(
      project,
      "an API with a domain of its own is not reached past it, and takes TLS 1.2 at least",
      ["aws_apigatewayv2_api", "aws_apigatewayv2_domain_name"],
      ({ type, values, stack }) => {
        const hasDomain = at(stack.environment, "domain") !== undefined;
        if (type === "aws_apigatewayv2_api") return at(values, "disable_execute_api_endpoint") === hasDomain || !hasDomain ? undefined : "its default endpoint is open";
        return /^TLS_1_[23]|^SecurityPolicy_TLS1[23]_/.test(String(at(values, "domain_name_configuration", 0, "security_policy"))) ? undefined : "it takes older versions of TLS";
      },
    ),
    ...onPolicies(project, (stack, data) => [
      each(
        "IAM",
        "a request without TLS is denied by every queue, table and bus, to whoever may use it",
        [...stack.policies.keys()].filter((name) => /^(?:queue|table)\.|^bus$/.test(name)),
        (name) => {
          const [kind = "", thing = ""] = name.split(/\.(.*)/s);
          const questions = {
            queue: { action: "sqs:SendMessage", resource: arnOf(stack, "sqs", thing) },
            table: { action: "dynamodb:GetItem", resource: arnOf(stack, "dynamodb", `table/${thing}`) },
            bus: { action: "events:PutEvents", resource: arnOf(stack, "events", `event-bus/${stack.deployment.bus}`) },
          } as const;
          const question = { ...questions[kind as keyof typeof questions], context: { "aws:SecureTransport": "false" } };
          return asRole(stack, stack.deployment.relay, question) === "explicit-deny" ? undefined : "it takes requests without TLS";
        },
        (name) => ({ file: policyFile(data, name), value: "aws:SecureTransport false is denied" }),
      ),
    ]),
    ran(project, "listening"),
  ],
};

const places: Check = {
  id: "D4",
  title: "a function is in a VPC only where it says why; then in two zones at least, and without a way to the internet",
  run: (project) => [
    each(
      "PLAN",
      "each function has a VPC exactly where its environment declares one for it",
      planned(project, "aws_lambda_function"),
      ({ values, stack }) => {
        const wanted = Object.keys((at(stack.environment, "network", "handlers") ?? {}) as object).map((name) => stack.deployment.handlers.get(name)?.function);
        const isWanted = wanted.includes(String(at(values, "function_name")));
        const subnets = at(values, "vpc_config", 0, "subnet_ids");
        if (!isWanted) return subnets === undefined ? undefined : "it is in a VPC that nobody asked for";
        return Array.isArray(subnets) && subnets.length >= 2 ? undefined : "it is in fewer than two zones";
      },
      (resource) => seen(resource, "vpc_config"),
    ),
    eachPlanned(project, "subnets give no public address", ["aws_subnet"], ({ values }) => (at(values, "map_public_ip_on_launch") === true ? "it does" : undefined), ["map_public_ip_on_launch"], withoutNetwork(project)),
  ],
};

export const storeChecks: readonly Check[] = [encryption, recovery, transport, places];
