/**
 * Random policies and requests. All names come from few, so that patterns meet what is asked for often enough: a comparison in
 * which everything is denied would say nothing.
 */
import type { SeededRandom } from "../../src/testing/random.ts";
import type { Principal, Request } from "../../src/audit/iam/types.ts";
import type { RawPolicies, RawPolicy, RawPrincipal, RawStatement } from "./naive.ts";

export interface Case {
  readonly request: Request;
  readonly policies: RawPolicies;
}

const [home, away] = ["111111111111", "222222222222"] as const;
const role = `arn:aws:iam::${home}:role/app/orders`;
const session = `arn:aws:sts::${home}:assumed-role/orders/run-1`;
const user = `arn:aws:iam::${home}:user/ada`;
const provider = `arn:aws:iam::${home}:oidc-provider/token.actions.githubusercontent.com`;

const principals: readonly Principal[] = [
  { type: "session", roleArn: role, sessionName: "run-1" },
  { type: "session", roleArn: role, sessionName: "run-1" },
  { type: "session", roleArn: `arn:aws:iam::${home}:role/other`, sessionName: "run-1" },
  { type: "user", arn: user },
  { type: "service", name: "events.amazonaws.com" },
];
const named: readonly string[] = [role, role, session, user, `arn:aws:iam::${home}:root`, home, away, `arn:aws:iam::${home}:role/other`];

interface Target {
  readonly action: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly patterns: readonly string[];
  readonly keys: readonly Key[];
}

interface Key {
  readonly name: string;
  readonly operators: readonly string[];
  /** What requests say. */
  readonly given: readonly string[];
  /** What policies say. */
  readonly wanted: readonly string[];
  readonly multiple?: boolean;
  /** Filled in by the evaluator. */
  readonly derived?: boolean;
}

const strings = ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"];
const arns = ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringEquals"];
const ordered = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];

const commonKeys: readonly Key[] = [
  {
    name: "aws:PrincipalTag/team",
    operators: strings,
    given: ["blue", "Blue", "b*"],
    wanted: ["blue", "b*", "b?ue", "${*}", "${aws:PrincipalTag/team}", "b${*}"],
  },
  { name: "aws:SourceAccount", operators: strings, given: [home, away], wanted: [home, away, "1*", "${aws:PrincipalAccount, 'none'}"] },
  {
    name: "aws:SourceArn",
    operators: arns,
    given: [`arn:aws:events:eu-west-1:${home}:rule/shop/a`, `arn:aws:sns:eu-west-1:${away}:x:y`],
    wanted: [`arn:aws:events:*:${home}:rule/*`, `arn:aws:events:eu-west-1:*:rule/shop/?`, `arn:aws:sns:*:*:x:*`, `arn:*:sns:*:y`.replace(":y", `:${away}:*y`)],
  },
  { name: "aws:SecureTransport", operators: ["Bool"], given: ["true", "false"], wanted: ["true", "false"] },
  {
    name: "aws:SourceIp",
    operators: ["IpAddress", "NotIpAddress"],
    given: ["10.0.0.7", "10.1.0.7", "2001:db8::1"],
    wanted: ["10.0.0.0/16", "10.0.0.0/8", "10.0.0.7", "2001:db8::/32", "0.0.0.0/0"],
  },
  {
    name: "aws:CurrentTime",
    operators: ordered.map((name) => `Date${name}`),
    given: ["2026-01-02T00:00:00Z", "1767312000"],
    wanted: ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "1767398400"],
  },
  { name: "aws:MultiFactorAuthAge", operators: ordered.map((name) => `Numeric${name}`), given: ["10", "60"], wanted: ["10", "59.5", "60.0"] },
  {
    name: "aws:PrincipalOrgPaths",
    operators: strings,
    multiple: true,
    given: ["o-1/r/a/", "o-1/r/b/", "o-2/"],
    wanted: ["o-1/*", "o-1/r/a/", "O-2/", "*/b/"],
  },
  {
    name: "aws:PrincipalArn",
    operators: arns,
    derived: true,
    given: [],
    wanted: [role, `arn:aws:iam::*:role/app/*`, `arn:aws:iam::${home}:user/\${aws:username}`],
  },
  { name: "aws:PrincipalIsAWSService", operators: ["Bool"], derived: true, given: [], wanted: ["true", "false"] },
];

const target = (
  service: string,
  verb: string,
  others: readonly string[],
  names: readonly string[],
  patterns: readonly string[],
  keys: readonly Key[] = [],
): Target => ({
  action: `${service}:${verb}`,
  actions: [
    `${service}:${verb}`,
    `${service}:${verb.toUpperCase()}`,
    `${service}:*`,
    `${service}:${verb.slice(0, 3)}*`,
    "*",
    ...others.map((name) => `${service}:${name}`),
  ],
  resources: names,
  patterns: ["*", ...names, ...patterns],
  keys: [...keys, ...keys, ...commonKeys],
});

const arn = (service: string, rest: string, account: string = home): string => `arn:aws:${service}:eu-west-1:${account}:${rest}`;
const multi = (name: string): Key => ({ name, operators: strings, multiple: true, given: ["a", "A", "b"], wanted: ["a", "b", "?", "c*"] });

const targets: readonly Target[] = [
  target(
    "events",
    "PutEvents",
    ["PutRule"],
    [arn("events", "event-bus/shop"), arn("events", "event-bus/blue", away)],
    [arn("events", "event-bus/*"), arn("events", "event-bus/${aws:PrincipalTag/team}", "*"), arn("events", "event-bus/${aws:PrincipalTag/team, 'shop'}")],
    [multi("events:source"), multi("events:detail-type")],
  ),
  target(
    "sqs",
    "SendMessage",
    ["ReceiveMessage"],
    [arn("sqs", "q"), arn("sqs", "q", away)],
    [arn("sqs", "?"), "arn:aws:sqs:*:q", `arn:aws:sqs:*:*:Q`].map((text) => text.replace("sqs:*:q", "sqs:*:*:q")),
  ),
  target(
    "dynamodb",
    "GetItem",
    ["PutItem"],
    [arn("dynamodb", "table/t"), arn("dynamodb", "table/t", away)],
    [arn("dynamodb", "table/*"), arn("dynamodb", "table/t?")],
    [multi("dynamodb:LeadingKeys")],
  ),
  target(
    "kms",
    "Decrypt",
    ["Encrypt"],
    [arn("kms", "key/k"), arn("kms", "key/k", away)],
    [arn("kms", "key/*")],
    [
      {
        name: "kms:ViaService",
        operators: strings,
        given: ["sqs.eu-west-1.amazonaws.com"],
        wanted: ["sqs.*.amazonaws.com", "dynamodb.eu-west-1.amazonaws.com"],
      },
    ],
  ),
  target(
    "lambda",
    "InvokeFunction",
    ["GetFunction"],
    [arn("lambda", "function:f"), arn("lambda", "function:f:live", away)],
    [arn("lambda", "function:f*"), arn("lambda", "*:live", "*")],
  ),
  target("sts", "AssumeRole", ["TagSession"], [`arn:aws:iam::${home}:role/target`, `arn:aws:iam::${away}:role/target`], ["arn:aws:iam::*:role/*"]),
  target("xray", "PutTraceSegments", ["PutTelemetryRecords"], ["*"], []),
];

const trustTarget = target("sts", "AssumeRoleWithWebIdentity", ["TagSession"], [`arn:aws:iam::${home}:role/deploy`], ["arn:aws:iam::*:role/*"]);

function some<Item>(random: SeededRandom, items: readonly Item[], most = 2): readonly Item[] {
  return Array.from({ length: 1 + random.below(most) }, () => random.pick(items));
}

function conditionOf(random: SeededRandom, keys: readonly Key[]): NonNullable<RawStatement["Condition"]> {
  const key = random.pick(keys);
  if (random.chance(0.1)) return { Null: { [key.name]: [random.pick(["true", "false"])] } };
  const prefix =
    key.multiple === true ? random.pick(["ForAllValues:", "ForAnyValue:"]) : random.chance(0.05) ? random.pick(["ForAllValues:", "ForAnyValue:"]) : "";
  const name = random.chance(0.2) ? key.name.toUpperCase() : key.name;
  return { [`${prefix}${random.pick(key.operators)}${random.chance(0.25) ? "IfExists" : ""}`]: { [name]: some(random, key.wanted) } };
}

function principalOf(random: SeededRandom, web: boolean): RawPrincipal {
  if (random.chance(0.15)) return "*";
  if (random.chance(0.2)) return { Service: ["events.amazonaws.com"] };
  return web && random.chance(0.7) ? { Federated: [provider] } : { AWS: some(random, named, 3) };
}

type Kind = "plain" | "resource" | "trust" | "rcp";

function statementOf(random: SeededRandom, { actions, patterns, keys }: Target, kind: Kind, deny: number, web: boolean): RawStatement {
  const effect = random.chance(deny) ? "Deny" : "Allow";
  const [action, resource] = [some(random, actions), some(random, patterns)];
  const who = kind === "rcp" ? ("*" as const) : principalOf(random, web);
  const conditions = random.chance(effect === "Deny" ? 0.8 : 0.4)
    ? [conditionOf(random, keys), ...(random.chance(0.3) ? [conditionOf(random, keys)] : [])]
    : [];
  return {
    Effect: effect,
    ...(random.chance(0.1) ? { NotAction: action } : { Action: action }),
    ...(kind === "trust" ? {} : random.chance(0.1) ? { NotResource: resource } : { Resource: resource }),
    ...(kind === "plain" ? {} : effect === "Deny" && kind !== "rcp" && random.chance(0.3) ? { NotPrincipal: who } : { Principal: who }),
    ...(conditions.length === 0 ? {} : { Condition: Object.assign({}, ...conditions) as NonNullable<RawStatement["Condition"]> }),
  };
}

export function randomCase(random: SeededRandom): Case {
  const web = random.chance(0.05);
  const chosen = web ? trustTarget : random.pick(targets);
  const principal: Principal = web ? { type: "web-identity", providerArn: provider } : random.pick(principals);
  const kind: Kind = chosen.action.startsWith("sts:") ? "trust" : "resource";
  const policy = (of: Kind, deny: number): RawPolicy => ({
    Version: "2012-10-17",
    Statement: Array.from({ length: 1 + random.below(3) }, () => statementOf(random, chosen, of, deny, web)),
  });
  const levels = (of: Kind): readonly (readonly RawPolicy[])[] => Array.from({ length: 1 + random.below(2) }, () => [policy(of, 0.05), policy(of, 0.05)]);
  const context = Object.fromEntries(
    chosen.keys
      .filter((key) => key.derived !== true && random.chance(0.6))
      .map((key) => [key.name, key.multiple === true ? [...new Set(some(random, key.given))] : random.pick(key.given)]),
  );
  const resource = random.chance(0.8) ? (chosen.resources[0] ?? "*") : random.pick(chosen.resources);
  return {
    request: { principal, action: chosen.action, resource, ...(resource === "*" ? { resourceAccount: home } : {}), context },
    policies: {
      ...(random.chance(0.85) ? { identity: Array.from({ length: 1 + random.below(2) }, () => policy("plain", 0.15)) } : {}),
      ...(random.chance(0.15) ? { boundary: policy("plain", 0.1) } : {}),
      ...(random.chance(0.1) ? { session: policy("plain", 0.1) } : {}),
      ...(random.chance(0.15) ? { scps: levels("plain") } : {}),
      ...(random.chance(0.15) ? { rcps: levels("rcp") } : {}),
      ...(random.chance(0.7) ? { resource: policy(kind, 0.15) } : {}),
    },
  };
}
