import { describe, expect, test } from "vitest";
import { lintPolicy, type LintOptions } from "./lint.ts";
import { parsePolicy } from "./parse.ts";
import type { PolicyKind } from "./types.ts";

const account = "111111111111";
const bus = `arn:aws:events:eu-west-1:${account}:event-bus/shop`;
const queue = `arn:aws:sqs:eu-west-1:${account}:orders`;
const rule = `arn:aws:events:eu-west-1:${account}:rule/shop/a`;

function problems(statement: Readonly<Record<string, unknown>>, kind: PolicyKind = "identity", options?: LintOptions): readonly string[] {
  const document = { Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] };
  return lintPolicy(parsePolicy(kind, "it", document), options).map((problem) => `${problem.rule}: ${problem.text}`);
}

describe("a policy that says too much or nothing", () => {
  test("an exact grant has no problem", () => {
    expect(problems({ Action: "sqs:SendMessage", Resource: queue })).toEqual([]);
    expect(
      problems({
        Action: "events:PutEvents",
        Resource: bus,
        Condition: { "ForAllValues:StringEquals": { "events:source": "shop" }, Null: { "events:source": "false" } },
      }),
    ).toEqual([]);
  });

  test.each([
    [
      "an action with a wildcard",
      { Action: "sqs:Send*", Resource: queue },
      "wildcard-action: sqs:Send* allows 1 actions of the catalogue: name those that are used",
    ],
    ["all resources", { Action: "sqs:SendMessage", Resource: "*" }, "wildcard-resource: * is wider than sqs:SendMessage needs: name the resource"],
    [
      "any account",
      { Action: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-west-1:*:orders" },
      "wildcard-resource: arn:aws:sqs:eu-west-1:*:orders is wider than sqs:SendMessage needs: name the resource",
    ],
    [
      "ForAllValues alone",
      { Action: "events:PutEvents", Resource: bus, Condition: { "ForAllValues:StringEquals": { "events:source": "a" } } },
      "missing-null-check: ForAllValues:StringEquals of events:source also holds where the key is missing: add Null false",
    ],
    [
      "a key that the action does not know",
      { Action: "cloudwatch:GetMetricData", Resource: "*", Condition: { StringEquals: { "cloudwatch:namespace": "a" } } },
      "unsupported-key: requests for cloudwatch:GetMetricData never hold cloudwatch:namespace",
    ],
    ["a resource of another service", { Action: "sqs:SendMessage", Resource: [queue, bus] }, `resource-mismatch: none of these actions takes ${bus}`],
    [
      "a resource for an action that takes only *",
      { Action: ["xray:PutTraceSegments", "sqs:SendMessage"], Resource: queue },
      "resource-mismatch: xray:PutTraceSegments accepts only * as its resource",
    ],
    [
      "a variable without default in a Deny",
      { Effect: "Deny", Action: "sqs:SendMessage", Resource: `${queue}-\${aws:PrincipalTag/team}` },
      "variable-in-deny: the statement does not deny where aws:principaltag/team is missing: give the variable a default",
    ],
  ])("%s", (_, statement, expected) => {
    expect(problems(statement)).toContain(expected);
  });

  test("* is right where an action takes nothing else", () => {
    expect(problems({ Action: "xray:PutTraceSegments", Resource: "*" })).toEqual([]);
  });

  test.each([
    ["dynamodb:GetRecords", `arn:aws:dynamodb:eu-west-1:${account}:table/orders/stream/*`, `arn:aws:dynamodb:eu-west-1:${account}:table/*/stream/*`],
    ["secretsmanager:GetSecretValue", `arn:aws:secretsmanager:eu-west-1:${account}:secret:a-??????`, `arn:aws:secretsmanager:eu-west-1:${account}:secret:a-*`],
    ["logs:PutLogEvents", `arn:aws:logs:eu-west-1:${account}:log-group:/a:log-stream:*`, `arn:aws:logs:eu-west-1:${account}:log-group:/a*:log-stream:*`],
    ["scheduler:CreateSchedule", `arn:aws:scheduler:eu-west-1:${account}:schedule/g/delay-*`, `arn:aws:scheduler:eu-west-1:${account}:schedule/g*/delay-*`],
    ["s3:GetObject", "arn:aws:s3:::state/shop/*", "arn:aws:s3:::state*/shop/*"],
    ["dynamodb:GetItem", `arn:aws:dynamodb:eu-west-1:${account}:table/orders`, `arn:aws:dynamodb:eu-west-1:${account}:table/orders*`],
  ])("%s may leave open what AWS names, and no more", (action, narrow, wide) => {
    expect(problems({ Action: action, Resource: narrow })).toEqual([]);
    expect(problems({ Action: action, Resource: wide })).toEqual([`wildcard-resource: ${wide} is wider than ${action} needs: name the resource`]);
  });

  test("a service must be bound to a source and an account", () => {
    const grant = { Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage", Resource: queue };
    expect(problems(grant, "resource")).toEqual(["confused-deputy: events.amazonaws.com may act for anybody: add aws:sourcearn and aws:sourceaccount"]);
    const half = { ...grant, Condition: { ArnEquals: { "aws:SourceArn": rule }, StringEqualsIfExists: { "aws:SourceAccount": account } } };
    expect(problems(half, "resource")).toEqual(["confused-deputy: events.amazonaws.com may act for anybody: add aws:sourceaccount"]);
    const whole = { ...grant, Condition: { ArnEquals: { "aws:SourceArn": rule }, StringEquals: { "aws:SourceAccount": account } } };
    expect(problems(whole, "resource")).toEqual([]);
    const trust = { Principal: { Service: "scheduler.amazonaws.com" }, Action: "sts:AssumeRole" };
    expect(problems(trust, "trust")).toEqual(["confused-deputy: scheduler.amazonaws.com may act for anybody: add aws:sourcearn and aws:sourceaccount"]);
  });

  test("CloudWatch Logs says by the encryption context whose logs a key is for", () => {
    const grant = { Principal: { Service: "logs.eu-west-1.amazonaws.com" }, Action: "kms:Decrypt", Resource: "*" };
    const context = { "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:eu-west-1:${account}:log-group:/aws/lambda/shop` };
    expect(problems({ ...grant, Condition: { ArnEquals: context } }, "resource")).toEqual([]);
    expect(problems(grant, "resource")).toEqual(["confused-deputy: logs.eu-west-1.amazonaws.com may act for anybody: add kms:encryptioncontext:aws:logs:arn"]);
    const other = { ...grant, Principal: { Service: "events.amazonaws.com" }, Condition: { ArnEquals: context } };
    expect(problems(other, "resource")).toHaveLength(1);
  });

  test("a key's policy may leave everything to its account, and to nobody else", () => {
    const grant = { Action: "kms:*", Resource: "*" };
    expect(problems({ ...grant, Principal: { AWS: account } }, "resource")).toEqual([]);
    expect(problems({ ...grant, Principal: { AWS: `arn:aws:iam::${account}:role/a` } }, "resource")).toHaveLength(1);
  });

  test("a resource that AWS names is told by what does not change", () => {
    const grant = { Action: "kms:Decrypt", Resource: `arn:aws:kms:eu-west-1:${account}:key/*` };
    const alias = { "kms:ResourceAliases": "alias/shop" };
    const wide = [`wildcard-resource: ${grant.Resource} is wider than kms:Decrypt needs: name the resource`];
    expect(problems({ ...grant, Condition: { "ForAnyValue:StringEquals": alias } })).toEqual([]);
    expect(problems(grant)).toEqual(wide);
    expect(problems({ ...grant, Condition: { "ForAnyValue:StringEqualsIfExists": alias } })).toEqual(wide);
    expect(problems({ ...grant, Condition: { "ForAnyValue:StringNotEquals": alias } })).toEqual(wide);
    expect(problems({ ...grant, Condition: { "ForAnyValue:StringLike": { "kms:ResourceAliases": "*" } } })).toEqual(wide);
    const other = { ...grant, Resource: `arn:aws:kms:eu-west-*:${account}:key/*` };
    expect(problems({ ...other, Condition: { "ForAnyValue:StringEquals": alias } })).toHaveLength(1);
  });

  test("everybody without a condition is too many", () => {
    expect(problems({ Principal: "*", Action: "sqs:SendMessage", Resource: queue }, "resource")).toEqual([
      "open-principal: everybody is allowed, without a condition",
    ]);
  });

  test("requests without TLS are denied where that is expected", () => {
    const expected = ["secure-transport: nothing denies requests without TLS (aws:SecureTransport false)"];
    const deny = { Effect: "Deny", Principal: "*", Action: "sqs:*", Resource: queue, Condition: { Bool: { "aws:SecureTransport": "false" } } };
    expect(problems(deny, "resource", { secureTransport: true })).toEqual([]);
    expect(problems({ ...deny, Condition: { Bool: { "aws:SecureTransport": "true" } } }, "resource", { secureTransport: true })).toEqual(expected);
    expect(problems({ ...deny, Principal: { AWS: account } }, "resource", { secureTransport: true })).toEqual(expected);
  });
});
