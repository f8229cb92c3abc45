/** Expressions cut into tokens, and what their `#names` and `:values` stand for. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { validation } from "../service/errors.ts";
import { isReservedWord } from "./reserved-words.ts";
import { storable, type Item } from "./values.ts";

const pattern = /\s+|(?<token>[#:]?\w+|<>|<=|>=|[=<>()+\-,.[\]])/y;

/** The names and values of one request; after all its expressions were read, `finish` refuses those that none used. */
export interface Bindings {
  name(token: string): string;
  value(token: string): AttributeValue;
  finish(): void;
}

export function bindings(
  names: Readonly<Record<string, string>> | undefined,
  values: Item | undefined,
  /** Whether the request has an expression at all. */
  hasExpression: boolean,
): Bindings {
  const [nameKind, valueKind] = ["ExpressionAttributeNames", "ExpressionAttributeValues"];
  const refuseEmpty = (kind: string, given: object | undefined): void => {
    if (given === undefined) return;
    if (!hasExpression) throw validation(`${kind} can only be specified when using expressions`);
    if (Object.keys(given).length === 0) throw validation(`${kind} must not be empty`);
  };
  refuseEmpty(nameKind, names);
  refuseEmpty(valueKind, values);
  const used = new Set<string>();
  const unused = (kind: string, given: object | undefined): void => {
    const left = Object.keys(given ?? {}).filter((key) => !used.has(key));
    if (left.length > 0) throw validation(`Value provided in ${kind} unused in expressions: keys: {${left.join(", ")}}`);
  };
  return {
    name: (token) => {
      if (!token.startsWith("#")) {
        if (isReservedWord(token)) throw invalid(`Attribute name is a reserved keyword; reserved keyword: ${token}`);
        return token;
      }
      used.add(token);
      const name = names?.[token];
      if (name === undefined) throw invalid(`An expression attribute name used in the document path is not defined; attribute name: ${token}`);
      return name;
    },
    value: (token) => {
      used.add(token);
      const value = values?.[token];
      if (value === undefined) throw invalid(`An expression attribute value used in expression is not defined; attribute value: ${token}`);
      return storable(value);
    },
    finish: () => {
      unused(nameKind, names);
      unused(valueKind, values);
    },
  };
}

export function invalid(why: string): Error {
  return validation(`Invalid expression: ${why}`);
}

/** A reader of tokens. Keywords are told apart without regard to case. */
export interface Tokens {
  peek(): string | undefined;
  next(): string;
  /** Takes the next token if it is `token`. */
  take(token: string): boolean;
  expect(token: string): void;
}

const known = new Map<string, readonly string[]>();

export function tokensOf(text: string): Tokens {
  const list = known.get(text) ?? cut(text);
  if (known.size < 1_000) known.set(text, list);
  let at = 0;
  const is = (token: string): boolean => list[at]?.toUpperCase() === token.toUpperCase();
  const syntaxError = (): Error => invalid(`Syntax error; token: ${list[at] ?? "<EOF>"}, near: "${list.slice(Math.max(0, at - 1), at + 2).join(" ")}"`);
  return {
    peek: () => list[at],
    next: () => {
      const token = list[at];
      if (token === undefined) throw syntaxError();
      at += 1;
      return token;
    },
    take: (token) => {
      if (!is(token)) return false;
      at += 1;
      return true;
    },
    expect: (token) => {
      if (!is(token)) throw syntaxError();
      at += 1;
    },
  };
}

function cut(text: string): readonly string[] {
  if (text.trim() === "") throw invalid("The expression can not be empty;");
  const list: string[] = [];
  pattern.lastIndex = 0;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    const match = pattern.exec(text);
    if (match === null) throw invalid(`Syntax error; token: "${text.slice(at, at + 1)}", near: "${text.slice(Math.max(0, at - 5), at + 5)}"`);
    if (match.groups?.["token"] !== undefined) list.push(match.groups["token"]);
  }
  return list;
}
