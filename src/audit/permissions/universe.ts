/**
 * Everything that could be asked for in a stack: every action of the catalogue on every thing there is, and where a condition cuts a
 * thing into parts (items by their partition key, a key by the service that uses it), on every part.
 */
import { cataloguedActions, supportsKey, typesOf } from "../iam/catalogue.ts";
import type { Request } from "../iam/types.ts";
import type { PolicyStack as Stack } from "./policies.ts";

type Context = NonNullable<Request["context"]>;

export interface Probe {
  readonly action: string;
  readonly resource: string;
  /** The part of the resource that is asked for; empty where it has none. */
  readonly part: string;
  readonly context: Context;
}

export interface Part {
  readonly name: string;
  readonly context: Context;
}

/** One thing, and its parts. */
export interface Thing {
  readonly arn: string;
  readonly parts: readonly Part[];
}

const whole: readonly Part[] = [{ name: "", context: {} }];

/** Items by what their partition key begins with. */
function items(...keys: readonly string[]): readonly Part[] {
  return keys.map((key) => ({ name: key, context: { "dynamodb:LeadingKeys": [key] } }));
}

export const services = ["dynamodb", "events", "logs", "s3", "secretsmanager", "sqs", "ssm"];

/** All owners of deliveries and sources of events. */
export function ownersOf({ topology }: Stack): readonly string[] {
  return [...topology.handlers.keys(), ...topology.endpoints.keys()];
}

export function thingsOf(stack: Stack): readonly Thing[] {
  const { topology, deployment, environment } = stack;
  const { account, region } = environment;
  const arn = (service: string, resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;
  const plain = (...arns: readonly string[]): readonly Thing[] => arns.map((each) => ({ arn: each, parts: whole }));
  const { journal, deliveries, system, prefix } = deployment;
  const owners = ownersOf(stack);
  // Every table is asked for every kind of key: what is meant for one table must not open another.
  const rows = items(
    ...["row", "x#1", "keys", "nonce#1", "ledger", "tick#1", "paused", "hours", "k#1", `e#${topology.app}#1`, "e#elsewhere#1"],
    ...owners.flatMap((owner) => [`${owner}#1`, `e#${topology.app}/${owner}#1`]),
  );
  const tables = [journal, deliveries, system, ...deployment.tables.values()];
  const indexes = [...topology.tables.values()].flatMap((table) =>
    [...table.indexFields.keys()].map((index) => arn("dynamodb", `table/${deployment.tables.get(table.name) ?? ""}/index/${index}`)),
  );
  const functions = [
    ...[...deployment.handlers.values()].map((names) => names.function),
    ...deployment.endpoints.values(),
    deployment.api,
    deployment.relay,
    deployment.ticker,
  ];
  const queues = [...deployment.handlers.values()].flatMap((names) => [names.queue, names.deadLetterQueue]);
  // One more secret than is declared: there may be few.
  const secrets = [...deployment.secrets.values(), `${prefix}/other`];
  const keyParts = [`alias/${prefix}`, "alias/other"].flatMap((alias) => {
    const through = (service: string) => ({ "kms:ResourceAliases": [alias], "kms:ViaService": `${service}.${region}.amazonaws.com` });
    return [
      ...services.map((service): Part => ({ name: `${alias} ${service}`, context: through(service) })),
      // Parameter Store says to the key which parameter it opens.
      ...secrets.map((secret): Part => {
        const context = { ...through("ssm"), "kms:EncryptionContext:PARAMETER_ARN": arn("ssm", `parameter/${secret}`) };
        return { name: `${alias} ssm ${secret}`, context };
      }),
    ];
  });
  return [
    {
      arn: arn("events", `event-bus/${deployment.bus}`),
      parts: [...topology.events.keys(), "stranger"].map((name) => ({ name, context: { "events:detail-type": [name] } })),
    },
    ...plain(...[...queues, deployment.delayQueue, deployment.relayFailures].map((queue) => arn("sqs", queue))),
    ...tables.map((table) => ({ arn: arn("dynamodb", `table/${table}`), parts: rows })),
    ...[...indexes, ...["time", "flow"].map((index) => arn("dynamodb", `table/${journal}/index/${index}`))].map((each) => ({ arn: each, parts: items("row") })),
    { arn: arn("dynamodb", `table/${deliveries}/index/open`), parts: items("row") },
    ...plain(...tables.map((table) => arn("dynamodb", `table/${table}/stream/2026-01-01T00:00:00.000`))),
    ...plain(
      ...functions.flatMap((name) => [
        arn("lambda", `function:${name}`),
        arn("lambda", `function:${name}:live`),
        arn("logs", `log-group:/aws/lambda/${name}:log-stream:1`),
      ]),
    ),
    ...plain(...functions.map((name) => arn("logs", `log-group:/aws/lambda/${name}`))),
    ...stack.roles.map((role) => ({
      arn: `arn:aws:iam::${account}:role/${role}`,
      parts: ["scheduler", "lambda", "ec2"].map((service) => ({ name: service, context: { "iam:PassedToService": `${service}.amazonaws.com` } })),
    })),
    ...plain(...secrets.flatMap((secret) => [arn("secretsmanager", `secret:${secret}-AbCdEf`), arn("ssm", `parameter/${secret}`)])),
    ...plain(...["delay-1", "ticker"].map((name) => arn("scheduler", `schedule/${deployment.scheduleGroup}/${name}`))),
    { arn: arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"), parts: keyParts },
    {
      arn: arn("lambda", "event-source-mapping:1"),
      parts: [functions[0] ?? "", "another"].map((name) => ({ name, context: { "lambda:FunctionArn": arn("lambda", `function:${name}`) } })),
    },
    ...plain(
      arn("events", `rule/${deployment.bus}/${functions[0] ?? ""}`),
      arn("ssm", "parameter/secret"),
      arn("cloudwatch", "alarm:one"),
      "arn:aws:s3:::bucket",
      "arn:aws:s3:::bucket/object",
    ),
  ];
}

/** Questions of the whole universe, none twice. */
export function probesOf(things: readonly Thing[]): readonly Probe[] {
  const probes = new Map<string, Probe>();
  for (const action of cataloguedActions) {
    const add = (resource: string, { name, context }: Part): void => {
      const legal = Object.fromEntries(Object.entries(context).filter(([key]) => supportsKey(action, key)));
      const part = Object.keys(legal).length === 0 ? "" : name;
      probes.set(`${action.name} ${resource} ${part}`, { action: action.name, resource, part, context: legal });
    };
    if (action.types.length === 0) add("*", { name: "", context: {} });
    for (const { arn, parts } of things) if (typesOf(action, arn).length > 0) for (const part of parts) add(arn, part);
  }
  return [...probes.values()];
}
