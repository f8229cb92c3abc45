/**
 * What each role may do, told again from the declaration and from what the engine keeps where, without the code that writes the
 * policies: only so can the two be compared. A change of either side has to be made, and reviewed, twice.
 */
import type { PolicyStack as Stack } from "./policies.ts";
import { ownersOf, type Probe } from "./universe.ts";

export interface Rule {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Parts that are meant; all where left out. */
  readonly parts?: readonly string[];
}

const read = ["GetItem", "BatchGetItem", "Query", "ConditionCheckItem"].map((verb) => `dynamodb:${verb}`);
const get = ["dynamodb:GetItem"];
const put = ["dynamodb:PutItem"];
const update = ["dynamodb:UpdateItem"];
const take = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/** Names and ARNs as this file spells them. */
function namesOf({ environment, deployment, topology }: Stack) {
  const { account, region } = environment;
  const arn = (service: string, resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;
  const key = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab");
  const keyThrough = (...services: readonly string[]): Rule => ({
    actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    resources: [key],
    parts: services.map((service) => `alias/${deployment.prefix} ${service}`),
  });
  const table = (name: string): string => arn("dynamodb", `table/${name}`);
  const declared = (name: string): string => table(`${deployment.prefix}-${name.replaceAll(".", "_")}`);
  return {
    arn,
    declared,
    indexes: (name: string): readonly string[] => [...(topology.tables.get(name)?.indexFields.keys() ?? [])].map((index) => `${declared(name)}/index/${index}`),
    journal: table(`${deployment.prefix}-pq-journal`),
    deliveries: table(`${deployment.prefix}-pq-deliveries`),
    system: table(`${deployment.prefix}-pq-system`),
    logs: (name: string): Rule => ({
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [arn("logs", `log-group:/aws/lambda/${name}:log-stream:1`)],
    }),
    /** Each secret in its store, and the key through `services` and these stores: through Parameter Store for these parameters alone. */
    unlock: (secrets: readonly string[], ...services: readonly string[]): readonly Rule[] => {
      const parameters = secrets.filter((name) => Object.hasOwn(environment.parameters ?? {}, name)).map((name) => `${deployment.prefix}/${name}`);
      const managed = secrets.map((name) => `${deployment.prefix}/${name}`).filter((name) => !parameters.includes(name));
      return [
        { actions: ["secretsmanager:GetSecretValue"], resources: managed.map((name) => arn("secretsmanager", `secret:${name}-AbCdEf`)) },
        { actions: ["ssm:GetParameter"], resources: parameters.map((name) => arn("ssm", `parameter/${name}`)) },
        { actions: ["kms:Decrypt"], resources: [key], parts: parameters.map((name) => `alias/${deployment.prefix} ssm ${name}`) },
        keyThrough(...services, ...(managed.length > 0 ? ["secretsmanager"] : [])),
      ];
    },
    key: keyThrough,
  };
}

type Names = ReturnType<typeof namesOf>;
type Owner = Pick<NonNullable<ReturnType<Stack["topology"]["handlers"]["get"]>>, "name" | "grants">;

/** What a handler's and an endpoint's function have in common. */
function common({ topology }: Stack, names: Names, { name, grants }: Owner): readonly Rule[] {
  const readable = [...grants.reads, ...grants.writes].map((table) => table.name);
  const ordered = grants.emits.some((event) => topology.subscribers.get(event.name)?.some((handler) => handler.ordered) === true);
  return [
    { actions: read, resources: readable.map(names.declared) },
    { actions: ["dynamodb:Query"], resources: readable.flatMap(names.indexes) },
    { actions: ["dynamodb:PutItem", "dynamodb:DeleteItem"], resources: grants.writes.map((table) => names.declared(table.name)) },
    ...(grants.emits.length > 0 ? [{ actions: put, resources: [names.journal], parts: [`e#${topology.app}/${name}#1`] }] : []),
    ...(ordered ? [{ actions: update, resources: [names.journal], parts: ["k#1"] }] : []),
  ];
}

function handlerRules(stack: Stack, names: Names, handler: Owner, own: { readonly function: string; readonly queue: string }): readonly Rule[] {
  const { topology } = stack;
  const secrets = handler.grants.secrets.map((secret) => secret.name);
  const events = [`e#${topology.app}#1`, "e#elsewhere#1", ...ownersOf(stack).map((owner) => `e#${topology.app}/${owner}#1`)];
  return [
    ...common(stack, names, handler),
    {
      actions: ["dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem", ...put],
      resources: [names.deliveries],
      parts: [`${handler.name}#1`],
    },
    names.logs(own.function),
    { actions: [...take, "sqs:ChangeMessageVisibility"], resources: [names.arn("sqs", own.queue)] },
    { actions: get, resources: [names.journal], parts: events },
    ...names.unlock(secrets, "dynamodb", "sqs"),
  ];
}

function endpointRules(stack: Stack, names: Names, name: string): readonly Rule[] {
  const endpoint = stack.topology.endpoints.get(name);
  if (endpoint === undefined) return [];
  const secrets = [...endpoint.grants.secrets, ...(endpoint.webhook === undefined ? [] : [endpoint.webhook.secret])].map((secret) => secret.name);
  return [
    ...common(stack, names, endpoint),
    { actions: put, resources: [names.deliveries], parts: [`${name}#1`] },
    names.logs(stack.deployment.endpoints.get(name) ?? ""),
    ...(endpoint.auth === "api-key" ? [{ actions: get, resources: [names.system], parts: ["keys"] }] : []),
    ...(endpoint.auth === "webhook" ? [{ actions: put, resources: [names.system], parts: ["nonce#1"] }] : []),
    { actions: [...get, ...put], resources: [names.system], parts: ["ledger"] },
    ...names.unlock(secrets, "dynamodb"),
  ];
}

function serviceRules({ deployment, topology, environment }: Stack, names: Names): Readonly<Record<string, readonly Rule[]>> {
  const { arn, journal, deliveries, system } = names;
  const tables = [...topology.tables.keys()];
  const queues = [...deployment.handlers.values()].map(({ queue }) => arn("sqs", queue));
  const carried = [...topology.events.keys()].filter((name) => topology.subscribers.get(name)?.some((handler) => !handler.ordered) === true);
  const streams = [deployment.journal, deployment.deliveries].map((name) => arn("dynamodb", `table/${name}/stream/2026-01-01T00:00:00.000`));
  const delay = arn("sqs", `${deployment.prefix}-pq-delay`);
  return {
    [`${deployment.prefix}-pq-api`]: [
      names.logs(deployment.api),
      { actions: [...put, ...update], resources: [journal], parts: ["e#elsewhere#1", "k#1"] },
      // Also an event in the name of the app itself, which no handler has.
      { actions: put, resources: [journal], parts: [`e#${topology.app}#1`] },
      { actions: update, resources: [journal], parts: [`e#${topology.app}#1`, ...topologyOwners(topology)] },
      { actions: ["dynamodb:BatchGetItem"], resources: [journal] },
      { actions: ["dynamodb:Query"], resources: [`${journal}/index/time`, `${journal}/index/flow`, `${deliveries}/index/open`] },
      { actions: ["dynamodb:BatchGetItem", "dynamodb:Query", ...put], resources: [deliveries] },
      { actions: [...get, "dynamodb:Query", ...put], resources: [system] },
      { actions: ["dynamodb:DeleteItem"], resources: [system], parts: ["paused"] },
      { actions: [...get, "dynamodb:Scan"], resources: tables.map(names.declared) },
      {
        actions: ["lambda:UpdateEventSourceMapping"],
        resources: [arn("lambda", "event-source-mapping:1")],
        parts: [[...deployment.handlers.values()][0]?.function ?? ""],
      },
      { actions: ["lambda:ListEventSourceMappings"], resources: ["*"] },
      { actions: ["cloudwatch:ListMetrics", "cloudwatch:GetMetricData"], resources: ["*"] },
      { actions: ["sqs:GetQueueAttributes"], resources: queues },
      names.key("dynamodb", "sqs"),
    ],
    [`${deployment.prefix}-pq-relay`]: [
      names.logs(deployment.relay),
      { actions: ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"], resources: streams },
      { actions: ["dynamodb:ListStreams"], resources: ["*"] },
      { actions: ["dynamodb:BatchGetItem"], resources: [journal] },
      { actions: put, resources: [names.system], parts: ["hours"] },
      { actions: ["events:PutEvents"], resources: [arn("events", `event-bus/${deployment.prefix}`)], parts: carried },
      { actions: ["sqs:SendMessage"], resources: [...queues, delay, arn("sqs", `${deployment.prefix}-pq-relay-failures`)] },
      { actions: take, resources: [delay] },
      { actions: ["scheduler:CreateSchedule"], resources: [arn("scheduler", `schedule/${deployment.prefix}/delay-1`)] },
      { actions: ["iam:PassRole"], resources: [`arn:aws:iam::${environment.account}:role/${deployment.prefix}-pq-scheduler`], parts: ["scheduler"] },
      names.key("dynamodb", "events", "sqs"),
    ],
    [`${deployment.prefix}-pq-ticker`]: [
      names.logs(deployment.ticker),
      { actions: put, resources: [journal], parts: [`e#${topology.app}#1`] },
      { actions: [...get, ...put], resources: [system], parts: ["tick#1"] },
      names.key("dynamodb"),
    ],
    [`${deployment.prefix}-pq-scheduler`]: [
      { actions: ["sqs:SendMessage"], resources: [delay, arn("sqs", `${deployment.prefix}-pq-relay-failures`)] },
      { actions: ["lambda:InvokeFunction"], resources: [arn("lambda", `function:${deployment.prefix}-pq-ticker:live`)] },
      names.key("sqs"),
    ],
  };
}

function topologyOwners(topology: Stack["topology"]): readonly string[] {
  return [...topology.handlers.keys(), ...topology.endpoints.keys()].map((owner) => `e#${topology.app}/${owner}#1`);
}

/** By the name of the role. */
export function declaredBy(stack: Stack): ReadonlyMap<string, readonly Rule[]> {
  const names = namesOf(stack);
  const rules = new Map<string, readonly Rule[]>(Object.entries(serviceRules(stack, names)));
  for (const [name, own] of stack.deployment.handlers) {
    const handler = stack.topology.handlers.get(name);
    if (handler !== undefined) rules.set(own.function, handlerRules(stack, names, handler, own));
  }
  for (const [name, role] of stack.deployment.endpoints) rules.set(role, endpointRules(stack, names, name));
  return rules;
}

export function covers({ actions, resources, parts }: Rule, { action, resource, part }: Pick<Probe, "action" | "resource" | "part">): boolean {
  return actions.includes(action) && resources.includes(resource) && (parts === undefined || parts.includes(part));
}
