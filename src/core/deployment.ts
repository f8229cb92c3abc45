/**
 * What one deployment of an application is called in AWS. The engine, the synthesis and the audit take every name from here,
 * so that code, infrastructure and permissions cannot mean different things, and nothing has to be configured twice.
 */
import { PulseQueueError, type Issue } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Topology } from "./topology.ts";

export interface HandlerDeployment {
  /** Lambda function, its role and its log group's last part. */
  readonly function: string;
  /** SQS queue that feeds it; a FIFO queue, its name ending in `.fifo`, where the handler is ordered. */
  readonly queue: string;
  /** What the engine never saw: messages whose function ended without an answer too often. */
  readonly deadLetterQueue: string;
  readonly ordered: boolean;
}

export interface Deployment {
  readonly app: string;
  /** E.g. `dev`, `staging`, `prod`. */
  readonly environment: string;
  /** `app-environment`: what every name starts with. */
  readonly prefix: string;
  /** EventBridge bus. */
  readonly bus: string;
  /** DynamoDB tables: events; deliveries, steps and answers; what belongs to no handler (keys, ledger, pauses, schedules). */
  readonly journal: string;
  readonly deliveries: string;
  readonly system: string;
  /** DynamoDB table of each declared table, by its declared name. */
  readonly tables: ReadonlyMap<string, string>;
  readonly handlers: ReadonlyMap<string, HandlerDeployment>;
  /** Lambda function of each endpoint, by its declared name. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** Lambda function of ingest and the operations API. */
  readonly api: string;
  /** Lambda function that carries events from the journal to the bus and the FIFO queues. */
  readonly relay: string;
  /** Lambda function that appends the ticks of every schedule, once a minute for the minute to come. */
  readonly ticker: string;
  /** SQS queue for what is to be sent later. */
  readonly delayQueue: string;
  /** SQS queue for what the relay could not carry. */
  readonly relayFailures: string;
  /** EventBridge Scheduler group of the ticker and of delays. */
  readonly scheduleGroup: string;
  /** Secrets Manager secret of each declared secret, by its declared name; where Parameter Store keeps it, its parameter has a `/` before that. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Longest names that AWS takes, in characters (AWS service quotas, read 2026-11). IAM roles and Lambda functions take 64. */
const longest = { function: 64, queue: 80, bus: 256, table: 255, group: 64, secret: 512 } as const;
type Kind = keyof typeof longest;

const environmentPattern = /^[a-z][a-z\d]{0,15}$/;

/**
 * The names of `topology` in `environment`. A `.` in a declared name is a `_` here, since queues and functions take none.
 * Throws `DEPLOYMENT_INVALID` with every name that AWS does not take, or that two things would have.
 */
export function deploymentOf(topology: Topology, environment: string): Deployment {
  const problems: Issue[] = [];
  if (!environmentPattern.test(environment)) {
    problems.push({ path: "environment", message: "it must be 1 to 16 lower-case letters and digits, beginning with a letter, e.g. prod" });
  }
  const taken = new Map<string, string>();
  const prefix = `${plain(topology.app)}-${environment}`;
  const named = (kind: Kind, path: string, name: string): string => {
    if (name.length > longest[kind]) {
      const over = String(name.length - longest[kind]);
      problems.push({ path, message: `${name} is longer than the ${String(longest[kind])} characters that AWS takes: shorten it by ${over}` });
    }
    const other = taken.get(`${kind}:${name}`);
    if (other !== undefined) problems.push({ path, message: `it would be called ${name} like ${other}: rename one` });
    taken.set(`${kind}:${name}`, path);
    return name;
  };
  const own = (kind: Kind, name: string): string => named(kind, name, `${prefix}-pq-${name}`);
  const declared = (kind: Kind, name: string, ending = ""): string => named(kind, name, `${prefix}-${plain(name)}${ending}`);

  const deployment: Deployment = {
    app: topology.app,
    environment,
    prefix,
    bus: named("bus", "bus", prefix),
    journal: own("table", "journal"),
    deliveries: own("table", "deliveries"),
    system: own("table", "system"),
    tables: mapNames(topology.tables, (name) => declared("table", name)),
    handlers: new Map([...topology.handlers.values()].map((handler) => [handler.name, handlerDeployment(handler, declared)])),
    endpoints: mapNames(topology.endpoints, (name) => declared("function", name)),
    api: own("function", "api"),
    relay: own("function", "relay"),
    ticker: own("function", "ticker"),
    delayQueue: own("queue", "delay"),
    relayFailures: own("queue", "relay-failures"),
    scheduleGroup: named("group", "schedules", prefix),
    secrets: mapNames(topology.secrets, (name) => named("secret", name, `${prefix}/${name}`)),
  };
  if (problems.length > 0) {
    throw new PulseQueueError("DEPLOYMENT_INVALID", `App ${topology.app} cannot be deployed as ${environment.slice(0, limits.identifierLength)}`, {
      issues: problems,
    });
  }
  return deployment;
}

function handlerDeployment(
  { name, ordered }: { readonly name: string; readonly ordered: boolean },
  declared: (kind: Kind, name: string, ending?: string) => string,
): HandlerDeployment {
  const ending = ordered ? ".fifo" : "";
  return { function: declared("function", name), queue: declared("queue", name, ending), deadLetterQueue: declared("queue", name, `-dlq${ending}`), ordered };
}

function mapNames(declarations: ReadonlyMap<string, unknown>, nameOf: (name: string) => string): ReadonlyMap<string, string> {
  return new Map([...declarations.keys()].map((name) => [name, nameOf(name)]));
}

function plain(name: string): string {
  return name.replaceAll(".", "_");
}
