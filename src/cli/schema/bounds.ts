import { sameJson, type Json } from "../../core/json.ts";
import { typesOf, valuesOf, type Fields, type Narrowing } from "./json-schema.ts";

/** Keywords that bound a size, the inclusive one first, with what they bound. */
const lower = [
  { names: ["minimum", "exclusiveMinimum"], what: "numbers" },
  { names: ["minLength"], what: "texts" },
  { names: ["minItems"], what: "lists" },
  { names: ["minProperties"], what: "objects" },
] as const;
const upper = [
  { names: ["maximum", "exclusiveMaximum"], what: "numbers" },
  { names: ["maxLength"], what: "texts" },
  { names: ["maxItems"], what: "lists" },
  { names: ["maxProperties"], what: "objects" },
] as const;

/** Keywords that are compared elsewhere. */
const compared: ReadonlySet<string> = new Set([
  ...[...lower, ...upper].flatMap((bound) => bound.names),
  ...["type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems"],
]);

/** Tighter bounds, and rules that are new or changed and that are not understood here. */
export function bounds(before: Fields, after: Fields, path: string): readonly Narrowing[] {
  const tighter = [
    ...lower.filter(({ names }) => isTighter(before, after, names, 1)).map(({ what }) => ({ path, reason: `smaller ${what} were accepted before` })),
    ...upper.filter(({ names }) => isTighter(before, after, names, -1)).map(({ what }) => ({ path, reason: `larger ${what} were accepted before` })),
  ];
  const changed = Object.entries(after)
    .filter(([name, value]) => !compared.has(name) && value !== undefined && !isEmptyRule(name, value) && !sameJson(before[name], value))
    .map(([name]) => ({ path, reason: `the rule "${name}" is new or changed, so values that were accepted may be refused` }));
  return [...tighter, ...changed];
}

/** Rules that every value keeps. */
function isEmptyRule(name: string, value: Json): boolean {
  return (name === "propertyNames" && sameJson(value, { type: "string" })) || (name === "uniqueItems" && value === false);
}

interface Edge {
  readonly value: number;
  readonly isExclusive: boolean;
}

/** The innermost bound; without one, what bounds every value: 0 for sizes, infinity for numbers. `sign` is 1 for lower bounds. */
function edge(fields: Fields, names: readonly string[], sign: 1 | -1): Edge {
  const [inclusive = "", exclusive = ""] = names;
  const plain = numberOf(fields[inclusive]) ?? (sign === 1 && exclusive === "" ? 0 : sign * -Infinity);
  const strict = numberOf(fields[exclusive]) ?? sign * -Infinity;
  if (!Number.isFinite(strict) || strict * sign < plain * sign) return { value: plain, isExclusive: false };
  const isWhole = typesOf(fields)?.join() === "integer" && Number.isInteger(strict);
  return isWhole ? { value: strict + sign, isExclusive: false } : { value: strict, isExclusive: true };
}

function isTighter(before: Fields, after: Fields, names: readonly string[], sign: 1 | -1): boolean {
  const now = edge(after, names, sign);
  const listed = valuesOf(before);
  if (listed !== undefined && names.length === 2) return listed.some((value) => typeof value === "number" && !isInside(value, now, sign));
  const then = edge(before, names, sign);
  return now.value === then.value ? now.isExclusive && !then.isExclusive : now.value * sign > then.value * sign;
}

function isInside(value: number, bound: Edge, sign: 1 | -1): boolean {
  return bound.isExclusive ? value * sign > bound.value * sign : value * sign >= bound.value * sign;
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}
