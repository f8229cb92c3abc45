/**
 * Patterns of policies: `*` stands for any characters, `?` for one; `${key}`, `${key, 'default'}`, `${*}`, `${?}` and `${$}` are
 * variables. What a variable stands for is taken letter by letter, also where it holds a `*`.
 */

/** A pattern piece by piece: one character to be met as it is, or a wildcard. */
export type Piece = { readonly character: string } | "one" | "many";

export interface Variable {
  /** Lower case. */
  readonly key: string;
  readonly fallback: string | undefined;
}

type Part = { readonly text: string } | { readonly literal: string } | { readonly variable: Variable };

const variablePattern = /\$\{([^{}]*)\}/g;

function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of pattern.matchAll(variablePattern)) {
    const [whole, inner = ""] = match;
    parts.push({ text: pattern.slice(end, match.index) });
    end = match.index + whole.length;
    if (["*", "?", "$"].includes(inner)) parts.push({ literal: inner });
    else parts.push({ variable: variableOf(inner) });
  }
  return [...parts, { text: pattern.slice(end) }];
}

function variableOf(inner: string): Variable {
  const comma = inner.indexOf(",");
  const key = (comma < 0 ? inner : inner.slice(0, comma)).trim().toLowerCase();
  const fallback = comma < 0 ? undefined : /^\s*'([^']*)'\s*$/.exec(inner.slice(comma + 1))?.[1];
  return { key, fallback };
}

/** The variables of a pattern. `malformed` holds what looks like one and is none. */
export function variablesOf(pattern: string): { readonly variables: readonly Variable[]; readonly malformed: boolean } {
  const variables = partsOf(pattern).flatMap((part) => ("variable" in part ? [part.variable] : []));
  const rest = pattern.replaceAll(variablePattern, "");
  const badDefault = [...pattern.matchAll(variablePattern)].some(([, inner = ""]) => inner.includes(",") && variableOf(inner).fallback === undefined);
  return { variables, malformed: rest.includes("${") || badDefault || variables.some(({ key }) => key === "") };
}

/** Gives a variable's value; `undefined` where the request has none. */
export type Lookup = (key: string) => string | undefined;

/** The pattern with its variables replaced, piece by piece; `undefined` where one of them has neither value nor default. */
export function resolve(pattern: string, lookup: Lookup): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  const literal = (text: string): void => {
    pieces.push(...Array.from(text, (character): Piece => ({ character })));
  };
  for (const part of partsOf(pattern)) {
    if ("literal" in part) literal(part.literal);
    else if ("text" in part) pieces.push(...globOf(part.text));
    else {
      const value = lookup(part.variable.key) ?? part.variable.fallback;
      if (value === undefined) return undefined;
      literal(value);
    }
  }
  return pieces;
}

/** The pattern as plain text, for operators that know no wildcards. */
export function asText(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (piece === "many" ? "*" : piece === "one" ? "?" : piece.character)).join("");
}

/** Whether `text` as a whole fits. Goes back only to the last `*`, so the time is at most the product of both lengths. */
export function fits(pieces: readonly Piece[], text: string): boolean {
  let piece = 0;
  let at = 0;
  let star: { readonly piece: number; readonly at: number } | undefined;
  while (at < text.length) {
    const current = pieces[piece];
    if (current === "many") {
      star = { piece, at };
      piece += 1;
    } else if (current !== undefined && (current === "one" || current.character === text[at])) {
      piece += 1;
      at += 1;
    } else if (star !== undefined) {
      star = { piece: star.piece, at: star.at + 1 };
      piece = star.piece + 1;
      at = star.at;
    } else return false;
  }
  return pieces.slice(piece).every((left) => left === "many");
}

/** The pattern of text without variables: of actions, and in the catalogue. */
export function globOf(text: string): readonly Piece[] {
  const known = globs.get(text);
  if (known !== undefined) return known;
  if (globs.size >= mostGlobs) globs.clear();
  const pieces = readGlob(text);
  globs.set(text, pieces);
  return pieces;
}

/** The same few patterns are asked about again and again: every action on every resource. */
const globs = new Map<string, readonly Piece[]>();
const mostGlobs = 5_000;

function readGlob(text: string): readonly Piece[] {
  return Array.from(text, (character) => (character === "*" ? "many" : character === "?" ? "one" : { character }));
}

/** Each of the first five parts of an ARN on its own, then the rest as one: a wildcard of `ArnLike` never passes the colon after it. */
export function arnFits(pieces: readonly Piece[], arn: string): boolean {
  const [patterns, texts] = [splitPieces(pieces), splitText(arn)];
  return patterns.length === texts.length && patterns.every((part, index) => fits(part, texts[index] ?? ""));
}

const arnParts = 6;

function splitPieces(pieces: readonly Piece[]): readonly (readonly Piece[])[] {
  const parts: Piece[][] = [[]];
  for (const piece of pieces) {
    if (typeof piece === "object" && piece.character === ":" && parts.length < arnParts) parts.push([]);
    else parts.at(-1)?.push(piece);
  }
  return parts;
}

function splitText(arn: string): readonly string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, arnParts - 1), ...(parts.length < arnParts ? [] : [parts.slice(arnParts - 1).join(":")])];
}

/** Whether some text fits both patterns, where `*` and `?` are the only wildcards. */
export function globsMeet(left: string, right: string): boolean {
  const seen = new Set<number>();
  const meet = (i: number, j: number): boolean => {
    const state = i * (right.length + 1) + j;
    if (seen.has(state)) return false;
    seen.add(state);
    if (i === left.length && j === right.length) return true;
    const [a, b] = [left[i], right[j]];
    if (a === "*" && (meet(i + 1, j) || (j < right.length && meet(i, j + 1)))) return true;
    if (b === "*" && (meet(i, j + 1) || (i < left.length && meet(i + 1, j)))) return true;
    if (a === undefined || b === undefined || a === "*" || b === "*") return false;
    return (a === "?" || b === "?" || a === b) && meet(i + 1, j + 1);
  };
  return meet(0, 0);
}
