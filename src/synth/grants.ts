/**
 * What each function may do, derived from what its handler, endpoint or schedule declares, and nothing else. The item keys that
 * the conditions name are those of the AWS engine: a delivery's partition key begins with its owner's name, an event's with its
 * source, so that DynamoDB itself keeps a handler out of another's deliveries and from publishing in another's name.
 */
import type { Deployment } from "../core/deployment.ts";
import { PulseQueueError } from "../core/errors.ts";
import type { EndpointDefinition } from "../core/endpoint.ts";
import type { GrantSet } from "../core/grants.ts";
import type { HandlerDefinition } from "../core/handler.ts";
import { emitterSource } from "../core/scope.ts";
import type { SecretDefinition } from "../core/secret.ts";
import type { AnyTable } from "../core/table.ts";
import type { Topology } from "../core/topology.ts";
import type { Arns } from "./arns.ts";
import type { Environment } from "./environment.ts";
import { allow, policy, type Condition, type Policy, type Statement } from "./policy.ts";

export interface GrantContext {
  readonly topology: Topology;
  readonly deployment: Deployment;
  readonly environment: Environment;
  readonly arns: Arns;
}

type Grant = Statement | undefined;

/** Role policy of a handler's function. */
export function handlerPolicy(context: GrantContext, handler: HandlerDefinition): Policy {
  const { arns, deployment } = context;
  const names = deployment.handlers.get(handler.name);
  if (names === undefined) return policy();
  return policy(
    ...logs(context, names.function),
    allow("TakeDeliveries", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"], [arns.queue(names.queue)]),
    // Whole batches of records, and a delivery's steps.
    ownDeliveries(context, handler.name, ["BatchGetItem", "ConditionCheckItem", "PutItem", "Query"]),
    allow("ReadLargeEvents", ["dynamodb:GetItem"], [arns.table(deployment.journal)], leadingKeys("e#*")),
    ...declared(context, handler.name, handler.grants),
    ...unlock(context, ["dynamodb", "sqs"], handler.grants.secrets),
  );
}

/** Role policy of an endpoint's function. */
export function endpointPolicy(context: GrantContext, endpoint: EndpointDefinition): Policy {
  const { arns, deployment } = context;
  const webhook = endpoint.webhook === undefined ? [] : [endpoint.webhook.secret];
  return policy(
    ...logs(context, deployment.endpoints.get(endpoint.name) ?? ""),
    // Answers to requests that may be repeated: what is there already is told by the write that it refuses.
    ownDeliveries(context, endpoint.name, ["PutItem"]),
    ...declared(context, endpoint.name, endpoint.grants),
    endpoint.auth === "api-key" ? allow("Authenticate", ["dynamodb:GetItem"], [arns.table(deployment.system)], leadingKeys("keys")) : undefined,
    endpoint.auth === "webhook" ? allow("RefuseReplays", ["dynamodb:PutItem"], [arns.table(deployment.system)], leadingKeys("nonce#*")) : undefined,
    allow("RecordRefusals", ["dynamodb:GetItem", "dynamodb:PutItem"], [arns.table(deployment.system)], leadingKeys("ledger")),
    ...unlock(context, ["dynamodb"], [...endpoint.grants.secrets, ...webhook]),
  );
}

/** Role policy of the function that takes events from outside and serves operators. What each caller may do there is the door's own decision. */
export function apiPolicy(context: GrantContext): Policy {
  const { arns, deployment, topology } = context;
  const { journal, deliveries, system } = deployment;
  const tables = [...topology.tables.values()];
  return policy(
    ...logs(context, deployment.api),
    allow("Accept", ["dynamodb:PutItem", "dynamodb:UpdateItem"], [arns.table(journal)], leadingKeys("e#*", "k#*")),
    // Only handlers publish in the names of handlers.
    { ...required(allow("NotAsHandlers", ["dynamodb:PutItem"], [arns.table(journal)], leadingKeys(`e#${topology.app}/*`))), Effect: "Deny" },
    allow("ReadEvents", ["dynamodb:BatchGetItem"], [arns.table(journal)]),
    allow("FindEvents", ["dynamodb:Query"], [arns.index(journal, "time"), arns.index(journal, "flow"), arns.index(deliveries, "open")]),
    allow("OperateDeliveries", ["dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"], [arns.table(deliveries)]),
    allow("KeepRecords", ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"], [arns.table(system)]),
    allow("ForgetPauses", ["dynamodb:DeleteItem"], [arns.table(system)], leadingKeys("paused")),
    allow("ShowTables", ["dynamodb:GetItem", "dynamodb:Scan"], tablesOf(context, tables)),
    // Mappings get their ids from AWS: they are named by the functions that they start.
    allow("PauseHandlers", ["lambda:UpdateEventSourceMapping"], [arns.mapping("*")], {
      ArnLike: { "lambda:FunctionArn": arns.function(`${deployment.prefix}-*`) },
    }),
    allow("FindMappings", ["lambda:ListEventSourceMappings"], ["*"]),
    // What functions counted is kept by CloudWatch, and neither action takes a resource or a namespace.
    allow("ReadMetrics", ["cloudwatch:ListMetrics", "cloudwatch:GetMetricData"], ["*"]),
    ...keys(context, ["dynamodb", "sqs"]),
  );
}

/** Role policy of the function that carries events from the journal to the bus and the FIFO queues. */
export function relayPolicy(context: GrantContext): Policy {
  const { arns, deployment, topology } = context;
  const carried = [...topology.events.keys()].filter((name) => (topology.subscribers.get(name) ?? []).some((handler) => !handler.ordered));
  const streams = [deployment.journal, deployment.deliveries].map((table) => arns.stream(table));
  const { delayQueue, relayFailures } = deployment;
  return policy(
    ...logs(context, deployment.relay),
    allow("ReadStreams", ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"], streams),
    // For Lambda's poller; takes no resource.
    allow("FindStreams", ["dynamodb:ListStreams"], ["*"]),
    allow("ReadEvents", ["dynamodb:BatchGetItem"], [arns.table(deployment.journal)]),
    allow("NoteHours", ["dynamodb:PutItem"], [arns.table(deployment.system)], leadingKeys("hours")),
    carried.length === 0 ? undefined : allow("PutEvents", ["events:PutEvents"], [arns.bus], { ...typesOf(carried), Null: { "events:detail-type": "false" } }),
    // Handlers' queues are named in their own policies: there may be hundreds, and a role's policy has a bound.
    allow("SendLater", ["sqs:SendMessage"], [arns.queue(delayQueue), arns.queue(relayFailures)]),
    allow("TakeDelayed", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [arns.queue(delayQueue)]),
    allow("ScheduleDelays", ["scheduler:CreateSchedule"], [arns.schedules("delay-*")]),
    allow("PassSchedulerRole", ["iam:PassRole"], [arns.role(schedulerRole(deployment))], {
      StringEquals: { "iam:PassedToService": "scheduler.amazonaws.com" },
    }),
    ...keys(context, ["dynamodb", "sqs", "events"]),
  );
}

/** Role policy of the function that appends the ticks of every schedule. */
export function tickerPolicy(context: GrantContext): Policy {
  const { arns, deployment, topology } = context;
  return policy(
    ...logs(context, deployment.ticker),
    allow("AppendTicks", ["dynamodb:PutItem"], [arns.table(deployment.journal)], leadingKeys(`e#${topology.app}#*`)),
    allow("RememberTicks", ["dynamodb:GetItem", "dynamodb:PutItem"], [arns.table(deployment.system)], leadingKeys("tick#*")),
    ...keys(context, ["dynamodb"]),
  );
}

/** Role policy with which EventBridge Scheduler sends what is due. */
export function schedulerPolicy(context: GrantContext): Policy {
  const { arns, deployment } = context;
  const { delayQueue, relayFailures } = deployment;
  return policy(
    allow("SendDelayed", ["sqs:SendMessage"], [arns.queue(delayQueue)]),
    allow("KeepFailures", ["sqs:SendMessage"], [arns.queue(relayFailures)]),
    // The alias, so that the ticker is deployed and taken back like every other function.
    allow("StartTicker", ["lambda:InvokeFunction"], [`${arns.function(deployment.ticker)}:live`]),
    ...keys(context, ["sqs"]),
  );
}

/** Beyond this many characters, names of events would leave a role's policy no room for anything else. */
const longestNames = 5_000;

/** Exactly these events; where they are too many to be named, those that begin with the same words. No bus but the app's own is meant. */
function typesOf(names: readonly string[]): Condition {
  if (JSON.stringify(names).length <= longestNames) return { "ForAllValues:StringEquals": { "events:detail-type": names } };
  const words = [...new Set(names.map((name) => (name.includes(".") ? `${name.split(".")[0] ?? name}.*` : name)))].sort();
  return { "ForAllValues:StringLike": { "events:detail-type": words } };
}

export function schedulerRole(deployment: Deployment): string {
  return `${deployment.prefix}-pq-scheduler`;
}

function required(statement: Statement | undefined): Statement {
  if (statement === undefined) throw new PulseQueueError("INTERNAL", "A statement about no resource");
  return statement;
}

function logs({ arns }: GrantContext, name: string): readonly Grant[] {
  // No CreateLogGroup: the group is made before its function, with retention and encryption.
  return [allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [arns.logStreams(name), `${arns.logGroup(name)}:*`])];
}

function ownDeliveries({ arns, deployment }: GrantContext, owner: string, verbs: readonly string[]): Grant {
  const actions = verbs.map((verb) => `dynamodb:${verb}`);
  return allow("OwnDeliveries", actions, [arns.table(deployment.deliveries)], leadingKeys(`${owner}#*`));
}

/** Tables and events that are declared. */
function declared(context: GrantContext, owner: string, grants: GrantSet): readonly Grant[] {
  const { arns, deployment, topology } = context;
  const { journal } = deployment;
  const readable = [...new Set([...grants.reads, ...grants.writes])];
  const ordered = grants.emits.some((event) => (topology.subscribers.get(event.name) ?? []).some((handler) => handler.ordered));
  const emits = grants.emits.length > 0;
  return [
    allow("ReadTables", ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"], tablesOf(context, readable)),
    allow(
      "ReadIndexes",
      ["dynamodb:Query"],
      readable.flatMap((table) => indexesOf(context, table)),
    ),
    allow("WriteTables", ["dynamodb:PutItem", "dynamodb:DeleteItem"], tablesOf(context, grants.writes)),
    emits ? allow("Emit", ["dynamodb:PutItem"], [arns.table(journal)], leadingKeys(`e#${emitterSource(topology.app, owner)}#*`)) : undefined,
    emits && ordered ? allow("KeepOrder", ["dynamodb:UpdateItem"], [arns.table(journal)], leadingKeys("k#*")) : undefined,
  ];
}

/** Whether Parameter Store keeps a secret in this environment, and not Secrets Manager. */
export function isParameter({ parameters = {} }: Pick<Environment, "parameters">, name: string): boolean {
  return Object.hasOwn(parameters, name);
}

/** Secrets that are declared, each in the store that keeps it, and the key, through `services` and those stores. */
function unlock(context: GrantContext, services: readonly string[], secrets: readonly SecretDefinition[]): readonly Grant[] {
  const { arns, deployment, environment } = context;
  const [managed, parameters]: [string[], string[]] = [[], []];
  for (const { name } of secrets) {
    const full = deployment.secrets.get(name) ?? name;
    if (isParameter(environment, name)) parameters.push(arns.parameter(full));
    else managed.push(arns.secret(full));
  }
  return [
    allow("Unlock", ["secretsmanager:GetSecretValue"], managed),
    allow("UnlockParameters", ["ssm:GetParameter"], parameters),
    ...keys(context, [...services, ...(managed.length > 0 ? ["secretsmanager"] : [])]),
    parameters.length === 0 ? undefined : decryptParameters(context, parameters),
  ];
}

/** Parameter Store decrypts in the name of who asks, and says to the key which parameter it is for: it opens these and no other. */
function decryptParameters({ arns, environment }: GrantContext, parameters: readonly string[]): Grant {
  return allow("DecryptParameters", ["kms:Decrypt"], [arns.keys], {
    "ForAnyValue:StringEquals": { "kms:ResourceAliases": arns.keyAlias },
    StringEquals: { "kms:EncryptionContext:PARAMETER_ARN": [...new Set(parameters)].sort(), "kms:ViaService": `ssm.${environment.region}.amazonaws.com` },
  });
}

function tablesOf({ arns, deployment }: GrantContext, tables: readonly AnyTable[]): readonly string[] {
  return tables.map((table) => arns.table(deployment.tables.get(table.name) ?? table.name));
}

function indexesOf({ arns, deployment }: GrantContext, table: AnyTable): readonly string[] {
  return [...table.indexFields.keys()].map((index) => arns.index(deployment.tables.get(table.name) ?? table.name, index));
}

/** Only items whose partition key is like one of these. `ForAllValues` alone would hold for a call without the key. */
function leadingKeys(...patterns: readonly string[]): Condition {
  return { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": patterns }, Null: { "dynamodb:LeadingKeys": "false" } };
}

/** The deployment's own key, by its alias, and only through the services that hold its data. */
function keys({ arns, environment }: GrantContext, services: readonly string[]): readonly Grant[] {
  const via = services.map((service) => `${service}.${environment.region}.amazonaws.com`).sort();
  const condition = { "ForAnyValue:StringEquals": { "kms:ResourceAliases": arns.keyAlias }, StringEquals: { "kms:ViaService": via } };
  return [allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [arns.keys], condition)];
}
