/** ARNs of everything in one deployment. Names come from `deploymentOf`, account and region from the environment: nothing is a wildcard that need not be. */
import type { Deployment } from "../core/deployment.ts";
import type { Environment } from "./environment.ts";

export interface Arns {
  readonly bus: string;
  queue(name: string): string;
  table(name: string): string;
  /** An index of a table. */
  index(table: string, index: string): string;
  /** A table's stream. Its last part is the time of its making, which AWS chooses. */
  stream(table: string): string;
  function(name: string): string;
  role(name: string): string;
  /** Policy that bounds every role of the deployment, whatever its own policy says; the account's administrators make it. */
  readonly boundary: string;
  /** The same for the roles of services that no function has: of backups, flow logs and Grafana. */
  readonly servicesBoundary: string;
  logGroup(functionName: string): string;
  /** The streams of a function's log group. */
  logStreams(functionName: string): string;
  /** A secret. Its last six characters are AWS's choice: `?` stands for one character each. */
  secret(name: string): string;
  /** A parameter of Parameter Store; its name begins with a `/`, which its ARN has once. */
  parameter(name: string): string;
  rule(name: string): string;
  /** A one-time or declared schedule of the deployment's group. */
  schedules(pattern: string): string;
  /** Every key of the account in the region; only with a condition on the alias. */
  readonly keys: string;
  readonly keyAlias: string;
  mapping(id: string): string;
}

/** The partition of a region: `aws`, `aws-cn`, `aws-us-gov`. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

export function arnsOf(deployment: Deployment, { account, region }: Pick<Environment, "account" | "region">): Arns {
  const arn = (service: string, resource: string): string => `arn:${partitionOf(region)}:${service}:${region}:${account}:${resource}`;
  const table = (name: string): string => arn("dynamodb", `table/${name}`);
  const logGroup = (name: string): string => arn("logs", `log-group:/aws/lambda/${name}`);
  return {
    bus: arn("events", `event-bus/${deployment.bus}`),
    queue: (name) => arn("sqs", name),
    table,
    index: (name, index) => `${table(name)}/index/${index}`,
    stream: (name) => `${table(name)}/stream/*`,
    function: (name) => arn("lambda", `function:${name}`),
    role: (name) => `arn:${partitionOf(region)}:iam::${account}:role/${name}`,
    boundary: `arn:${partitionOf(region)}:iam::${account}:policy/${deployment.prefix}-pq-boundary`,
    servicesBoundary: `arn:${partitionOf(region)}:iam::${account}:policy/${deployment.prefix}-pq-services-boundary`,
    logGroup,
    logStreams: (name) => `${logGroup(name)}:log-stream:*`,
    secret: (name) => arn("secretsmanager", `secret:${name}-??????`),
    parameter: (name) => arn("ssm", `parameter/${name}`),
    rule: (name) => arn("events", `rule/${deployment.bus}/${name}`),
    schedules: (pattern) => arn("scheduler", `schedule/${deployment.scheduleGroup}/${pattern}`),
    keys: arn("kms", "key/*"),
    keyAlias: `alias/${deployment.prefix}`,
    mapping: (id) => arn("lambda", `event-source-mapping:${id}`),
  };
}
