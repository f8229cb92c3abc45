/** Condition and filter expressions: their grammar, and what they are true of. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { parsePath, textOf, valueAt, type Path } from "./path.ts";
import { invalid, tokensOf, type Bindings, type Tokens } from "./tokens.ts";
import { compareValues, isEqual, sizeInExpression, typeOf, type Item } from "./values.ts";

export type Operand =
  { readonly kind: "path"; readonly path: Path } | { readonly kind: "value"; readonly value: AttributeValue } | { readonly kind: "size"; readonly path: Path };

const comparators = ["=", "<>", "<", "<=", ">", ">="] as const;
export type Comparator = (typeof comparators)[number];

export type Condition =
  | { readonly kind: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly kind: "not"; readonly of: Condition }
  | { readonly kind: "compare"; readonly left: Operand; readonly comparator: Comparator; readonly right: Operand }
  | { readonly kind: "between"; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: "in"; readonly operand: Operand; readonly list: readonly Operand[] }
  | { readonly kind: "exists" | "missing"; readonly path: Path }
  | { readonly kind: "begins" | "contains" | "type"; readonly path: Path; readonly operand: Operand };

export function parseCondition(text: string, names: Bindings): Condition {
  const tokens = tokensOf(text);
  const condition = parseOr(tokens, names);
  const rest = tokens.peek();
  if (rest !== undefined) throw invalid(`Syntax error; token: ${rest}`);
  return condition;
}

function parseOr(tokens: Tokens, names: Bindings): Condition {
  let left = parseAnd(tokens, names);
  while (tokens.take("OR")) left = { kind: "or", left, right: parseAnd(tokens, names) };
  return left;
}

function parseAnd(tokens: Tokens, names: Bindings): Condition {
  let left = parseNot(tokens, names);
  while (tokens.take("AND")) left = { kind: "and", left, right: parseNot(tokens, names) };
  return left;
}

function parseNot(tokens: Tokens, names: Bindings): Condition {
  if (tokens.take("NOT")) return { kind: "not", of: parseNot(tokens, names) };
  if (tokens.take("(")) {
    const inner = parseOr(tokens, names);
    tokens.expect(")");
    return inner;
  }
  return parseTerm(tokens, names);
}

function parseTerm(tokens: Tokens, names: Bindings): Condition {
  const called = parseFunction(tokens, names);
  if (called !== undefined) return called;
  const left = parseOperand(tokens, names);
  if (tokens.take("BETWEEN")) {
    const low = parseOperand(tokens, names);
    tokens.expect("AND");
    return { kind: "between", operand: left, low, high: parseOperand(tokens, names) };
  }
  if (tokens.take("IN")) {
    tokens.expect("(");
    const list = [parseOperand(tokens, names)];
    while (tokens.take(",")) list.push(parseOperand(tokens, names));
    tokens.expect(")");
    return { kind: "in", operand: left, list };
  }
  const token = tokens.next();
  const comparator = comparators.find((known) => known === token);
  if (comparator === undefined) throw invalid(`Syntax error; token: ${token}`);
  const right = parseOperand(tokens, names);
  if (left.kind === "path" && right.kind === "path" && textOf(left.path) === textOf(right.path)) {
    throw invalid(`The first operand must be distinct from the remaining operands for this operator or function; operator: ${comparator}`);
  }
  return { kind: "compare", left, comparator, right };
}

const functions = {
  attribute_exists: { kind: "exists", operands: 1 },
  attribute_not_exists: { kind: "missing", operands: 1 },
  begins_with: { kind: "begins", operands: 2 },
  contains: { kind: "contains", operands: 2 },
  attribute_type: { kind: "type", operands: 2 },
} as const;

function parseFunction(tokens: Tokens, names: Bindings): Condition | undefined {
  const found = Object.entries(functions).find(([name]) => tokens.peek() === name);
  if (found === undefined) return undefined;
  tokens.next();
  tokens.expect("(");
  const path = parsePath(tokens, names);
  const { kind } = found[1];
  let condition: Condition;
  if (kind === "exists" || kind === "missing") condition = { kind, path };
  else {
    tokens.expect(",");
    condition = { kind, path, operand: parseOperand(tokens, names) };
  }
  tokens.expect(")");
  return condition;
}

function parseOperand(tokens: Tokens, names: Bindings): Operand {
  const token = tokens.peek();
  if (token?.startsWith(":") === true) return { kind: "value", value: names.value(tokens.next()) };
  if (token === "size") {
    tokens.next();
    tokens.expect("(");
    const path = parsePath(tokens, names);
    tokens.expect(")");
    return { kind: "size", path };
  }
  return { kind: "path", path: parsePath(tokens, names) };
}

/** Whether `condition` is true of `item`, `undefined` being an item without attributes. */
export function holds(condition: Condition, item: Item | undefined): boolean {
  switch (condition.kind) {
    case "and":
      return holds(condition.left, item) && holds(condition.right, item);
    case "or":
      return holds(condition.left, item) || holds(condition.right, item);
    case "not":
      return !holds(condition.of, item);
    case "exists":
      return valueAt(item, condition.path) !== undefined;
    case "missing":
      return valueAt(item, condition.path) === undefined;
    case "compare":
      return compares(resolve(condition.left, item), condition.comparator, resolve(condition.right, item));
    case "between": {
      const value = resolve(condition.operand, item);
      return compares(value, ">=", resolve(condition.low, item)) && compares(value, "<=", resolve(condition.high, item));
    }
    case "in": {
      const value = resolve(condition.operand, item);
      return condition.list.some((entry) => compares(value, "=", resolve(entry, item)));
    }
    case "begins":
    case "contains":
    case "type":
      return isTrueOf(condition.kind, valueAt(item, condition.path), resolve(condition.operand, item));
  }
}

function resolve(operand: Operand, item: Item | undefined): AttributeValue | undefined {
  if (operand.kind === "value") return operand.value;
  const value = valueAt(item, operand.path);
  if (operand.kind === "path" || value === undefined) return value;
  const size = sizeInExpression(value);
  return size === undefined ? undefined : { N: String(size) };
}

function isTrueOf(kind: "begins" | "contains" | "type", value: AttributeValue | undefined, operand: AttributeValue | undefined): boolean {
  if (value === undefined || operand === undefined) return false;
  if (kind === "type") return typeOf(value) === operand.S;
  if (kind === "begins") return value.S !== undefined && operand.S !== undefined && value.S.startsWith(operand.S);
  if (value.S !== undefined) return operand.S !== undefined && value.S.includes(operand.S);
  if (value.L !== undefined) return value.L.some((entry) => isEqual(entry, operand));
  const member = value.SS === undefined ? operand.N : operand.S;
  return member !== undefined && (value.SS ?? value.NS ?? []).includes(member);
}

/** A comparison with something that is not there is false, but for `<>`. */
export function compares(left: AttributeValue | undefined, comparator: Comparator, right: AttributeValue | undefined): boolean {
  const equal = left !== undefined && right !== undefined && isEqual(left, right);
  if (comparator === "=") return equal;
  if (comparator === "<>") return !equal;
  const order = left === undefined || right === undefined ? undefined : compareValues(left, right);
  if (order === undefined) return false;
  if (comparator === "<") return order < 0;
  if (comparator === "<=") return order <= 0;
  return comparator === ">" ? order > 0 : order >= 0;
}
