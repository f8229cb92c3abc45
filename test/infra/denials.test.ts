/** Whom the synthesized policies keep out: strangers of each kind, and each neighbour. */
import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../src/audit/iam/parse.ts";
import type { Answer, Policy, Principal, Request } from "../../src/audit/iam/types.ts";
import { ask, rolePolicy, sessionOf } from "../../src/audit/permissions/policies.ts";
import { loadStack, type Stack } from "./stack.ts";
import { probesOf, thingsOf } from "../../src/audit/permissions/universe.ts";

const prod = loadStack("prod");
const secure = { "aws:SecureTransport": "true" };
const { account, region } = prod.environment;
const foreign = "999999999999";
const arn = (service: string, resource: string, owner = account): string => `arn:aws:${service}:${region}:${owner}:${resource}`;
const key = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab");

type Question = Pick<Request, "action" | "resource" | "context">;

function decide(principal: Principal, identity: Policy | undefined, { action, resource, context }: Question): Answer["decision"] {
  return ask(prod, { principal, action, resource, context: { ...secure, ...context } }, identity).decision;
}

function asRole(role: string, question: Question, stack: Stack = prod): Answer["decision"] {
  return decide(sessionOf(stack, role), rolePolicy(stack, role), question);
}

function asService(name: string, question: Question): Answer["decision"] {
  return decide({ type: "service", name: `${name}.amazonaws.com` }, undefined, question);
}

const item = (action: string, table: string, ...keys: readonly string[]): Question => ({
  action: `dynamodb:${action}`,
  resource: arn("dynamodb", `table/orders-prod-${table}`),
  context: { "dynamodb:LeadingKeys": keys },
});

describe("outside", () => {
  const anything = parsePolicy("identity", "whatever he gave himself", {
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Action: "*", Resource: "*" },
  });

  it("another account may do nothing to anything here, whatever it grants its own people", () => {
    const stranger: Principal = { type: "session", roleArn: `arn:aws:iam::${foreign}:role/orders-prod-keep-stock`, sessionName: "run" };
    const questions = probesOf(thingsOf(prod)).filter(({ resource }) => resource !== "*");
    expect(questions.filter((question) => decide(stranger, anything, question) === "allow")).toEqual([]);
    expect(questions.length).toBeGreaterThan(1_000);
  });

  it("the roles of another environment in the same account may do nothing to anything of this one", () => {
    const staging = loadStack("prod", { environment: "staging" });
    const roles = ["keep-stock", "payment-webhook", "pq-api", "pq-relay", "pq-ticker", "pq-scheduler"].map((name) => `orders-staging-${name}`);
    const questions = probesOf(thingsOf(prod)).filter(({ resource }) => resource !== "*");
    const allowed = roles.flatMap((role) =>
      questions.filter((question) => asRole(role, question, staging) === "allow").map(({ action, resource }) => ({ role, action, resource })),
    );
    expect(allowed).toEqual([]);
  });

  it("a role of the account that nobody declared puts nothing on the bus", () => {
    const question = { action: "events:PutEvents", resource: arn("events", "event-bus/orders-prod"), context: { "events:detail-type": ["order.placed"] } };
    const other: Principal = { type: "session", roleArn: `arn:aws:iam::${account}:role/other`, sessionName: "run" };
    expect(decide(other, anything, question)).toBe("explicit-deny");
    expect(asRole("orders-prod-pq-relay", question)).toBe("allow");
  });
});

describe("a neighbour", () => {
  const stream = (role: string): Question => ({ action: "logs:PutLogEvents", resource: arn("logs", `log-group:/aws/lambda/${role}:log-stream:1`) });

  it("writes its own log group, and neither another's nor a new one", () => {
    expect(asRole("orders-prod-keep-stock", stream("orders-prod-keep-stock"))).toBe("allow");
    expect(asRole("orders-prod-keep-stock", stream("orders-prod-send-payment"))).toBe("implicit-deny");
    const group = arn("logs", "log-group:/aws/lambda/orders-prod-keep-stock");
    expect(asRole("orders-prod-keep-stock", { action: "logs:CreateLogGroup", resource: group })).toBe("implicit-deny");
  });

  it("reads and writes its own deliveries only, also where it asks for both at once", () => {
    for (const action of ["BatchGetItem", "PutItem", "Query"]) {
      expect(asRole("orders-prod-keep-stock", item(action, "pq-deliveries", "keep-stock#1"))).toBe("allow");
      expect(asRole("orders-prod-keep-stock", item(action, "pq-deliveries", "send-payment#1"))).toBe("implicit-deny");
    }
    expect(asRole("orders-prod-keep-stock", item("BatchGetItem", "pq-deliveries", "keep-stock#1", "send-payment#1"))).toBe("implicit-deny");
    expect(asRole("orders-prod-keep-stock", { action: "dynamodb:Scan", resource: arn("dynamodb", "table/orders-prod-pq-deliveries") })).toBe("implicit-deny");
  });

  it("publishes in its own name only: neither a neighbour's, nor a longer name, nor one from outside", () => {
    expect(asRole("orders-prod-keep-stock", item("PutItem", "pq-journal", "e#orders/keep-stock#1"))).toBe("allow");
    for (const source of ["orders/send-payment", "orders/keep-stock-too", "orders", "shop"])
      expect(asRole("orders-prod-keep-stock", item("PutItem", "pq-journal", `e#${source}#1`))).toBe("implicit-deny");
    expect(asRole("orders-prod-pq-api", item("PutItem", "pq-journal", "e#orders/keep-stock#1"))).toBe("explicit-deny");
    expect(asRole("orders-prod-pq-api", item("PutItem", "pq-journal", "e#shop#1"))).toBe("allow");
  });

  it("unlocks no secret that it does not declare", () => {
    const question = { action: "secretsmanager:GetSecretValue", resource: arn("secretsmanager", "secret:orders-prod/payments-webhook-AbCdEf") };
    const allowed = prod.roles.filter((role) => asRole(role, question) === "allow");
    expect(allowed).toEqual(["orders-prod-payment-webhook"]);
  });

  it("unlocks its own parameter through Parameter Store, and with the key no other parameter and nothing elsewhere", () => {
    const stack = loadStack("prod", { secrets: {}, parameters: { "payments-webhook": "payments team" } });
    const parameter = (name: string): string => arn("ssm", `parameter/orders-prod/${name}`);
    const read = (name: string): readonly string[] =>
      stack.roles.filter((role) => asRole(role, { action: "ssm:GetParameter", resource: parameter(name) }, stack) === "allow");
    expect(read("payments-webhook")).toEqual(["orders-prod-payment-webhook"]);
    expect(read("other")).toEqual([]);
    const decrypt = (name: string | undefined, service: string, alias = "alias/orders-prod"): Question => ({
      action: "kms:Decrypt",
      resource: key,
      context: {
        "kms:ResourceAliases": [alias],
        "kms:ViaService": `${service}.${region}.amazonaws.com`,
        ...(name === undefined ? {} : { "kms:EncryptionContext:PARAMETER_ARN": parameter(name) }),
      },
    });
    const role = "orders-prod-payment-webhook";
    expect(asRole(role, decrypt("payments-webhook", "ssm"), stack)).toBe("allow");
    const others = [decrypt("other", "ssm"), decrypt(undefined, "ssm"), decrypt("payments-webhook", "s3"), decrypt("payments-webhook", "ssm", "alias/other")];
    expect(others.map((question) => asRole(role, question, stack))).toEqual(others.map(() => "implicit-deny"));
    const manager = { action: "secretsmanager:GetSecretValue", resource: arn("secretsmanager", "secret:orders-prod/payments-webhook-AbCdEf") };
    expect(stack.roles.filter((each) => asRole(each, manager, stack) === "allow")).toEqual([]);
  });

  it("makes no role its own, and hands none on but the scheduler's to the scheduler", () => {
    const roleArn = (name: string): string => `arn:aws:iam::${account}:role/orders-prod-${name}`;
    const pass = (name: string, service: string): Question => ({
      action: "iam:PassRole",
      resource: roleArn(name),
      context: { "iam:PassedToService": `${service}.amazonaws.com` },
    });
    expect(prod.roles.filter((role) => asRole(role, { action: "sts:AssumeRole", resource: roleArn("pq-api") }) === "allow")).toEqual([]);
    expect(prod.roles.filter((role) => asRole(role, pass("pq-scheduler", "scheduler")) === "allow")).toEqual(["orders-prod-pq-relay"]);
    expect(prod.roles.filter((role) => asRole(role, pass("pq-scheduler", "lambda")) === "allow")).toEqual([]);
    expect(prod.roles.filter((role) => asRole(role, pass("pq-api", "scheduler")) === "allow")).toEqual([]);
  });
});

it("a batch of events is refused as a whole where one of them is not declared", () => {
  const batch = (...types: readonly string[]): Question => ({
    action: "events:PutEvents",
    resource: arn("events", "event-bus/orders-prod"),
    context: { "events:detail-type": types },
  });
  expect(asRole("orders-prod-pq-relay", batch("order.placed"))).toBe("allow");
  expect(asRole("orders-prod-pq-relay", batch("order.placed", "stranger"))).toBe("implicit-deny");
  expect(asRole("orders-prod-pq-relay", { ...batch(), context: {} })).toBe("implicit-deny");
});

describe("a service acts for what it was made for, and for nobody else", () => {
  const from = (source: string, owner = account): Request["context"] => ({ "aws:SourceArn": source, "aws:SourceAccount": owner });
  const rule = (name: string, owner = account): string => arn("events", `rule/orders-prod/orders-prod-${name}`, owner);
  const send = (queue: string, context: Request["context"]): Question => ({
    action: "sqs:SendMessage",
    resource: arn("sqs", `orders-prod-${queue}`),
    ...(context === undefined ? {} : { context }),
  });

  it("a rule feeds its own queue: no other rule, no other account's, and not without saying which", () => {
    const unordered = [...prod.topology.handlers.values()].filter(({ ordered }) => !ordered).map(({ name }) => name);
    expect(unordered.length).toBeGreaterThan(1);
    for (const name of unordered) {
      expect(asService("events", send(name, from(rule(name))))).toBe("allow");
      expect(asService("events", send(name, from(rule(name, foreign), foreign)))).toBe("implicit-deny");
      expect(asService("events", send(name, from(rule(name), foreign)))).toBe("implicit-deny");
      expect(asService("events", send(name, undefined))).toBe("implicit-deny");
      expect(asService("scheduler", send(name, from(rule(name))))).toBe("implicit-deny");
      expect(asService("events", { ...send(name, from(rule(name))), context: { ...from(rule(name)), "aws:SecureTransport": "false" } })).toBe("explicit-deny");
    }
    expect(asService("events", send("keep-stock", from(rule("send-payment"))))).toBe("implicit-deny");
  });

  it("a dead-letter queue takes what its own rule could not deliver, and nothing else", () => {
    expect(asService("events", send("keep-stock-dlq", from(rule("keep-stock"))))).toBe("allow");
    expect(asService("events", send("keep-stock-dlq", from(rule("send-payment"))))).toBe("implicit-deny");
    expect(asService("events", send("keep-stock-dlq", from(rule("keep-stock", foreign), foreign)))).toBe("implicit-deny");
  });

  it("a role is taken on for its own function or schedule only", () => {
    const takeOn = (role: string, source: string, owner = account): Question => {
      const context = from(source, owner);
      return { action: "sts:AssumeRole", resource: `arn:aws:iam::${account}:role/orders-prod-${role}`, ...(context === undefined ? {} : { context }) };
    };
    const functionArn = (name: string, owner = account): string => arn("lambda", `function:orders-prod-${name}`, owner);
    expect(asService("lambda", takeOn("keep-stock", functionArn("keep-stock")))).toBe("allow");
    expect(asService("lambda", takeOn("keep-stock", functionArn("send-payment")))).toBe("implicit-deny");
    expect(asService("lambda", takeOn("keep-stock", functionArn("keep-stock", foreign), foreign))).toBe("implicit-deny");
    expect(asService("ec2", takeOn("keep-stock", functionArn("keep-stock")))).toBe("implicit-deny");
    expect(asService("scheduler", takeOn("pq-scheduler", arn("scheduler", "schedule/orders-prod/delay-1")))).toBe("allow");
    expect(asService("scheduler", takeOn("pq-scheduler", arn("scheduler", "schedule/orders-staging/delay-1")))).toBe("implicit-deny");
    expect(asService("lambda", takeOn("pq-scheduler", functionArn("pq-api")))).toBe("implicit-deny");
  });

  it("the key is used for this account's logs and this bus's rules", () => {
    const logs = (owner: string): Question => ({
      action: "kms:Encrypt",
      resource: key,
      context: { "kms:EncryptionContext:aws:logs:arn": arn("logs", "log-group:/aws/lambda/orders-prod-keep-stock", owner) },
    });
    expect(asService(`logs.${region}`, logs(account))).toBe("allow");
    expect(asService(`logs.${region}`, logs(foreign))).toBe("implicit-deny");
    const decrypt = (context: NonNullable<Request["context"]>): Question => ({ action: "kms:Decrypt", resource: key, context });
    expect(asService("events", decrypt({ ...from(rule("keep-stock")) }))).toBe("allow");
    expect(asService("events", decrypt({ ...from(rule("keep-stock", foreign), foreign) }))).toBe("implicit-deny");
  });
});
