/** The words of an HCL expression. A string with `${…}` in it is a list of texts and expressions. */
import { PulseQueueError } from "../../../core/errors.ts";

export type Token =
  | { readonly kind: "name" | "sign"; readonly text: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "template"; readonly parts: readonly Part[] }
  | { readonly kind: "end" };

/** Literal text, or the source of an expression. */
export type Part = { readonly text: string } | { readonly expression: string };

const blank = /(?:\s|#.*|\/\/.*|\/\*[\s\S]*?\*\/)*/y;
const name = /[A-Za-z_][\w-]*/y;
const number = /\d+(?:\.\d+)?/y;
const sign = /=>|==|!=|<=|>=|&&|\|\||\.\.\.|[-+*/%!<>?:,.=()[\]{}]/y;

function match(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += (match(blank, source, at) ?? "").length;
    if (at >= source.length) return [...tokens, { kind: "end" }];
    if (source[at] === '"') {
      const { parts, end } = templateAt(source, at + 1, '"');
      tokens.push({ kind: "template", parts });
      at = end + 1;
      continue;
    }
    const digits = match(number, source, at);
    const word = match(name, source, at);
    const found = digits ?? word ?? match(sign, source, at);
    if (found === undefined) throw new PulseQueueError("DEPLOYMENT_INVALID", `"${source.slice(at, at + 20)}" is no HCL expression`);
    tokens.push(digits === undefined ? { kind: word === undefined ? "sign" : "name", text: found } : { kind: "number", value: Number(digits) });
    at += found.length;
  }
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/** The parts of a string from `start` up to `quote`, or to the end of the source where `quote` is empty; only what stands in quotes has escapes. */
export function templateAt(source: string, start: number, quote: '"' | ""): { readonly parts: readonly Part[]; readonly end: number } {
  const parts: Part[] = [];
  let text = "";
  let at = start;
  while (at < source.length && source[at] !== quote) {
    const next = source[at + 1] ?? "";
    if (quote !== "" && source[at] === "\\") {
      text += escapes[next] ?? next;
      at += 2;
    } else if (source.startsWith("$${", at)) {
      text += "${";
      at += 3;
    } else if (source.startsWith("${", at)) {
      const end = closing(source, at + 2);
      if (text !== "") parts.push({ text });
      text = "";
      parts.push({ expression: source.slice(at + 2, end) });
      at = end + 1;
    } else {
      text += source[at] ?? "";
      at += 1;
    }
  }
  if (text !== "") parts.push({ text });
  return { parts, end: at };
}

/** Where the brace closes that was opened before `start`. */
function closing(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; at += 1) {
    const sign = source[at];
    if (sign === '"') at = templateAt(source, at + 1, '"').end;
    else if (sign === "{") depth += 1;
    else if (sign === "}") {
      if (depth === 0) return at;
      depth -= 1;
    }
  }
  throw new PulseQueueError("DEPLOYMENT_INVALID", `"${source.slice(start, start + 20)}" has no end`);
}
