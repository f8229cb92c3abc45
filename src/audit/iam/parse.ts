/** Reads policies. What is not understood to the letter is refused: a policy that is judged in part would pass for one that is safe. */
import { PulseQueueError } from "../../core/errors.ts";
import { isArnPattern } from "./arn.ts";
import { isKnownAction, keyType } from "./catalogue.ts";
import { isValueOf, parseOperator, parseRange, suits, takesVariables } from "./operators.ts";
import { variablesOf } from "./pattern.ts";
import { parsePrincipals } from "./principals.ts";
import type { Condition, Patterns, Policy, PolicyKind, Statement } from "./types.ts";

type Fields = Readonly<Record<string, unknown>>;
export type Refuse = (text: string) => PulseQueueError;

/**
 * The policy that a JSON value holds. `name` says to a reviewer where it is attached.
 *
 * Throws `IAM_POLICY_INVALID` for an unknown field, operator, action or condition key, a value that its key cannot have, a malformed
 * ARN, principal or variable, and a version other than 2012-10-17.
 */
export function parsePolicy(kind: PolicyKind, name: string, document: unknown): Policy {
  const refuse: Refuse = (text) => new PulseQueueError("IAM_POLICY_INVALID", `${name}: ${text}`);
  const fields = fieldsOf(document, ["Version", "Id", "Statement"], "the policy", refuse);
  if (fields["Version"] !== "2012-10-17") throw refuse("Version must be 2012-10-17: others know no variables");
  if (fields["Id"] !== undefined && typeof fields["Id"] !== "string") throw refuse("Id must be text");
  const list: readonly unknown[] = Array.isArray(fields["Statement"]) ? fields["Statement"] : [fields["Statement"]];
  if (list.length === 0) throw refuse("there is no statement");
  const statements = list.map((item, index) => parseStatement(kind, item, index, (text) => refuse(`statement ${String(index)}: ${text}`)));
  const sids = statements.flatMap(({ sid }) => sid ?? []);
  if (new Set(sids).size !== sids.length) throw refuse("two statements have the same Sid");
  return { kind, name, statements };
}

function parseStatement(kind: PolicyKind, value: unknown, index: number, refuse: Refuse): Statement {
  const known = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"];
  const fields = fieldsOf(value, known, "it", refuse);
  const { Sid: sid, Effect: effect } = fields;
  if (sid !== undefined && (typeof sid !== "string" || !/^[A-Za-z0-9]+$/.test(sid))) throw refuse("Sid must be letters and digits");
  if (effect !== "Allow" && effect !== "Deny") throw refuse("Effect must be Allow or Deny");
  const actions = patternsOf(fields, "Action", refuse);
  if (actions === undefined) throw refuse("it has no Action");
  for (const action of actions.items) checkAction(action, refuse);
  const resources = patternsOf(fields, "Resource", refuse);
  if ((resources === undefined) !== (kind === "trust")) throw refuse(kind === "trust" ? "a trust policy has no Resource" : "it has no Resource");
  for (const resource of resources?.items ?? []) checkResource(resource, refuse);
  return {
    index,
    sid,
    effect,
    actions,
    resources,
    principals: parsePrincipals(kind, effect, fields, refuse),
    conditions: conditionsOf(fields["Condition"], refuse),
  };
}

export function fieldsOf(value: unknown, known: readonly string[] | undefined, what: string, refuse: Refuse): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse(`${what} must be an object`);
  const unknown = known === undefined ? undefined : Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw refuse(`${what} has a field ${unknown} that policies do not have`);
  return value as Fields;
}

/** One text or several, never none. */
export function textsOf(value: unknown, what: string, refuse: Refuse): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.filter((item) => typeof item === "string");
  if (texts.length === 0 || texts.length !== list.length || texts.includes("")) throw refuse(`${what} must be text or a list of texts`);
  return texts;
}

function patternsOf(fields: Fields, field: "Action" | "Resource", refuse: Refuse): Patterns<string> | undefined {
  const [plain, negated] = [fields[field], fields[`Not${field}`]];
  if (plain !== undefined && negated !== undefined) throw refuse(`it has both ${field} and Not${field}`);
  if (plain === undefined && negated === undefined) return undefined;
  return { not: plain === undefined, items: textsOf(plain ?? negated, field, refuse) };
}

function checkAction(pattern: string, refuse: Refuse): void {
  if (pattern !== "*" && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/.test(pattern)) throw refuse(`${pattern} is no action`);
  if (!isKnownAction(pattern)) throw refuse(`no action of the catalogue is called ${pattern}`);
}

function checkResource(pattern: string, refuse: Refuse): void {
  checkVariables(pattern, refuse);
  if (pattern !== "*" && !isArnPattern(pattern)) throw refuse(`${pattern} is no ARN`);
}

function checkVariables(pattern: string, refuse: Refuse): void {
  const { variables, malformed } = variablesOf(pattern);
  if (malformed) throw refuse(`${pattern} holds a malformed variable`);
  for (const { key } of variables) {
    const type = keyType(key);
    if (type === undefined) throw refuse(`${pattern} refers to ${key}, which is no condition key of the catalogue`);
    if (type.multiple) throw refuse(`${pattern} refers to ${key}, which can have several values`);
  }
}

function conditionsOf(value: unknown, refuse: Refuse): readonly Condition[] {
  if (value === undefined) return [];
  return Object.entries(fieldsOf(value, undefined, "Condition", refuse)).flatMap(([name, keys]) =>
    Object.entries(fieldsOf(keys, undefined, name, refuse)).map(([key, values]) => parseCondition(name, key, values, refuse)),
  );
}

function parseCondition(name: string, key: string, value: unknown, refuse: Refuse): Condition {
  const operator = parseOperator(name);
  if (operator === undefined) throw refuse(`${name} is no condition operator`);
  const type = keyType(key);
  if (type === undefined) throw refuse(`${key} is no condition key of the catalogue`);
  if (!suits(operator.test, type)) throw refuse(`${name} cannot be asked about ${key}, which is of type ${type.type}`);
  // AWS does not say what a plain operator does with several values.
  if (type.multiple && operator.set === undefined && operator.test !== "Null")
    throw refuse(`${key} can have several values: ${name} needs ForAllValues or ForAnyValue`);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const values = textsOf(
    list.map((item) => (typeof item === "boolean" || typeof item === "number" ? String(item) : item)),
    key,
    refuse,
  );
  for (const text of values) {
    if (takesVariables(operator.test)) checkVariables(text, refuse);
    if (!isLegal(operator.test, type, text)) throw refuse(`${name} cannot compare ${key} with ${text}`);
  }
  return { ...operator, key: key.toLowerCase(), values };
}

function isLegal(test: Condition["test"], type: Parameters<typeof isValueOf>[0], text: string): boolean {
  if (test === "Null" || test === "Bool") return text === "true" || text === "false";
  if (test === "ArnLike") return isArnPattern(text);
  if (test === "IpAddress") return parseRange(text) !== undefined;
  return takesVariables(test) || isValueOf(type, text);
}
