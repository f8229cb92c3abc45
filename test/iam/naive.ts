/**
 * A second evaluator, slow and plain, that shares nothing with the first: it reads the JSON of policies instead of a parsed form,
 * makes a regular expression of each pattern, and puts the rules together as one table of truth.
 */
import type { Principal, Request } from "../../src/audit/iam/types.ts";

export interface RawStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource?: readonly string[];
  readonly NotResource?: readonly string[];
  readonly Principal?: RawPrincipal;
  readonly NotPrincipal?: RawPrincipal;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}
export type RawPrincipal = "*" | Readonly<Record<string, readonly string[]>>;
export interface RawPolicy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly RawStatement[];
}
export interface RawPolicies {
  readonly identity?: readonly RawPolicy[];
  readonly boundary?: RawPolicy;
  readonly session?: RawPolicy;
  readonly scps?: readonly (readonly RawPolicy[])[];
  readonly rcps?: readonly (readonly RawPolicy[])[];
  readonly resource?: RawPolicy;
}

type Facts = Record<string, readonly string[]>;
const controlled = ["events", "sqs", "dynamodb", "kms", "secretsmanager", "logs", "s3", "sts", "xray"];

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** Variables become text in which `*` and `?` are hidden behind two characters that no ARN has. */
function substitute(pattern: string, facts: Facts): string | undefined {
  const missing: string[] = [];
  const text = pattern.replace(/\$\{([^}]*)\}/g, (_, inner: string) => {
    const [name = "", fallback] = inner.split(/,\s*/);
    const found = ["*", "?", "$"].includes(inner) ? inner : (facts[name.toLowerCase()]?.[0] ?? fallback?.slice(1, -1));
    if (found === undefined || (facts[name.toLowerCase()]?.length ?? 0) > 1) missing.push(inner);
    return (found ?? "").replaceAll("*", "\uE000").replaceAll("?", "\uE001");
  });
  return missing.length > 0 ? undefined : text;
}

const show = (text: string): string => text.replaceAll("\uE000", "*").replaceAll("\uE001", "?");

function globRegExp(text: string, flags = ""): RegExp {
  const body = escape(text).replaceAll("\\*", "[^]*").replaceAll("\\?", "[^]");
  return new RegExp(`^${body.replaceAll("\uE000", "\\*").replaceAll("\uE001", "\\?")}$`, `u${flags}`);
}

function likeArn(pattern: string, arn: string): boolean {
  const cut = (text: string): readonly string[] => [...text.split(":", 5), text.split(":").slice(5).join(":")];
  const parts = cut(arn);
  return cut(pattern).every((part, index) => globRegExp(part).test(parts[index] ?? ""));
}

function factsOf(request: Request, owner: string): Facts {
  const facts: Facts = { "aws:resourceaccount": [owner], "aws:principalisawsservice": [request.principal.type === "service" ? "true" : "false"] };
  for (const [key, value] of Object.entries(request.context ?? {})) facts[key.toLowerCase()] = typeof value === "string" ? [value] : value;
  const { principal } = request;
  if (principal.type === "service") facts["aws:principalservicename"] = [principal.name];
  if (principal.type === "session" || principal.type === "user") {
    const arn = principal.type === "session" ? principal.roleArn : principal.arn;
    facts["aws:principalarn"] = [arn];
    facts["aws:principalaccount"] = [/::(\d+):/.exec(arn)?.[1] ?? ""];
    facts["aws:principaltype"] = [principal.type === "session" ? "AssumedRole" : "User"];
    if (principal.type === "user") facts["aws:username"] = [arn.split("/").pop() ?? ""];
  }
  return facts;
}

function bitsOf(address: string): string {
  if (!address.includes(":")) return address.split(".").reduce((bits, part) => bits + Number(part).toString(2).padStart(8, "0"), "");
  const count = address.split(":").filter((group) => group !== "").length;
  const full = address.includes("::") ? address.replace("::", `:${"0:".repeat(8 - count)}`) : address;
  return full
    .split(":")
    .filter((group) => group !== "")
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0"))
    .join("");
}

const time = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : new Date(text).getTime());

function pairMatches(operator: string, wanted: string, value: string, facts: Facts): boolean {
  const text = show(substitute(wanted, facts) ?? "");
  switch (operator.replace("Not", "")) {
    case "StringEquals":
      return text === value;
    case "StringEqualsIgnoreCase":
      return text.toUpperCase() === value.toUpperCase();
    case "StringLike":
      return globRegExp(substitute(wanted, facts) ?? "").test(value);
    case "ArnEquals":
    case "ArnLike":
      return likeArn(substitute(wanted, facts) ?? "", value);
    case "Bool":
      return wanted === value;
    case "IpAddress": {
      const [network = "", size] = wanted.split("/");
      const [left, right] = [bitsOf(network), bitsOf(value)];
      return left.length === right.length && right.startsWith(left.slice(0, size === undefined ? left.length : Number(size)));
    }
    default:
      return comparison(operator, wanted, value);
  }
}

function comparison(operator: string, wanted: string, value: string): boolean {
  const difference = operator.startsWith("Date") ? time(value) - time(wanted) : Number(value) - Number(wanted);
  const name = operator.replace(/^Date|^Numeric/, "").replace("Not", "");
  if (name === "Equals") return difference === 0;
  if (name.endsWith("Equals") && difference === 0) return true;
  return name.startsWith("LessThan") ? difference < 0 : difference > 0;
}

function conditionHolds(fullName: string, key: string, wanted: readonly string[], facts: Facts): boolean {
  const values = facts[key.toLowerCase()];
  if (fullName === "Null") return wanted.includes(values === undefined ? "true" : "false");
  const all = fullName.startsWith("ForAllValues:");
  const any = fullName.startsWith("ForAnyValue:");
  const optional = fullName.endsWith("IfExists");
  const name = fullName.replace(/^For\w+:/, "").replace(/IfExists$/, "");
  const isNegative = name.includes("Not");
  if (values === undefined) {
    if (optional || all) return true;
    return any ? false : isNegative;
  }
  const each = values.map((value) => {
    const matched = wanted.filter((text) => pairMatches(name, text, value, facts)).length;
    return isNegative ? matched === 0 : matched > 0;
  });
  return any ? each.includes(true) : !each.includes(false);
}

/** For each way in which a statement can name the principal, whether it does. */
interface Named {
  readonly self: boolean;
  readonly role: boolean;
  readonly account: boolean;
}

function namedBy(given: RawPrincipal, principal: Principal): Named {
  if (given === "*" || given["AWS"]?.includes("*") === true) return { self: true, role: true, account: true };
  const aws = given["AWS"] ?? [];
  if (principal.type === "service") return { self: given["Service"]?.includes(principal.name) ?? false, role: false, account: false };
  if (principal.type === "web-identity") return { self: given["Federated"]?.includes(principal.providerArn) ?? false, role: false, account: false };
  const arn = principal.type === "user" ? principal.arn : principal.roleArn;
  const number = arn.slice("arn:aws:iam::".length).slice(0, 12);
  const account = aws.includes(number) || aws.includes(`arn:aws:iam::${number}:root`);
  if (principal.type === "user") return { self: aws.includes(arn), role: false, account };
  const session = arn.replace(":iam:", ":sts:").replace(/role\/(?:.*\/)?/, "assumed-role/");
  return { self: aws.includes(`${session}/${principal.sessionName}`), role: aws.includes(arn), account };
}

function spared(given: RawPrincipal, principal: Principal): boolean {
  const { self, role, account } = namedBy(given, principal);
  if (principal.type === "session") return self && role && account;
  return principal.type === "user" ? self && account : self;
}

const nobody: Named = { self: false, role: false, account: false };

function whom(statement: RawStatement, request: Request, facts: Facts): Named {
  const { Action, NotAction, Resource, NotResource, Principal: given, NotPrincipal, Condition = {} } = statement;
  const action = (pattern: string): boolean => globRegExp(pattern, "i").test(request.action);
  const resource = (pattern: string): boolean => globRegExp(substitute(pattern, facts) ?? "").test(request.resource);
  const conditions = Object.entries(Condition).flatMap(([name, keys]) => Object.entries(keys).map(([key, wanted]) => ({ name, key, wanted })));
  const patterns = [...(Resource ?? []), ...(NotResource ?? []), ...conditions.flatMap(({ wanted }) => wanted)];
  const fitting =
    patterns.every((pattern) => substitute(pattern, facts) !== undefined) &&
    (Action === undefined || Action.some(action)) &&
    NotAction?.some(action) !== true &&
    (Resource === undefined || Resource.some(resource)) &&
    NotResource?.some(resource) !== true &&
    conditions.every(({ name, key, wanted }) => conditionHolds(name, key, wanted, facts));
  if (!fitting) return nobody;
  if (NotPrincipal !== undefined) return spared(NotPrincipal, request.principal) ? nobody : { self: true, role: true, account: true };
  return given === undefined ? { self: true, role: false, account: false } : namedBy(given, request.principal);
}

export function naiveEvaluate(request: Request, policies: RawPolicies): "allow" | "explicit-deny" | "implicit-deny" {
  const { principal } = request;
  const owner = request.resourceAccount ?? request.resource.split(":")[4] ?? "";
  const mine = principal.type === "session" ? principal.roleArn.slice(13, 25) : principal.type === "user" ? principal.arn.slice(13, 25) : undefined;
  const ownerAccount = owner === "" ? (mine ?? "") : owner;
  const facts = factsOf(request, ownerAccount);
  const service = request.action.split(":")[0]?.toLowerCase() ?? "";
  const has = (policy: RawPolicy | undefined, effect: string, way: keyof Named | "any"): boolean =>
    (policy?.Statement ?? []).some((statement) => {
      const named = whom(statement, request, facts);
      return statement.Effect === effect && (way === "any" ? named.self || named.role || named.account : named[way]);
    });
  const scps = mine === undefined ? [] : (policies.scps ?? []);
  const rcps = controlled.includes(service) ? (policies.rcps ?? []) : [];
  const own = mine === undefined ? [] : [...(policies.identity ?? []), policies.boundary, policies.session];
  const everything = [...own, ...scps.flat(), ...rcps.flat(), policies.resource];
  if (everything.some((policy) => has(policy, "Deny", "any"))) return "explicit-deny";
  const gates = [...scps, ...rcps].every((level) => level.some((policy) => has(policy, "Allow", "any")));
  const bounds = [policies.boundary, policies.session].every((policy) => policy === undefined || has(policy, "Allow", "any"));
  const identity = bounds && (policies.identity ?? []).some((policy) => has(policy, "Allow", "any"));
  const self = has(policies.resource, "Allow", "self");
  const role = has(policies.resource, "Allow", "role");
  const account = has(policies.resource, "Allow", "account");
  const ruled = /^sts:assumerole/i.test(request.action) || (service === "kms" && request.resource.includes(":key/"));
  const granted =
    mine === undefined ? self : mine !== ownerAccount ? identity && (self || role || account) : self || (role && bounds) || (identity && (account || !ruled));
  return gates && granted ? "allow" : "implicit-deny";
}
