/**
 * Cases that follow from AWS's documentation of policy evaluation, of the policies' elements and of condition operators; each names
 * its rule. The evaluator is held to these, and so is the naive one.
 */
import type { Answer, Principal, Request } from "../../src/audit/iam/types.ts";
import type { RawPolicies, RawPolicy, RawStatement } from "./naive.ts";

export interface GoldenCase {
  readonly rule: string;
  readonly request: Request;
  readonly policies: RawPolicies;
  readonly decision: Answer["decision"];
}

const home = "111111111111";
const away = "222222222222";
const roleArn = `arn:aws:iam::${home}:role/app/orders`;
const sessionArn = `arn:aws:sts::${home}:assumed-role/orders/run-1`;
const userArn = `arn:aws:iam::${home}:user/ada`;
const root = `arn:aws:iam::${home}:root`;
const provider = `arn:aws:iam::${home}:oidc-provider/token.actions.githubusercontent.com`;
const session: Principal = { type: "session", roleArn, sessionName: "run-1" };
const user: Principal = { type: "user", arn: userArn };
const service: Principal = { type: "service", name: "events.amazonaws.com" };

const queue = `arn:aws:sqs:eu-west-1:${home}:orders`;
const foreignQueue = `arn:aws:sqs:eu-west-1:${away}:orders`;
const bus = `arn:aws:events:eu-west-1:${home}:event-bus/shop`;
const key = `arn:aws:kms:eu-west-1:${home}:key/k`;
const table = `arn:aws:dynamodb:eu-west-1:${home}:table/orders`;
const target = `arn:aws:iam::${home}:role/target`;

type Extra = Partial<RawStatement>;
const send: Extra = { Action: ["sqs:SendMessage"], Resource: [queue] };
const policy = (...Statement: readonly RawStatement[]): RawPolicy => ({ Version: "2012-10-17", Statement });
const allow = (...extra: readonly Extra[]): RawStatement => Object.assign({ Effect: "Allow" as const }, ...extra) as RawStatement;
const deny = (...extra: readonly Extra[]): RawStatement => Object.assign({ Effect: "Deny" as const }, ...extra) as RawStatement;
const everything: Extra = { Action: ["*"], Resource: ["*"] };
const full = policy(allow(everything));
const to = (...names: readonly string[]): Extra => ({ Principal: { AWS: names } });
const where = (operator: string, name: string, ...values: readonly string[]): Extra => ({ Condition: { [operator]: { [name]: values } } });

type Ask = Partial<Request>;
const asked = (ask: Ask): Request => ({ principal: session, action: "sqs:SendMessage", resource: queue, ...ask });
const found: GoldenCase[] = [];
const add = (decision: Answer["decision"], rule: string, ask: Ask, policies: RawPolicies): void =>
  void found.push({ rule, request: asked(ask), policies, decision });
/** What one identity statement answers. */
const alone = (decision: Answer["decision"], rule: string, ask: Ask, statement: RawStatement): void =>
  add(decision, rule, ask, { identity: [policy(statement)] });
const [yes, no, denied] = ["allow", "implicit-deny", "explicit-deny"] as const;

// Evaluation logic: the order of decisions
add(no, "by default all requests are denied", {}, {});
add(yes, "an explicit allow in an identity policy overrides the default", {}, { identity: [policy(allow(send))] });
add(denied, "an explicit deny overrides any allow", {}, { identity: [policy(allow(send)), policy(deny(send))] });
add(denied, "an explicit deny in the resource's policy overrides the identity's allow", {}, { identity: [full], resource: policy(deny(send, to(roleArn))) });
add(denied, "an explicit deny in the boundary denies", {}, { identity: [full], boundary: policy(allow(everything), deny(send)) });
add(denied, "an explicit deny in the session policy denies", {}, { identity: [full], session: policy(allow(everything), deny(send)) });
add(denied, "an explicit deny in a service control policy denies", {}, { identity: [full], scps: [[full, policy(deny(send))]] });
add(
  denied,
  "an explicit deny in a resource control policy denies",
  {},
  { identity: [full], rcps: [[policy(allow(everything, { Principal: "*" }), deny(send, { Principal: "*" }))]] },
);
add(
  no,
  "a boundary that does not allow bounds the identity's policy",
  {},
  { identity: [full], boundary: policy(allow({ Action: ["sqs:ReceiveMessage"], Resource: ["*"] })) },
);
add(no, "a boundary grants nothing by itself", {}, { boundary: full });
add(no, "a session policy bounds the identity's policy", {}, { identity: [full], session: policy(allow({ Action: ["sqs:ReceiveMessage"], Resource: ["*"] })) });
add(no, "a session policy grants nothing by itself", {}, { session: full });
add(no, "service control policies grant nothing", {}, { scps: [[full]] });
add(no, "each level of service control policies must allow", {}, { identity: [full], scps: [[full], [policy(allow({ Action: ["s3:*"], Resource: ["*"] }))]] });
add(yes, "one policy of a level is enough", {}, { identity: [full], scps: [[policy(allow({ Action: ["s3:*"], Resource: ["*"] })), full]] });
add(no, "a level without a policy allows nothing", {}, { identity: [full], scps: [[]] });
add(no, "resource control policies must allow", {}, { identity: [full], rcps: [[policy(allow({ Action: ["s3:*"], Resource: ["*"], Principal: "*" }))]] });
add(
  yes,
  "resource control policies do not reach Lambda",
  { action: "lambda:InvokeFunction", resource: `arn:aws:lambda:eu-west-1:${home}:function:f` },
  { identity: [full], rcps: [[]] },
);

// Resource policies within one account
add(yes, "a resource policy may grant a role alone", {}, { resource: policy(allow(send, to(roleArn))) });
add(yes, "a resource policy may grant a session alone", {}, { resource: policy(allow(send, to(sessionArn))) });
add(yes, "a resource policy may grant a user alone", { principal: user }, { resource: policy(allow(send, to(userArn))) });
add(no, "a resource policy that names the account hands the decision to the identity's policies", {}, { resource: policy(allow(send, to(root))) });
add(no, "an account's number means its root", {}, { resource: policy(allow(send, to(home))) });
add(
  no,
  "what a resource policy gives to a role is bounded by the boundary",
  {},
  { resource: policy(allow(send, to(roleArn))), boundary: policy(allow({ Action: ["s3:*"], Resource: ["*"] })) },
);
add(
  no,
  "what a resource policy gives to a role is bounded by the session policy",
  {},
  { resource: policy(allow(send, to(roleArn))), session: policy(allow({ Action: ["s3:*"], Resource: ["*"] })) },
);
add(
  yes,
  "what a resource policy gives to a session is not bounded by the boundary",
  {},
  { resource: policy(allow(send, to(sessionArn))), boundary: policy(allow({ Action: ["s3:*"], Resource: ["*"] })) },
);
add(
  yes,
  "what a resource policy gives to a user is not bounded by the boundary",
  { principal: user },
  { resource: policy(allow(send, to(userArn))), boundary: policy(allow({ Action: ["s3:*"], Resource: ["*"] })) },
);
add(
  no,
  "another session of the role is not the one that is named",
  { principal: { ...session, sessionName: "run-2" } },
  { resource: policy(allow(send, to(sessionArn))) },
);
add(no, "a resource policy for another role says nothing", {}, { resource: policy(allow(send, to(`arn:aws:iam::${home}:role/other`))) });
add(yes, "everybody is the principal too", {}, { resource: policy(allow(send, { Principal: "*" })) });

// Across accounts
const cross: Ask = { resource: foreignQueue };
const sendThere: Extra = { Action: ["sqs:SendMessage"], Resource: [foreignQueue] };
add(no, "across accounts the identity's policy is not enough", cross, { identity: [policy(allow(sendThere))] });
add(no, "across accounts the resource's policy is not enough", cross, { resource: policy(allow(sendThere, to(roleArn))) });
add(yes, "across accounts both sides must allow", cross, { identity: [policy(allow(sendThere))], resource: policy(allow(sendThere, to(roleArn))) });
add(yes, "across accounts the resource's policy may name the account", cross, {
  identity: [policy(allow(sendThere))],
  resource: policy(allow(sendThere, to(home))),
});
add(no, "across accounts the boundary still bounds", cross, {
  identity: [full],
  boundary: policy(allow(send)),
  resource: policy(allow(sendThere, to(roleArn))),
});

// Keys and roles
const decrypt: Ask = { action: "kms:Decrypt", resource: key };
const useKey: Extra = { Action: ["kms:Decrypt"], Resource: ["*"] };
add(no, "an identity policy means nothing for a key whose policy does not let it", decrypt, { identity: [full] });
add(no, "a key policy for somebody else does not let it either", decrypt, { identity: [full], resource: policy(allow(useKey, to(userArn))) });
add(yes, "a key policy that names the account lets identity policies decide", decrypt, {
  identity: [policy(allow(useKey))],
  resource: policy(allow(useKey, to(root))),
});
add(no, "a key policy that names the account grants nothing alone", decrypt, { resource: policy(allow(useKey, to(root))) });
add(yes, "a key policy may grant a role alone", decrypt, { resource: policy(allow(useKey, to(roleArn))) });
const assume: Ask = { action: "sts:AssumeRole", resource: target };
add(no, "an identity policy is not enough to assume a role", assume, { identity: [full] });
add(yes, "a trust policy may grant a role of the account alone", assume, { resource: policy(allow({ Action: ["sts:AssumeRole"] }, to(roleArn))) });
add(yes, "a trust policy that names the account needs an identity policy", assume, {
  identity: [full],
  resource: policy(allow({ Action: ["sts:AssumeRole"] }, to(root))),
});

// Services and identity providers
add(no, "a service has no identity policies", { principal: service }, { identity: [full] });
add(yes, "a resource policy grants a service", { principal: service }, { resource: policy(allow(send, { Principal: { Service: ["events.amazonaws.com"] } })) });
add(
  yes,
  "service control policies do not reach services",
  { principal: service },
  { scps: [[]], resource: policy(allow(send, { Principal: { Service: ["events.amazonaws.com"] } })) },
);
add(
  no,
  "another service is not the one that is named",
  { principal: { type: "service", name: "sns.amazonaws.com" } },
  { resource: policy(allow(send, { Principal: { Service: ["events.amazonaws.com"] } })) },
);
const fromRule = allow(
  send,
  { Principal: { Service: ["events.amazonaws.com"] } },
  { Condition: { ArnEquals: { "aws:SourceArn": [`arn:aws:events:eu-west-1:${home}:rule/shop/a`] }, StringEquals: { "aws:SourceAccount": [home] } } },
);
const sentBy = (account: string): Ask => ({
  principal: service,
  context: { "aws:SourceArn": `arn:aws:events:eu-west-1:${account}:rule/shop/a`, "aws:SourceAccount": account },
});
add(yes, "a service that acts for the named rule may", sentBy(home), { resource: policy(fromRule) });
add(no, "a service that acts for somebody else's rule may not (confused deputy)", sentBy(away), { resource: policy(fromRule) });
const web: Ask = {
  principal: { type: "web-identity", providerArn: provider },
  action: "sts:AssumeRoleWithWebIdentity",
  resource: target,
  context: { "token.actions.githubusercontent.com:sub": "repo:o/r:environment:prod" },
};
const trusts = (sub: string): RawStatement =>
  allow(
    { Action: ["sts:AssumeRoleWithWebIdentity"], Principal: { Federated: [provider] } },
    where("StringEquals", "token.actions.githubusercontent.com:sub", sub),
  );
add(yes, "a token of the trusted provider with the exact subject assumes the role", web, { resource: policy(trusts("repo:o/r:environment:prod")) });
add(no, "another subject does not", web, { resource: policy(trusts("repo:o/r:*")) });

// Principals that are spared
const spare = (...names: readonly string[]): RawPolicies => ({ identity: [full], resource: policy(deny(send, { NotPrincipal: { AWS: names } })) });
add(yes, "NotPrincipal spares a session whose role and account are named too", {}, spare(sessionArn, roleArn, root));
add(denied, "NotPrincipal does not spare a session by its role alone", {}, spare(roleArn));
add(denied, "NotPrincipal does not spare whom it does not name", { principal: user }, spare(sessionArn, roleArn, root));

// Elements: actions and resources
alone(yes, "actions know no case", {}, allow({ Action: ["SQS:sendmessage".replace("SQS", "sqs")], Resource: [queue] }));
alone(yes, "a * stands for any characters of an action", {}, allow({ Action: ["sqs:Send*"], Resource: [queue] }));
alone(yes, "a ? stands for one character", {}, allow({ Action: ["sqs:SendMessag?"], Resource: [`${queue.slice(0, -1)}?`] }));
alone(no, "a ? stands for no less than one character", {}, allow({ Action: ["sqs:SendMessage"], Resource: [`${queue}?`] }));
alone(no, "resources know case", {}, allow({ Action: ["sqs:SendMessage"], Resource: [queue.replace("orders", "Orders")] }));
alone(no, "NotAction leaves out what it names", {}, allow({ NotAction: ["sqs:*"], Resource: ["*"] }));
alone(yes, "NotAction takes what it does not name", {}, allow({ NotAction: ["s3:*"], Resource: ["*"] }));
alone(no, "NotResource leaves out what it names", {}, allow({ Action: ["sqs:*"], NotResource: [queue] }));
alone(yes, "NotResource takes what it does not name", {}, allow({ Action: ["sqs:*"], NotResource: [foreignQueue] }));
alone(yes, "a * at the end of a part of an ARN passes colons", {}, allow({ Action: ["sqs:SendMessage"], Resource: ["arn:aws:sqs:*:*:orders"] }));

// Variables
const tagged: Ask = { context: { "aws:PrincipalTag/team": "orders" } };
const own: Extra = { Action: ["sqs:SendMessage"], Resource: [`arn:aws:sqs:eu-west-1:${home}:\${aws:PrincipalTag/team}`] };
alone(yes, "a variable stands for the request's value", tagged, allow(own));
alone(no, "a variable without value voids the statement", {}, allow(own));
add(
  yes,
  "a variable without value voids a Deny as well",
  {},
  { identity: [full, policy(deny({ Action: ["sqs:*"], Resource: ["*"] }, where("StringNotEquals", "aws:SourceAccount", "${aws:PrincipalTag/team}")))] },
);
alone(
  yes,
  "a variable may have a default",
  {},
  allow({ Action: ["sqs:SendMessage"], Resource: [`arn:aws:sqs:eu-west-1:${home}:\${aws:PrincipalTag/team, 'orders'}`] }),
);
alone(no, "a value that holds a * is no pattern", { context: { "aws:PrincipalTag/team": "*" } }, allow(own));
alone(no, "${*} is the character itself", tagged, allow(send, where("StringLike", "aws:PrincipalTag/team", "o${*}")));
alone(
  yes,
  "${?} is the character itself",
  { context: { "aws:PrincipalTag/team": "o?" } },
  allow(send, where("StringEquals", "aws:PrincipalTag/team", "o${?}")),
);

// Conditions
const team = (value: string): Ask => ({ context: { "aws:PrincipalTag/team": value } });
const iff = (operator: string, ...values: readonly string[]): RawStatement => allow(send, where(operator, "aws:PrincipalTag/team", ...values));
alone(yes, "several values of a key are one or the other", team("b"), iff("StringEquals", "a", "b"));
alone(no, "several values of a negated operator are neither nor", team("b"), iff("StringNotEquals", "a", "b"));
alone(
  no,
  "several keys must all hold",
  team("b"),
  allow(send, { Condition: { StringEquals: { "aws:PrincipalTag/team": ["b"], "aws:SourceAccount": [home] } } }),
);
alone(yes, "names of keys know no case", team("b"), allow(send, where("StringEquals", "AWS:principaltag/TEAM", "b")));
alone(no, "StringEquals knows case", team("B"), iff("StringEquals", "b"));
alone(yes, "StringEqualsIgnoreCase knows none", team("B"), iff("StringEqualsIgnoreCase", "b"));
alone(no, "StringEquals knows no wildcards", team("b"), iff("StringEquals", "*"));
alone(yes, "StringLike does", team("blue"), iff("StringLike", "b*e"));
alone(no, "a key that is missing does not match", {}, iff("StringEquals", "b"));
alone(yes, "a key that is missing matches a negated operator", {}, iff("StringNotEquals", "b"));
alone(yes, "IfExists holds where the key is missing", {}, iff("StringEqualsIfExists", "b"));
alone(no, "IfExists compares where the key is there", team("c"), iff("StringEqualsIfExists", "b"));
alone(yes, "Null true asks for no key", {}, iff("Null", "true"));
alone(no, "Null false asks for a key", {}, iff("Null", "false"));
const put: Ask = { action: "events:PutEvents", resource: bus };
const entries = (...sources: readonly string[]): Ask => ({ ...put, context: { "events:source": sources } });
const from = (operator: string, ...sources: readonly string[]): RawStatement =>
  allow({ Action: ["events:PutEvents"], Resource: [bus] }, where(operator, "events:source", ...sources));
alone(yes, "ForAllValues: each value of the request is one of the policy's", entries("a", "b"), from("ForAllValues:StringEquals", "a", "b", "c"));
alone(no, "ForAllValues: one value that is none of them is too many", entries("a", "x"), from("ForAllValues:StringEquals", "a", "b"));
alone(yes, "ForAllValues holds where the key is missing", put, from("ForAllValues:StringEquals", "a"));
alone(yes, "ForAnyValue: one value is enough", entries("a", "x"), from("ForAnyValue:StringEquals", "a"));
alone(no, "ForAnyValue does not hold where the key is missing", put, from("ForAnyValue:StringEquals", "a"));
alone(no, "ForAnyValue does not hold where the key is missing, negated either", put, from("ForAnyValue:StringNotEquals", "a"));
const sourced = (text: string): Ask => ({ context: { "aws:SourceArn": text } });
alone(
  yes,
  "ArnEquals knows wildcards, as ArnLike does",
  sourced(bus),
  allow(send, where("ArnEquals", "aws:SourceArn", `arn:aws:events:*:${home}:event-bus/*`)),
);
alone(
  no,
  "each part is compared on its own",
  sourced(`arn:aws:sns:eu:${away}:a:${home}:b`),
  allow(send, where("ArnLike", "aws:SourceArn", `arn:aws:sns:*:${home}:b`.replace("sns:*", "sns:*:*"))),
);
add(
  denied,
  "plain transport is denied",
  { context: { "aws:SecureTransport": "false" } },
  { identity: [full], resource: policy(deny(send, { Principal: "*" }, where("Bool", "aws:SecureTransport", "false"))) },
);
alone(yes, "an address lies in a range", { context: { "aws:SourceIp": "10.1.2.3" } }, allow(send, where("IpAddress", "aws:SourceIp", "10.1.0.0/16")));
alone(no, "NotIpAddress is its contrary", { context: { "aws:SourceIp": "10.1.2.3" } }, allow(send, where("NotIpAddress", "aws:SourceIp", "10.1.0.0/16")));
alone(yes, "IPv6 has ranges too", { context: { "aws:SourceIp": "2001:db8::1" } }, allow(send, where("IpAddress", "aws:SourceIp", "2001:db8::/32")));
alone(
  yes,
  "numbers are compared as numbers",
  { context: { "aws:MultiFactorAuthAge": "9" } },
  allow(send, where("NumericLessThan", "aws:MultiFactorAuthAge", "10")),
);
alone(
  yes,
  "equals is part of less than or equals",
  { context: { "aws:MultiFactorAuthAge": "10" } },
  allow(send, where("NumericLessThanEquals", "aws:MultiFactorAuthAge", "10.0")),
);
alone(
  no,
  "a date in the past is not later",
  { context: { "aws:CurrentTime": "2026-01-01T00:00:00Z" } },
  allow(send, where("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z")),
);
alone(
  yes,
  "seconds since 1970 are a date",
  { context: { "aws:CurrentTime": "2026-01-01T00:00:00Z" } },
  allow(send, where("DateEquals", "aws:CurrentTime", "1767225600")),
);
alone(
  no,
  "leading keys outside the tenant are refused",
  { action: "dynamodb:GetItem", resource: table, context: { "dynamodb:LeadingKeys": ["other"], "aws:PrincipalTag/tenant": "mine" } },
  allow({ Action: ["dynamodb:GetItem"], Resource: [table] }, where("ForAllValues:StringEquals", "dynamodb:LeadingKeys", "${aws:PrincipalTag/tenant}")),
);

const vpc = `arn:aws:ec2:eu-west-1:${home}:vpc/v-1`;
alone(
  yes,
  "an ARN that a key of type text holds is compared as one, as in AWS's key policy for CloudWatch Logs",
  { context: { "aws:SourceVpcArn": vpc } },
  allow(send, where("ArnLike", "aws:SourceVpcArn", `arn:aws:ec2:*:${home}:vpc/*`)),
);
alone(
  no,
  "text that is no ARN is like none",
  { context: { "aws:SourceVpcArn": "vpc-1" } },
  allow(send, where("ArnLike", "aws:SourceVpcArn", "arn:*:ec2:*:*:*")),
);

export const goldenCases: readonly GoldenCase[] = found;
