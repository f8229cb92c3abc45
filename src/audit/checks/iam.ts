/** What each role may do: the lines on the principle of least privilege. */
import { each, one, ran, type Check, type Part } from "../check.ts";
import { lintPolicy } from "../iam/lint.ts";
import type { Principal, Request } from "../iam/types.ts";
import { permissionsOf, type Permitted } from "../permissions/judge.ts";
import { ask, policyOf, rolePolicy, sessionOf, type PolicyStack } from "../permissions/policies.ts";
import { arnOf, asRole, asService, decide, foreign, onPolicies, policyFile, secure } from "../permissions/questions.ts";
import { infraPart } from "../plan.ts";
import type { Project, StackData } from "../project.ts";

/** Compares what is allowed with what is declared, for actions of some services only where `services` says so. */
function declaredOnly(stack: PolicyStack, data: StackData, claim: string, services?: readonly string[]): Part {
  const about = (line: string): boolean => services === undefined || services.some((service) => line.startsWith(`${service}:`));
  const problems = ({ extra, missing }: Permitted): readonly string[] => [
    ...extra.filter(about).map((line) => `is allowed and not declared: ${line}`),
    ...missing.filter(about).map((line) => `is declared and not allowed: ${line}`),
  ];
  const roles = permissionsOf(stack).filter(({ allowed }) => services === undefined || allowed.some(({ action }) => about(action)));
  const pairs = (all: readonly Permitted[]): number => all.reduce((sum, { allowed }) => sum + allowed.filter(({ action }) => about(action)).length, 0);
  return each(
    "IAM",
    `${claim} (${String(pairs(roles))} allowed of ${String(roles.reduce((sum, { asked }) => sum + asked, 0))} questions)`,
    roles,
    problems,
    ({ role, allowed }) => ({
      file: policyFile(data, `role.${role}`),
      address: role,
      value: `${String(allowed.filter(({ action }) => about(action)).length)} pairs of action and resource`,
    }),
  );
}

/** The functions that the topology needs, each of which must have a role of its own. */
export function functionsOf({ deployment }: Pick<StackData, "deployment">): readonly string[] {
  return [
    ...[...deployment.handlers.values()].map((names) => names.function),
    ...deployment.endpoints.values(),
    deployment.api,
    deployment.relay,
    deployment.ticker,
  ];
}

const roles: Check = {
  id: "I1",
  title: "one role for each function, taken on by that function alone; what it may do is what is declared, over every action on every thing",
  owasp: ["A01"],
  run: (project) => [
    ...onPolicies(project, (stack, data) => [
      each(
        "PLAN",
        "each function has exactly one role, and no role belongs to nothing",
        [...new Set([...functionsOf(data), ...stack.roles])],
        (name) => {
          if (name === data.infrastructure.variables.names.scheduler_role) return undefined;
          if (!stack.roles.includes(name)) return "it has no role";
          return functionsOf(data).includes(name) ? undefined : "no function has this role";
        },
        (name) => ({ file: policyFile(data, `role.${name}`), address: name, value: "role" }),
      ),
      each(
        "IAM",
        "a role is taken on for its own function only: no other service, no other function, no other account",
        functionsOf(data).filter((name) => stack.policies.has(`trust.${name}`)),
        (name) => {
          const take = (source: string, owner: string): Omit<Request, "principal"> => ({
            action: "sts:AssumeRole",
            resource: `arn:aws:iam::${stack.environment.account}:role/${name}`,
            context: { "aws:SourceArn": source, "aws:SourceAccount": owner },
          });
          const { account } = stack.environment;
          const own = take(arnOf(stack, "lambda", `function:${name}`), account);
          return [
            ...(asService(stack, "lambda", own) === "allow" ? [] : ["its own function may not take it on"]),
            ...(asService(stack, "ec2", own) === "allow" ? ["another service may take it on"] : []),
            ...(asService(stack, "lambda", take(arnOf(stack, "lambda", "function:other"), account)) === "allow" ? ["another function may take it on"] : []),
            ...(asService(stack, "lambda", take(arnOf(stack, "lambda", `function:${name}`, foreign), foreign)) === "allow"
              ? ["another account may take it on"]
              : []),
          ];
        },
        (name) => ({ file: policyFile(data, `trust.${name}`), value: "lambda.amazonaws.com, bound by SourceArn and SourceAccount" }),
      ),
      declaredOnly(stack, data, "what is allowed is what is declared, both ways"),
      each(
        "IAM",
        "no policy says more than it should, or something without effect",
        [...stack.policies],
        ([name, policy]) => lintPolicy(policy, { secureTransport: /^(?:queue|table)\.|^bus$/.test(name) }).map(({ rule, text }) => `${rule}: ${text}`),
        ([name]) => ({ file: policyFile(data, name), value: "clean" }),
      ),
    ]),
    each(
      "PLAN",
      "the committed files are those that the declaration gives, in every environment",
      project.stacks,
      ({ expected, found }) =>
        [...new Set([...expected.keys(), ...found.keys()])].filter((path) => expected.get(path) !== found.get(path)).map((path) => `${path} differs`),
      ({ folder, found }) => ({ file: `${folder}/synthesized.json`, value: `${String(found.size)} files` }),
    ),
    ran(project, "grants"),
  ],
};

const bus: Check = {
  id: "I2",
  title:
    "only the relay puts events on the bus, of the types that it carries; a foreign environment, account or type is refused, also within a batch; rules feed their own queues",
  owasp: ["A01"],
  run: (project) => [
    infraPart(project, "no-stranger"),
    infraPart(project, "confused-deputy"),
    ...onPolicies(project, (stack, data) => {
      const { deployment, topology, environment } = stack;
      const put = (name: string, ...types: readonly string[]): Omit<Request, "principal"> => ({
        action: "events:PutEvents",
        resource: arnOf(stack, "events", `event-bus/${name}`),
        context: { "events:detail-type": types },
      });
      const carried = [...topology.events.keys()].filter((name) => topology.subscribers.get(name)?.some(({ ordered }) => !ordered) === true);
      const stranger: Principal = { type: "session", roleArn: `arn:aws:iam::${environment.account}:role/other`, sessionName: "run" };
      const everything = rolePolicy(stack, deployment.relay);
      return [
        declaredOnly(stack, data, "events are put by those that declare it", ["events"]),
        each(
          "IAM",
          "the relay carries each type that a rule waits for, and no batch with a stranger in it",
          carried,
          (type) => [
            ...(asRole(stack, deployment.relay, put(deployment.bus, type)) === "allow" ? [] : ["the relay may not carry it"]),
            ...(asRole(stack, deployment.relay, put(deployment.bus, type, "stranger")) === "allow" ? ["a batch with an undeclared type is allowed"] : []),
            ...(asRole(stack, deployment.relay, put(`${deployment.bus}-other`, type)) === "allow" ? ["another bus is allowed"] : []),
            ...(ask(stack, { principal: stranger, ...put(deployment.bus, type), context: { ...secure, "events:detail-type": [type] } }, everything).decision ===
            "allow"
              ? ["a role that nobody declared may put it"]
              : []),
          ],
          (type) => ({ file: policyFile(data, `role.${deployment.relay}`), address: type, value: "detail-type is a condition" }),
        ),
        one(
          "IAM",
          "no call without a type",
          [asRole(stack, deployment.relay, { ...put(deployment.bus), context: {} }) === "allow" ? "it is allowed" : undefined],
          {
            file: policyFile(data, "bus"),
            value: "Null is a condition beside ForAllValues",
          },
        ),
      ];
    }),
  ],
};

const logs: Check = {
  id: "I3",
  title: "a function writes its own log group, neither another's nor a new one",
  run: (project) =>
    onPolicies(project, (stack, data) => [
      each(
        "IAM",
        "own group allowed; a sibling's, and making a group, refused",
        functionsOf(data).filter((name) => stack.roles.includes(name)),
        (name) => {
          const sibling = functionsOf(data).find((other) => other !== name) ?? "other";
          const write = (group: string): Omit<Request, "principal"> => ({
            action: "logs:PutLogEvents",
            resource: arnOf(stack, "logs", `log-group:/aws/lambda/${group}:log-stream:1`),
          });
          const make = { action: "logs:CreateLogGroup", resource: arnOf(stack, "logs", `log-group:/aws/lambda/${name}`) };
          return [
            ...(asRole(stack, name, write(name)) === "allow" ? [] : ["its own log group is refused"]),
            ...(asRole(stack, name, write(sibling)) === "allow" ? ["it may write a sibling's log group"] : []),
            ...(asRole(stack, name, make) === "allow" ? ["it may make a log group, without retention or encryption"] : []),
          ];
        },
        (name) => ({ file: policyFile(data, `role.${name}`), value: "CreateLogStream, PutLogEvents on its own group" }),
      ),
    ]),
};

const tables: Check = {
  id: "I4",
  title: "each table, index and verb for each role as declared; deliveries and events only under the role's own keys; other accounts and open lines refused",
  owasp: ["A01"],
  run: (project) =>
    onPolicies(project, (stack, data) => [
      declaredOnly(stack, data, "tables by ARN and verb as declared", ["dynamodb"]),
      each(
        "IAM",
        "every table refuses another account and an open line",
        [...stack.policies.keys()].filter((name) => name.startsWith("table.")),
        (name) => {
          const question = {
            action: "dynamodb:GetItem",
            resource: arnOf(stack, "dynamodb", `table/${name.slice("table.".length)}`),
            context: { "dynamodb:LeadingKeys": ["x#1"] },
          };
          const stranger: Principal = { type: "session", roleArn: `arn:aws:iam::${foreign}:role/other`, sessionName: "run" };
          const open = { ...question, context: { ...question.context, "aws:SecureTransport": "false" } };
          return [
            ...(decide(stack, stranger, question, stack.deployment.api) === "explicit-deny" ? [] : ["another account is not denied"]),
            ...(asRole(stack, stack.deployment.api, open) === "explicit-deny" ? [] : ["an open line is not denied"]),
          ];
        },
        (name) => ({ file: policyFile(data, name), value: "OnlyThisAccount, OnlyEncrypted" }),
      ),
    ]),
};

/** What `/metrics` is made from. CloudWatch takes no resource for them. */
const metricReads: ReadonlySet<string> = new Set(["cloudwatch:ListMetrics", "cloudwatch:GetMetricData"]);

const metrics: Check = {
  id: "I5",
  title: "no role may write metrics through the API at all: they go through the own log group",
  run: (project) =>
    onPolicies(project, (stack, data) => [
      each(
        "IAM",
        "PutMetricData is refused in every namespace, and only the operations API names CloudWatch, to read its own metrics",
        stack.roles,
        (role) => [
          ...(["PulseQueue", "AWS/Lambda", "Other"].some(
            (namespace) =>
              asRole(stack, role, { action: "cloudwatch:PutMetricData", resource: "*", context: { "cloudwatch:namespace": namespace } }) === "allow",
          )
            ? ["it may put metric data"]
            : []),
          ...rolePolicy(stack, role)
            .statements.flatMap(({ actions }) => actions.items.filter((action) => action.startsWith("cloudwatch:")))
            .filter((action) => role !== stack.deployment.api || !metricReads.has(action))
            .map((action) => `a statement names ${action}`),
        ],
        (role) => ({ file: policyFile(data, `role.${role}`), value: role === stack.deployment.api ? "reads of metrics only" : "no cloudwatch action" }),
      ),
    ]),
};

/** A role that was granted everything by mistake is still held by the boundary. */
export function boundaryPart(project: Project): readonly Part[] {
  return onPolicies(project, (stack, data) => {
    const boundary = policyOf(stack, "boundary");
    const everything = { ...rolePolicy(stack, stack.deployment.relay), statements: [] as never[] };
    const all = {
      ...everything,
      statements: [
        {
          index: 0,
          sid: "All",
          effect: "Allow" as const,
          actions: { not: false, items: ["*"] },
          resources: { not: false, items: ["*"] },
          principals: undefined,
          conditions: [],
        },
      ],
    };
    const questions = [
      ["iam:CreateRole", `arn:aws:iam::${stack.environment.account}:role/new`],
      ["iam:PutRolePolicy", `arn:aws:iam::${stack.environment.account}:role/${stack.deployment.relay}`],
      ["iam:PassRole", `arn:aws:iam::${stack.environment.account}:role/administrator`],
      ["dynamodb:DeleteTable", arnOf(stack, "dynamodb", `table/${stack.deployment.journal}`)],
      ["lambda:UpdateFunctionCode", arnOf(stack, "lambda", `function:${stack.deployment.relay}`)],
      ["secretsmanager:GetSecretValue", arnOf(stack, "secretsmanager", "secret:another/secret-AbCdEf")],
      ["s3:GetObject", "arn:aws:s3:::bucket/object"],
    ] as const;
    return [
      each(
        "IAM",
        "a role that was granted everything by mistake is still refused by the boundary",
        questions,
        ([action, resource]) => {
          const request: Request = { principal: sessionOf(stack, stack.deployment.relay), action, resource, context: secure };
          const bare: PolicyStack = { ...stack, policies: new Map() };
          return ask(bare, request, all, boundary).decision === "allow" ? `${action} is allowed` : undefined;
        },
        ([action]) => ({ file: policyFile(data, "boundary"), address: action, value: "refused" }),
      ),
    ];
  });
}

export const iamChecks: readonly Check[] = [roles, bus, logs, tables, metrics];
