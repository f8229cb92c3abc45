/** Who a statement is about: reading `Principal` and `NotPrincipal`, and comparing them with who asks. */
import type { PulseQueueError } from "../../core/errors.ts";
import { rootAccount } from "./arn.ts";
import type { Patterns, PolicyKind, Principal, PrincipalPattern, Statement } from "./types.ts";

type Refuse = (text: string) => PulseQueueError;

const withPrincipals: readonly PolicyKind[] = ["resource", "trust", "rcp"];
const shapes: Readonly<Record<PrincipalPattern["type"], RegExp>> = {
  AWS: /^(?:\*|arn:aws[a-z-]*:iam::\d{12}:(?:root|(?:user|role)\/[\w+=,.@/-]+)|arn:aws[a-z-]*:sts::\d{12}:assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+)$/,
  Service: /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com$/,
  Federated: /^arn:aws[a-z-]*:iam::\d{12}:oidc-provider\/[\w./:-]+$/,
};

export function parsePrincipals(
  kind: PolicyKind,
  effect: Statement["effect"],
  fields: Readonly<Record<string, unknown>>,
  refuse: Refuse,
): Patterns<PrincipalPattern> | undefined {
  const { Principal: plain, NotPrincipal: negated } = fields;
  if (plain !== undefined && negated !== undefined) throw refuse("it has both Principal and NotPrincipal");
  const value = plain ?? negated;
  if ((value !== undefined) !== withPrincipals.includes(kind))
    throw refuse(value === undefined ? "it has no Principal" : `a policy of this kind (${kind}) has no Principal`);
  if (value === undefined) return undefined;
  if (kind === "rcp" && value !== "*") throw refuse('the Principal of a resource control policy is "*"');
  if (negated !== undefined && effect === "Allow") throw refuse("NotPrincipal with Allow lets in everybody who is not named");
  return { not: plain === undefined, items: value === "*" ? [{ type: "AWS", value }] : patternsOf(value, refuse) };
}

function patternsOf(value: unknown, refuse: Refuse): readonly PrincipalPattern[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse('Principal must be "*" or an object');
  const patterns = Object.entries(value as Readonly<Record<string, unknown>>).flatMap(([type, names]) => {
    if (type !== "AWS" && type !== "Service" && type !== "Federated") throw refuse(`${type} is no kind of principal that is used here`);
    const list: readonly unknown[] = Array.isArray(names) ? names : [names];
    if (list.length === 0) throw refuse(`${type} names nobody`);
    return list.map((name) => patternOf(type, name, refuse));
  });
  if (patterns.length === 0) throw refuse("Principal names nobody");
  return patterns;
}

function patternOf(type: PrincipalPattern["type"], name: unknown, refuse: Refuse): PrincipalPattern {
  const value = type === "AWS" && typeof name === "string" && /^\d{12}$/.test(name) ? `arn:aws:iam::${name}:root` : name;
  if (typeof value !== "string" || !shapes[type].test(value)) throw refuse(`${String(name)} is no principal of kind ${type}`);
  return { type, value };
}

/** The account that the principal is of. */
export function accountOf(principal: Principal): string | undefined {
  if (principal.type === "session") return principal.roleArn.split(":")[4];
  return principal.type === "user" ? principal.arn.split(":")[4] : undefined;
}

function sessionArn(roleArn: string, sessionName: string): string {
  const [, partition = "", , , account = ""] = roleArn.split(":");
  return `arn:${partition}:sts::${account}:assumed-role/${roleArn.slice(roleArn.lastIndexOf("/") + 1)}/${sessionName}`;
}

/**
 * How a statement names the principal: `itself` (the user, the session, the service, everybody), the `role` of a session, or its
 * `account`, which only hands the decision to the account's own policies.
 */
export type Naming = "itself" | "role" | "account";

function namingBy({ type, value }: PrincipalPattern, principal: Principal): Naming | undefined {
  if (type === "AWS" && value === "*") return "itself";
  if (principal.type === "service") return type === "Service" && value === principal.name ? "itself" : undefined;
  if (principal.type === "web-identity") return type === "Federated" && value === principal.providerArn ? "itself" : undefined;
  if (type !== "AWS") return undefined;
  if (rootAccount(value) !== undefined) return rootAccount(value) === accountOf(principal) ? "account" : undefined;
  if (principal.type === "user") return value === principal.arn ? "itself" : undefined;
  if (value === sessionArn(principal.roleArn, principal.sessionName)) return "itself";
  return value === principal.roleArn ? "role" : undefined;
}

/** The strongest way in which a statement is about the principal, if it is. */
export function namingOf(principals: Patterns<PrincipalPattern>, principal: Principal): Naming | undefined {
  const found = new Set(principals.items.map((pattern) => namingBy(pattern, principal)));
  if (principals.not) return isExempt(principals.items, found, principal) ? undefined : "itself";
  return (["itself", "role", "account"] as const).find((naming) => found.has(naming));
}

/** `NotPrincipal` spares a user only where its account is listed too, and a session only where its role and account are. */
function isExempt(patterns: readonly PrincipalPattern[], found: ReadonlySet<Naming | undefined>, principal: Principal): boolean {
  if (patterns.some(({ value }) => value === "*")) return true;
  const needed: readonly Naming[] =
    principal.type === "session" ? ["itself", "role", "account"] : principal.type === "user" ? ["itself", "account"] : ["itself"];
  return needed.every((naming) => found.has(naming));
}
