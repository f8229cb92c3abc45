/**
 * Evaluates HCL expressions. What Terraform knows only after an apply (an ARN, an id) is a text between « and » that says where it
 * comes from: it can stand in other texts and documents, so that a policy is seen as it will be.
 */
import { PulseQueueError } from "../../../core/errors.ts";
import { entriesOf, equal, fieldsOf, isFields, listOf, textOf, type Value } from "./functions.ts";
import { isReference, type Reference, type Scope } from "./scope.ts";
import { templateAt, tokensOf, type Part, type Token } from "./tokens.ts";

type Found = Reference | Value;

const plain = (found: Found): Value => (isReference(found) ? found.value() : found);

/** The value of a text as HCL's JSON form has it: `${…}` in it are expressions, and one alone gives its own value. */
export function evaluateText(text: string, scope: Scope): Value {
  return joined(templateAt(text, 0, "").parts, scope);
}

function joined(parts: readonly Part[], scope: Scope): Value {
  const values = parts.map((part) => ("text" in part ? part.text : evaluate(part.expression, scope)));
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : values.map((value) => textOf(value)).join("");
}

export function evaluate(source: string, scope: Scope): Value {
  const parser = new Parser(tokensOf(source), source);
  const expression = parser.expression();
  parser.expectEnd();
  return plain(expression(scope));
}

type Expression = (scope: Scope) => Found;

const binary: readonly Readonly<Record<string, (left: Value, right: () => Value) => Value>>[] = [
  { "||": (left, right) => left === true || right() === true },
  { "&&": (left, right) => left === true && right() === true },
  { "==": (left, right) => equal(left, right()), "!=": (left, right) => !equal(left, right()) },
  {
    "<": (left, right) => Number(left) < Number(right()),
    "<=": (left, right) => Number(left) <= Number(right()),
    ">": (left, right) => Number(left) > Number(right()),
    ">=": (left, right) => Number(left) >= Number(right()),
  },
  { "+": (left, right) => Number(left) + Number(right()), "-": (left, right) => Number(left) - Number(right()) },
  { "*": (left, right) => Number(left) * Number(right()), "/": (left, right) => Number(left) / Number(right()) },
];

/** One expression, read from left to right; what it reads is a function of the scope. */
class Parser {
  private at = 0;
  private readonly tokens: readonly Token[];
  private readonly source: string;

  constructor(tokens: readonly Token[], source: string) {
    this.tokens = tokens;
    this.source = source;
  }

  expression(): Expression {
    const condition = this.operation(0);
    if (!this.take("?")) return condition;
    const yes = this.expression();
    this.expect(":");
    const no = this.expression();
    return (scope) => (plain(condition(scope)) === true ? yes(scope) : no(scope));
  }

  expectEnd(): void {
    if (this.tokens[this.at]?.kind !== "end") throw this.failure();
  }

  private operation(level: number): Expression {
    const operators = binary[level];
    if (operators === undefined) return this.unary();
    let left = this.operation(level + 1);
    for (;;) {
      const sign = this.sign();
      const operator = sign === undefined ? undefined : operators[sign];
      if (operator === undefined) return left;
      this.at += 1;
      const [first, second] = [left, this.operation(level + 1)];
      left = (scope) => operator(plain(first(scope)), () => plain(second(scope)));
    }
  }

  private unary(): Expression {
    if (this.take("!")) {
      const inner = this.unary();
      return (scope) => plain(inner(scope)) !== true;
    }
    if (this.take("-")) {
      const inner = this.unary();
      return (scope) => -Number(plain(inner(scope)));
    }
    return this.reached(this.term());
  }

  /** What follows a term: `.name`, `[index]`, `[*].name`. */
  private reached(term: Expression): Expression {
    let found = term;
    for (;;) {
      const from = found;
      if (this.take(".")) {
        const name = this.name();
        found = (scope) => attribute(from(scope), name);
      } else if (this.take("[")) {
        if (this.take("*")) {
          this.expect("]");
          const inner = this.reached((scope) => scope.variable("[*]") ?? null);
          return (scope) =>
            listOf(plain(from(scope))).map((each) => plain(inner({ ...scope, variable: (name) => (name === "[*]" ? each : scope.variable(name)) })));
        }
        const index = this.expression();
        this.expect("]");
        found = (scope) => attribute(from(scope), textOf(plain(index(scope))));
      } else return found;
    }
  }

  private term(): Expression {
    const token = this.tokens[this.at];
    if (token === undefined) throw this.failure();
    this.at += 1;
    if (token.kind === "number") return () => token.value;
    if (token.kind === "template") return (scope) => joined(token.parts, scope);
    if (token.kind === "name") return this.named(token.text);
    if (token.kind === "end") throw this.failure();
    if (token.text === "(") {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (token.text === "[") return this.list();
    if (token.text === "{") return this.object();
    throw this.failure();
  }

  private named(name: string): Expression {
    if (name === "true" || name === "false") return () => name === "true";
    if (name === "null") return () => null;
    if (!this.take("(")) {
      return (scope) => {
        const value = scope.variable(name);
        if (value === undefined) throw new PulseQueueError("DEPLOYMENT_INVALID", `HCL: there is no ${name} in ${this.source.slice(0, 80)}`);
        return value;
      };
    }
    const args: { readonly value: Expression; readonly spread: boolean }[] = [];
    while (!this.take(")")) {
      args.push({ value: this.expression(), spread: this.take("...") });
      this.take(",");
    }
    return (scope) => {
      if (name === "try" || name === "can")
        return tried(
          args.map(({ value }) => value),
          scope,
          name === "can",
        );
      const called = scope.functions[name];
      if (called === undefined) throw new PulseQueueError("DEPLOYMENT_INVALID", `HCL: the function ${name} is not known here`);
      return called(...args.flatMap(({ value, spread }) => (spread ? listOf(plain(value(scope))) : [plain(value(scope))])));
    };
  }

  private list(): Expression {
    if (this.isFor()) {
      const walk = this.forClause();
      const item = this.expression();
      const condition = this.takeName("if") ? this.expression() : () => true;
      this.expect("]");
      return (scope) => walk(scope).flatMap((inner) => (plain(condition(inner)) === true ? [plain(item(inner))] : []));
    }
    const items: Expression[] = [];
    while (!this.take("]")) {
      items.push(this.expression());
      this.take(",");
    }
    return (scope) => items.map((item) => plain(item(scope)));
  }

  private object(): Expression {
    if (this.isFor()) {
      const walk = this.forClause();
      const key = this.expression();
      this.expect("=>");
      const value = this.expression();
      const condition = this.takeName("if") ? this.expression() : () => true;
      this.expect("}");
      return (scope) =>
        Object.fromEntries(walk(scope).flatMap((inner) => (plain(condition(inner)) === true ? [[textOf(plain(key(inner))), plain(value(inner))]] : [])));
    }
    const fields: { readonly key: Expression; readonly value: Expression }[] = [];
    while (!this.take("}")) {
      const token = this.tokens[this.at];
      const isBare = token?.kind === "name";
      if (isBare) this.at += 1;
      const key: Expression = isBare ? () => token.text : this.term();
      if (!this.take("=")) this.expect(":");
      fields.push({ key, value: this.expression() });
      this.take(",");
    }
    return (scope) => Object.fromEntries(fields.map(({ key, value }) => [textOf(plain(key(scope))), plain(value(scope))]));
  }

  private isFor(): boolean {
    return this.takeName("for");
  }

  /** `name, value in collection :`, as one scope for each item. */
  private forClause(): (scope: Scope) => readonly Scope[] {
    const first = this.name();
    const second = this.take(",") ? this.name() : undefined;
    if (!this.takeName("in")) throw this.failure();
    const collection = this.expression();
    this.expect(":");
    return (scope) =>
      pairs(plain(collection(scope))).map(([key, value]) => {
        const own: Readonly<Record<string, Value>> = second === undefined ? { [first]: value } : { [first]: key, [second]: value };
        return { ...scope, variable: (name) => (Object.hasOwn(own, name) ? own[name] : scope.variable(name)) };
      });
  }

  private sign(): string | undefined {
    const token = this.tokens[this.at];
    return token?.kind === "sign" ? token.text : undefined;
  }

  private take(text: string): boolean {
    if (this.sign() !== text) return false;
    this.at += 1;
    return true;
  }

  private takeName(text: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== "name" || token.text !== text) return false;
    this.at += 1;
    return true;
  }

  private expect(text: string): void {
    if (!this.take(text)) throw this.failure();
  }

  private name(): string {
    const token = this.tokens[this.at];
    this.at += 1;
    if (token?.kind === "name") return token.text;
    if (token?.kind === "number") return String(token.value);
    throw this.failure();
  }

  private failure(): PulseQueueError {
    return new PulseQueueError("DEPLOYMENT_INVALID", `HCL: this cannot be read: ${this.source.slice(0, 120)}`);
  }
}

function attribute(from: Found, name: string): Found {
  if (isReference(from)) return from.attribute(name);
  if (Array.isArray(from)) return (from as readonly Value[])[Number(name)] ?? missing(name);
  if (isFields(from)) return from[name] ?? null;
  if (typeof from === "string" && from.startsWith("«")) return `${from.slice(0, -1)}.${name}»`;
  return missing(name);
}

function missing(name: string): never {
  throw new PulseQueueError("DEPLOYMENT_INVALID", `HCL: there is nothing at ${name}`);
}

function pairs(value: Value): readonly (readonly [Value, Value])[] {
  if (Array.isArray(value)) return (value as readonly Value[]).map((each, index) => [index, each] as const);
  return entriesOf(fieldsOf(value));
}

function tried(alternatives: readonly Expression[], scope: Scope, asks: boolean): Value {
  for (const alternative of alternatives) {
    try {
      const value = plain(alternative(scope));
      return asks ? true : value;
    } catch {
      // The next one is tried.
    }
  }
  if (asks) return false;
  throw new PulseQueueError("DEPLOYMENT_INVALID", "HCL: no alternative of try has a value");
}
