/** Policies as a reviewer reads them: one line for each thing that a role may do to one resource, and under which conditions. */
import type { Condition, Policy, Statement } from "./policy.ts";

export interface Permission {
  readonly effect: "Allow" | "Deny";
  /** Whom a resource's own policy names; empty in a role's policy, which is for the role. */
  readonly who: string;
  /** What it is for, from the statement. */
  readonly purpose: string;
  /** E.g. `dynamodb:GetItem`. */
  readonly action: string;
  readonly resource: string;
  /** Each condition in words, e.g. `dynamodb:LeadingKeys is like e#orders/keep-stock#*`. */
  readonly conditions: readonly string[];
}

/** Ordered: equal policies give equal lists, however their statements are cut. */
export function permissionsOf(policy: Policy): readonly Permission[] {
  const permissions = policy.Statement.flatMap((statement) =>
    statement.Action.flatMap((action) =>
      (statement.Resource ?? [""]).map((resource): Permission => ({
        effect: statement.Effect,
        who: whoOf(statement.Principal),
        purpose: words(statement.Sid),
        action,
        resource,
        conditions: conditionsOf(statement.Condition),
      })),
    ),
  );
  return permissions.sort((left, right) => (permissionText(left) < permissionText(right) ? -1 : 1));
}

/** The permission as one line, without its purpose: what two versions are compared by. */
export function permissionText({ effect, who, action, resource, conditions }: Permission): string {
  const to = resource === "" ? [] : ["on", resource];
  return [
    ...(who === "" ? [] : [who]),
    effect === "Allow" ? "may" : "may not",
    action,
    ...to,
    ...(conditions.length === 0 ? [] : ["if", conditions.join(" and ")]),
  ].join(" ");
}

export interface PermissionChange {
  readonly change: "added" | "removed";
  readonly permission: Permission;
}

/** What `after` allows or denies that `before` did not, and the reverse. */
export function permissionChanges(before: Policy | undefined, after: Policy | undefined): readonly PermissionChange[] {
  const [old, young] = [before, after].map(
    (policy) => new Map((policy === undefined ? [] : permissionsOf(policy)).map((each) => [permissionText(each), each])),
  );
  const missing = (from: typeof old, than: typeof old, change: PermissionChange["change"]): readonly PermissionChange[] =>
    [...(from ?? [])].filter(([text]) => than?.has(text) !== true).map(([, permission]) => ({ change, permission }));
  return [...missing(young, old, "added"), ...missing(old, young, "removed")];
}

const relations: Readonly<Record<string, string>> = {
  StringEquals: "is",
  StringLike: "is like",
  StringNotEquals: "is not",
  ArnEquals: "is",
  ArnLike: "is like",
  ArnNotEquals: "is not",
  Bool: "is",
};

function conditionsOf(condition: Condition = {}): readonly string[] {
  return Object.entries(condition).flatMap(([operator, keys]) => {
    const [quantifier, base] = operator.includes(":") ? operator.split(":") : ["", operator];
    // `Null: false` beside a set operator only says that the key must be there, which the words say already.
    if (base === "Null") return [];
    const relation = relations[base ?? ""] ?? base ?? operator;
    const prefix = quantifier === "ForAllValues" ? "every " : "";
    return Object.entries(keys).map(([key, values]) => `${prefix}${key} ${relation} ${[values].flat().join(" or ")}`);
  });
}

function whoOf(principal: Statement["Principal"]): string {
  if (principal === undefined) return "";
  return principal === "*" ? "anybody" : Object.values(principal).flat().join(", ");
}

function words(sid: Statement["Sid"]): string {
  return sid.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}
