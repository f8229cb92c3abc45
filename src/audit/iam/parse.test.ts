import { describe, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { parsePolicy } from "./parse.ts";
import { evaluatePutEvents } from "./put-events.ts";
import type { PolicyKind, Request } from "./types.ts";

const account = "111111111111";
const queue = `arn:aws:sqs:eu-west-1:${account}:orders`;
const bus = `arn:aws:events:eu-west-1:${account}:event-bus/shop`;
const principal = { type: "session", roleArn: `arn:aws:iam::${account}:role/orders`, sessionName: "run-1" } as const;
const good = { Effect: "Allow", Action: "sqs:SendMessage", Resource: queue };
const parse = (change: Readonly<Record<string, unknown>>, kind: PolicyKind = "identity"): unknown =>
  parsePolicy(kind, "it", { Version: "2012-10-17", Statement: { ...good, ...change } });

describe("what is not understood is refused", () => {
  test.each([
    ["a field", { Resources: queue }, "statement 0: it has a field Resources that policies do not have"],
    ["an effect", { Effect: "allow" }, "Effect must be Allow or Deny"],
    ["an action", { Action: "sqs:SendMessages" }, "no action of the catalogue is called sqs:SendMessages"],
    ["a service", { Action: "sqss:*" }, "no action of the catalogue is called sqss:*"],
    ["no action at all", { Action: [] }, "Action must be text"],
    ["both sides", { NotAction: "sqs:SendMessage" }, "it has both Action and NotAction"],
    ["a name for an ARN", { Resource: "orders" }, "orders is no ARN"],
    ["a short ARN", { Resource: "arn:aws:sqs:orders" }, "arn:aws:sqs:orders is no ARN"],
    ["an ARN whose service is open", { Resource: "arn:aws:*:eu-west-1:*:orders" }, "is no ARN"],
    ["an unfinished variable", { Resource: `${queue}\${aws:username` }, "malformed variable"],
    ["an unknown variable", { Resource: `${queue}\${aws:nobody}` }, "aws:nobody, which is no condition key"],
    ["an operator", { Condition: { StringIs: { "aws:SourceAccount": "1" } } }, "StringIs is no condition operator"],
    ["an operator of the same name in another case", { Condition: { stringEquals: { "aws:SourceAccount": "1" } } }, "stringEquals is no condition operator"],
    ["a key", { Condition: { StringEquals: { "aws:SourceAcount": "1" } } }, "aws:SourceAcount is no condition key"],
    ["a key of another type", { Condition: { Bool: { "aws:SourceIp": "true" } } }, "Bool cannot be asked about aws:SourceIp"],
    ["a value that is no number", { Condition: { NumericEquals: { "aws:MultiFactorAuthAge": "ten" } } }, "cannot compare"],
    ["a value that is no range", { Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/33" } } }, "cannot compare"],
    ["several values without saying how", { Condition: { StringEquals: { "aws:TagKeys": "a" } } }, "needs ForAllValues or ForAnyValue"],
    ["a principal in an identity policy", { Principal: "*" }, "has no Principal"],
  ])("%s", (_, change, text) => {
    expect(() => parse(change)).toThrow(text);
  });

  test("a version that knows no variables, and a policy that says nothing", () => {
    expect(() => parsePolicy("identity", "it", { Version: "2008-10-17", Statement: good })).toThrow("Version must be 2012-10-17");
    expect(() => parsePolicy("identity", "it", { Version: "2012-10-17", Statement: [] })).toThrow("there is no statement");
  });

  test("a resource policy without principal, one that lets in everybody else, and a principal that is no ARN", () => {
    expect(() => parse({}, "resource")).toThrow("it has no Principal");
    expect(() => parse({ NotPrincipal: { AWS: account } }, "resource")).toThrow("NotPrincipal with Allow");
    expect(() => parse({ Principal: { AWS: "orders" } }, "resource")).toThrow("orders is no principal");
    expect(() => parse({ Principal: { AWS: `arn:aws:iam::${account}:role/*` } }, "resource")).toThrow("is no principal");
  });
});

describe("a question that makes no sense is refused", () => {
  const ask = (change: Partial<Request>): unknown => evaluate({ principal, action: "sqs:SendMessage", resource: queue, ...change }, {});

  test.each([
    ["an unknown action", { action: "sqs:Send" }, "is no action"],
    ["a resource of another service", { resource: bus }, "does not take"],
    ["a pattern for a resource", { resource: `${queue}*` }, "is no ARN"],
    ["no resource where one is needed", { resource: "*" }, "about one resource"],
    ["a key that such requests do not have", { context: { "events:source": ["a"] } }, "has no condition key events:source"],
    ["a key that follows from the rest", { context: { "aws:PrincipalAccount": account } }, "follows from the rest"],
    ["a list for a key of one value", { context: { "aws:SourceAccount": [account] } }, "has one value"],
    ["an account that is not the resource's", { resourceAccount: "222222222222" }, "is not of the account"],
  ] satisfies [string, Partial<Request>, string][])("%s", (_, change, text) => {
    expect(() => ask(change)).toThrow(text);
  });
});

describe("a batch of events", () => {
  const statement = {
    Effect: "Allow",
    Action: "events:PutEvents",
    Resource: bus,
    Condition: {
      "ForAllValues:StringEquals": { "events:source": "shop", "events:detail-type": ["order.placed", "order.paid"] },
      Null: { "events:source": "false", "events:detail-type": "false" },
    },
  };
  const identity = [parsePolicy("identity", "relay", { Version: "2012-10-17", Statement: statement })];
  const put = (...types: readonly string[]): string =>
    evaluatePutEvents(
      { principal, resource: bus },
      types.map((detailType) => ({ source: "shop", detailType })),
      { identity },
    ).decision;

  test("is allowed where every entry is", () => {
    expect(put("order.placed", "order.paid", "order.placed")).toBe("allow");
  });

  test("is denied as a whole where one entry is not legal", () => {
    expect(put("order.placed", "order.refunded")).toBe("implicit-deny");
    const forged = [
      { source: "shop", detailType: "order.placed" },
      { source: "bank", detailType: "order.placed" },
    ];
    expect(evaluatePutEvents({ principal, resource: bus }, forged, { identity }).decision).toBe("implicit-deny");
  });

  test("has at least one entry", () => {
    expect(() => put()).toThrow("at least one entry");
  });
});
