/**
 * What Terraform is given: the whole deployment as data, and one policy document a file. The modules of `infra/` hold no name,
 * no permission and no number of their own: what they make is decided here, from the declaration.
 */
import { deploymentOf, type Deployment } from "../core/deployment.ts";
import { PulseQueueError, type Issue } from "../core/errors.ts";
import type { HandlerDefinition } from "../core/handler.ts";
import type { AnyTable } from "../core/table.ts";
import type { Topology } from "../core/topology.ts";
import { alarmsOf, type Alarm } from "./alarms.ts";
import { arnsOf } from "./arns.ts";
import { boundaryPolicy } from "./boundary.ts";
import { dashboardOf } from "./dashboard.ts";
import type { Environment, State } from "./environment.ts";
import {
  apiPolicy,
  endpointPolicy,
  handlerPolicy,
  isParameter,
  relayPolicy,
  schedulerPolicy,
  schedulerRole,
  tickerPolicy,
  type GrantContext,
} from "./grants.ts";
import type { Policy } from "./policy.ts";
import { busPolicy, deadLetterPolicy, keyPolicy, ownQueuePolicy, queuePolicy, ruleName, tablePolicy, trustPolicy } from "./resource-policies.ts";

/** One function as its module takes it. */
export interface FunctionData {
  readonly name: string;
  readonly role: string;
  /** Seconds. */
  readonly timeout: number;
  /** MiB; a function's share of a processor grows with it. */
  readonly memory: number;
  /** Bundle that `pulsequeue build` writes. */
  readonly bundle: string;
}

export interface HandlerData extends FunctionData {
  readonly queue: string;
  readonly dead_letter_queue: string;
  readonly ordered: boolean;
  /** Seconds; 6 times the function's timeout, as AWS advises for SQS. */
  readonly visibility_timeout: number;
  /** Receives after which SQS itself gives a message to the dead-letter queue: what ended no function in an answer so often. */
  readonly max_receives: number;
  readonly batch_size: number;
  /** Seconds. */
  readonly batch_window: number;
  /** Functions that the queue starts at once. */
  readonly concurrency: number;
  /** Functions at once, whatever starts them; `null`: no limit of their own. A queue cannot be held to fewer than 2. */
  readonly reserved_concurrency: number | null;
  /** EventBridge pattern; `null` where the relay feeds the queue. */
  readonly pattern: string | null;
  readonly rule: string;
}

export interface TableData {
  readonly name: string;
  readonly indexes: Readonly<Record<string, { readonly hash: string; readonly hash_type: "S" | "N"; readonly range: string; readonly range_type: "S" | "N" }>>;
  readonly stream: boolean;
  /** Attribute whose time ends an item; `null`: items have none. */
  readonly ttl: string | null;
}

/** Lambda's runtime. Terraform's AWS provider knows nodejs24.x from version 6 on only; AWS supports this one until 2027-04-30 (its list, read 2026-11). */
export const lambdaRuntime = "nodejs22.x";

/** The variables of a stack, as `topology.auto.tfvars.json` holds them. */
export interface StackVariables {
  readonly environment: Environment;
  readonly runtime: string;
  readonly names: Readonly<
    Record<"prefix" | "bus" | "schedule_group" | "scheduler_role" | "delay_queue" | "relay_failures" | "key_alias" | "boundary" | "services_boundary", string>
  >;
  readonly tables: Readonly<Record<string, TableData>>;
  readonly handlers: Readonly<Record<string, HandlerData>>;
  readonly endpoints: Readonly<Record<string, FunctionData & { readonly method: string; readonly path: string; readonly auth: string }>>;
  readonly services: Readonly<Record<"api" | "relay" | "ticker", FunctionData>>;
  /** Names of those that Secrets Manager keeps. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Names of those that Parameter Store keeps: nothing is made for them, since Terraform would have their values in its state. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly alarms: Readonly<Record<string, Alarm>>;
  readonly dashboard: string;
}

export interface Infrastructure {
  readonly variables: StackVariables;
  /** Where Terraform keeps what it knows of this deployment. */
  readonly state: State;
  /** Policy documents by file name, without the folder. */
  readonly policies: ReadonlyMap<string, Policy>;
}

/** Longest run of a Lambda function, seconds. */
const longestRun = 900;
/** What a function needs beside its handler: to start, to commit, and to give back what it did not start. */
const margin = 15;
/** Messages of one batch: what one transaction takes with a row and an emitted event each. */
const batchSize = 10;
/**
 * The most that SQS takes. The engine ends a delivery by its own count of attempts; receives count whatever waits besides: for a free
 * function, for a version of the app that knows the event, for a throttled table. None of that may make a dead letter.
 */
const maxReceives = 1_000;
const memory = 512;
/** AWS takes 2 to 1,000 for the functions that one queue may start. */
const leastConcurrency = 2;

/** Everything that `topology` needs in `environment`. Throws `DEPLOYMENT_INVALID`. */
export function infrastructureOf(topology: Topology, environment: Environment): Infrastructure {
  const deployment = deploymentOf(topology, environment.environment);
  checkDeclarations(topology, environment);
  const context: GrantContext = { topology, deployment, environment, arns: arnsOf(deployment, environment) };
  const policies = policiesOf(context);
  checkSizes(topology.app, policies);
  return { variables: variablesOf(context), state: stateOf(deployment, environment), policies };
}

/** The bucket and the key that `infra/account` makes, where the environment names no other. */
export function stateOf({ prefix }: Deployment, { account, state }: Environment): State {
  return state ?? { bucket: `${prefix}-state-${account}`, key: `${prefix}.tfstate`, kmsKey: `alias/${prefix}-state` };
}

/** Beginnings of names that Parameter Store keeps for itself (its user guide, read 2026-11). */
const reservedParameters = /^(?:aws|ssm)/i;

/** What a declaration needs and the environment does not give, or cannot. */
function checkDeclarations(topology: Topology, { jwt, secrets = {}, parameters = {}, network }: Environment): void {
  const problems: Issue[] = [...topology.handlers.values()]
    .filter((handler) => seconds(handler) > longestRun)
    .map(({ name }) => ({
      path: name,
      message: `its timeout is longer than the ${String(longestRun - margin)} seconds that a Lambda function leaves it: shorten it, or split the work`,
    }));
  for (const { name, auth } of topology.endpoints.values())
    if (auth === "jwt" && jwt === undefined) problems.push({ path: name, message: "it takes tokens: say in the environment's jwt who issues them" });
  for (const name of topology.secrets.keys())
    if (!Object.hasOwn(secrets, name) && !Object.hasOwn(parameters, name))
      problems.push({ path: `secrets.${name}`, message: "is declared: say in the environment's secrets or parameters who sets its value" });
  for (const [kind, named] of Object.entries({ secrets, parameters }))
    for (const name of Object.keys(named))
      if (!topology.secrets.has(name)) problems.push({ path: `${kind}.${name}`, message: "is in the environment, but the app declares no such secret" });
  for (const name of Object.keys(parameters)) {
    if (Object.hasOwn(secrets, name)) problems.push({ path: `parameters.${name}`, message: "is in the environment's secrets too: say where its value is" });
    if (reservedParameters.test(topology.app))
      problems.push({ path: `parameters.${name}`, message: "its name would begin with the app's, and Parameter Store takes none that begins with aws or ssm" });
  }
  for (const name of Object.keys(network?.handlers ?? {}))
    if (!topology.handlers.has(name))
      problems.push({ path: `network.handlers.${name}`, message: "is in the environment, but the app declares no such handler" });
  if (problems.length > 0) throw new PulseQueueError("DEPLOYMENT_INVALID", `App ${topology.app} cannot be deployed`, { issues: problems });
}

/** Longest policy documents of each kind, characters (quotas of IAM, DynamoDB, KMS, EventBridge and SQS, read 2026-11). */
const longestPolicies: Readonly<Record<string, number>> = {
  role: 10_240,
  trust: 2_048,
  boundary: 6_144,
  table: 20_480,
  key: 32_768,
  bus: 10_240,
  queue: 10_240,
};

/** What does not fit could only be granted with a wildcard, which nobody gets. */
function checkSizes(app: string, policies: ReadonlyMap<string, Policy>): void {
  const problems: Issue[] = [];
  for (const [name, document] of policies) {
    const [length, most] = [JSON.stringify(document).length, longestPolicies[/^\w+/.exec(name)?.[0] ?? ""] ?? 0];
    if (length > most) {
      const message = `needs ${String(length)} characters of policy where AWS takes ${String(most)}; only a wildcard would be shorter: declare fewer tables, or split it`;
      problems.push({ path: name, message });
    }
  }
  if (problems.length > 0) throw new PulseQueueError("DEPLOYMENT_INVALID", `App ${app} cannot be deployed without wildcards`, { issues: problems });
}

function seconds(handler: HandlerDefinition): number {
  return Math.ceil(handler.timeout / 1_000) + margin;
}

function variablesOf(context: GrantContext): StackVariables {
  const { topology, deployment, environment, arns } = context;
  const functionData = (name: string, timeout = 30): FunctionData => ({ name, role: name, timeout, memory, bundle: `${name}.zip` });
  const secretsIn = (parameters: boolean): readonly (readonly [string, string])[] =>
    [...deployment.secrets].filter(([name]) => isParameter(environment, name) === parameters);
  return {
    environment,
    runtime: lambdaRuntime,
    names: {
      prefix: deployment.prefix,
      bus: deployment.bus,
      schedule_group: deployment.scheduleGroup,
      scheduler_role: schedulerRole(deployment),
      delay_queue: deployment.delayQueue,
      relay_failures: deployment.relayFailures,
      key_alias: arns.keyAlias,
      boundary: arns.boundary,
      services_boundary: arns.servicesBoundary,
    },
    tables: Object.fromEntries([
      ...engineTables(deployment),
      ...[...topology.tables.values()].map((table) => [table.name, declaredTable(deployment, table)] as const),
    ]),
    handlers: Object.fromEntries([...topology.handlers.values()].map((handler) => [handler.name, handlerData(context, handler, functionData)])),
    endpoints: Object.fromEntries(
      [...topology.endpoints.values()].map(({ name, method, path, auth }) => [
        name,
        { ...functionData(deployment.endpoints.get(name) ?? name), method, path, auth },
      ]),
    ),
    services: { api: functionData(deployment.api), relay: functionData(deployment.relay, 60), ticker: functionData(deployment.ticker) },
    secrets: Object.fromEntries(secretsIn(false)),
    parameters: Object.fromEntries(secretsIn(true).map(([name, path]) => [name, `/${path}`])),
    alarms: Object.fromEntries(alarmsOf(topology, deployment).map((alarm) => [alarm.name, alarm])),
    dashboard: dashboardOf(topology, deployment, environment.region),
  };
}

function handlerData({ deployment }: GrantContext, handler: HandlerDefinition, functionData: (name: string, timeout: number) => FunctionData): HandlerData {
  const names = deployment.handlers.get(handler.name);
  if (names === undefined) throw new PulseQueueError("INTERNAL", `Handler ${handler.name} has no names in the deployment`);
  const timeout = seconds(handler);
  return {
    ...functionData(names.function, timeout),
    queue: names.queue,
    dead_letter_queue: names.deadLetterQueue,
    ordered: handler.ordered,
    visibility_timeout: 6 * timeout,
    max_receives: maxReceives,
    batch_size: batchSize,
    batch_window: 0,
    concurrency: Math.max(leastConcurrency, handler.concurrency.batches),
    reserved_concurrency: handler.concurrency.batches < leastConcurrency ? handler.concurrency.batches : null,
    pattern: handler.ordered ? null : JSON.stringify({ "detail-type": handler.on.map((event) => event.name).sort() }),
    rule: ruleName(deployment, handler.name),
  };
}

const index = (hash: string, range: string, types: "SS" | "SN" = "SS"): TableData["indexes"][string] => ({
  hash,
  hash_type: "S",
  range,
  range_type: types === "SN" ? "N" : "S",
});

/** The engine's own tables; `pq-` keeps their keys apart from those of declared ones. */
function engineTables({ journal, deliveries, system }: Deployment): readonly (readonly [string, TableData])[] {
  return [
    ["pq-journal", { name: journal, indexes: { time: index("tb", "q", "SN"), flow: index("c", "q", "SN") }, stream: true, ttl: "ttl" }],
    ["pq-deliveries", { name: deliveries, indexes: { open: index("o", "q", "SN") }, stream: true, ttl: "ttl" }],
    ["pq-system", { name: system, indexes: {}, stream: false, ttl: "ttl" }],
  ];
}

function declaredTable(deployment: Deployment, table: AnyTable): TableData {
  const indexes = Object.fromEntries([...table.indexFields.keys()].map((name) => [name, index(`x_${name}`, `y_${name}`)]));
  return { name: deployment.tables.get(table.name) ?? table.name, indexes, stream: false, ttl: null };
}

function policiesOf(context: GrantContext): ReadonlyMap<string, Policy> {
  const { topology, deployment, arns } = context;
  const documents = new Map<string, Policy>();
  const role = (name: string, document: Policy, service: "lambda" | "scheduler", source: string): void => {
    documents.set(`role.${name}`, document);
    documents.set(`trust.${name}`, trustPolicy(context, service, source));
  };
  for (const handler of topology.handlers.values()) {
    const names = deployment.handlers.get(handler.name);
    if (names === undefined) continue;
    role(names.function, handlerPolicy(context, handler), "lambda", arns.function(names.function));
    documents.set(`queue.${names.queue}`, queuePolicy(context, handler.name));
    documents.set(`queue.${names.deadLetterQueue}`, deadLetterPolicy(context, handler.name));
  }
  for (const endpoint of topology.endpoints.values()) {
    const name = deployment.endpoints.get(endpoint.name) ?? endpoint.name;
    role(name, endpointPolicy(context, endpoint), "lambda", arns.function(name));
  }
  role(deployment.api, apiPolicy(context), "lambda", arns.function(deployment.api));
  role(deployment.relay, relayPolicy(context), "lambda", arns.function(deployment.relay));
  role(deployment.ticker, tickerPolicy(context), "lambda", arns.function(deployment.ticker));
  role(schedulerRole(deployment), schedulerPolicy(context), "scheduler", arns.schedules("*"));
  for (const queue of [deployment.delayQueue, deployment.relayFailures]) documents.set(`queue.${queue}`, ownQueuePolicy(context, queue));
  for (const table of [deployment.journal, deployment.deliveries, deployment.system, ...deployment.tables.values()])
    documents.set(`table.${table}`, tablePolicy(context, table));
  documents.set("boundary", boundaryPolicy(context));
  documents.set("bus", busPolicy(context));
  documents.set("key", keyPolicy(context));
  return documents;
}
