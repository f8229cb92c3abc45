/** Update expressions: their grammar, and what they make of an item. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { validation } from "../service/errors.ts";
import { addNumbers, subtractNumbers } from "./decimal.ts";
import { isOverlapping, parsePath, textOf, valueAt, withValueAt, type Path } from "./path.ts";
import { invalid, tokensOf, type Bindings, type Tokens } from "./tokens.ts";
import type { Item } from "./values.ts";

type Term =
  | { readonly kind: "path"; readonly path: Path }
  | { readonly kind: "value"; readonly value: AttributeValue }
  | { readonly kind: "ifMissing"; readonly path: Path; readonly otherwise: Term }
  | { readonly kind: "append"; readonly left: Term; readonly right: Term }
  | { readonly kind: "+" | "-"; readonly left: Term; readonly right: Term };

type Action =
  | { readonly kind: "SET"; readonly path: Path; readonly term: Term }
  | { readonly kind: "REMOVE"; readonly path: Path }
  | { readonly kind: "ADD" | "DELETE"; readonly path: Path; readonly value: AttributeValue };

export type Update = readonly Action[];

const clauses = ["SET", "REMOVE", "ADD", "DELETE"] as const;

export function parseUpdate(text: string, names: Bindings): Update {
  const tokens = tokensOf(text);
  const actions: Action[] = [];
  const seen = new Set<string>();
  while (tokens.peek() !== undefined) {
    const token = tokens.next();
    const clause = clauses.find((known) => known === token.toUpperCase());
    if (clause === undefined) throw invalid(`Syntax error; token: ${token}`);
    if (seen.has(clause)) throw invalid(`The "${clause}" section can only be used once in an update expression;`);
    seen.add(clause);
    do actions.push(parseAction(clause, tokens, names));
    while (tokens.take(","));
  }
  for (const [index, { path }] of actions.entries()) {
    const other = actions.slice(index + 1).find((action) => isOverlapping(path, action.path) || isOverlapping(action.path, path));
    if (other !== undefined) {
      throw invalid(
        `Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [${textOf(path)}], path two: [${textOf(other.path)}]`,
      );
    }
  }
  return actions;
}

function parseAction(kind: (typeof clauses)[number], tokens: Tokens, names: Bindings): Action {
  const path = parsePath(tokens, names);
  if (kind === "REMOVE") return { kind, path };
  if (kind === "SET") {
    tokens.expect("=");
    const left = parseTerm(tokens, names);
    const operator = tokens.peek();
    if (operator !== "+" && operator !== "-") return { kind, path, term: left };
    tokens.next();
    return { kind, path, term: { kind: operator, left, right: parseTerm(tokens, names) } };
  }
  return { kind, path, value: names.value(tokens.next()) };
}

function parseTerm(tokens: Tokens, names: Bindings): Term {
  const token = tokens.peek();
  if (token?.startsWith(":") === true) return { kind: "value", value: names.value(tokens.next()) };
  if (tokens.take("(")) {
    const inner = parseTerm(tokens, names);
    tokens.expect(")");
    return inner;
  }
  if (token !== "if_not_exists" && token !== "list_append") return { kind: "path", path: parsePath(tokens, names) };
  tokens.next();
  tokens.expect("(");
  const left = parseTerm(tokens, names);
  tokens.expect(",");
  const right = parseTerm(tokens, names);
  tokens.expect(")");
  if (token === "list_append") return { kind: "append", left, right };
  if (left.kind !== "path") throw invalid("Operator or function requires a document path; operator or function: if_not_exists");
  return { kind: "ifMissing", path: left.path, otherwise: right };
}

/** The item after `update`; every term is read from the item as it was before. */
export function applyUpdate(update: Update, before: Item, keyNames: readonly string[]): Item {
  let after = before;
  // Places of a list are removed from its end, so that those before them keep their numbers.
  const removals = update.filter((action) => action.kind === "REMOVE").toSorted((a, b) => Number(b.path.at(-1)) - Number(a.path.at(-1)));
  for (const action of [...update.filter((other) => other.kind !== "REMOVE"), ...removals]) {
    const [name] = action.path;
    if (keyNames.includes(name)) {
      throw validation(`One or more parameter values were invalid: Cannot update attribute ${name}. This attribute is part of the key`);
    }
    after = withValueAt(after, action.path, resultOf(action, before));
  }
  return after;
}

function resultOf(action: Action, before: Item): AttributeValue | undefined {
  if (action.kind === "SET") return evaluate(action.term, before);
  if (action.kind === "REMOVE") return undefined;
  const old = valueAt(before, action.path);
  return action.kind === "ADD" ? add(old, action.value) : remove(old, action.value);
}

function evaluate(term: Term, item: Item): AttributeValue {
  switch (term.kind) {
    case "value":
      return term.value;
    case "path": {
      const value = valueAt(item, term.path);
      if (value === undefined) throw validation("The provided expression refers to an attribute that does not exist in the item");
      return value;
    }
    case "ifMissing":
      return valueAt(item, term.path) ?? evaluate(term.otherwise, item);
    case "append": {
      const [left, right] = [evaluate(term.left, item).L, evaluate(term.right, item).L];
      if (left === undefined || right === undefined) throw wrongType();
      return { L: [...left, ...right] };
    }
    case "+":
    case "-": {
      const [left, right] = [evaluate(term.left, item).N, evaluate(term.right, item).N];
      if (left === undefined || right === undefined) throw wrongType();
      return { N: term.kind === "+" ? addNumbers(left, right) : subtractNumbers(left, right) };
    }
  }
}

function wrongType(): Error {
  return validation("An operand in the update expression has an incorrect data type");
}

function add(old: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  if (value.N !== undefined && (old === undefined || old.N !== undefined)) return { N: addNumbers(old?.N ?? "0", value.N) };
  if (value.SS !== undefined && (old === undefined || old.SS !== undefined)) return { SS: [...new Set([...(old?.SS ?? []), ...value.SS])] };
  if (value.NS !== undefined && (old === undefined || old.NS !== undefined)) return { NS: [...new Set([...(old?.NS ?? []), ...value.NS])] };
  throw wrongType();
}

/** What is left of a set; a set without members is no attribute. */
function remove(old: AttributeValue | undefined, value: AttributeValue): AttributeValue | undefined {
  const type = value.SS === undefined ? "NS" : "SS";
  const members = value[type];
  if (members === undefined) throw wrongType();
  if (old === undefined) return undefined;
  const left = old[type]?.filter((member) => !members.includes(member));
  if (left === undefined) throw wrongType();
  if (left.length === 0) return undefined;
  return type === "SS" ? { SS: left } : { NS: left };
}
