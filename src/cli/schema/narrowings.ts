/**
 * Whether a JSON Schema still takes everything that an older one took. It knows the keywords that schema libraries write;
 * where it cannot tell, it says that values may be refused, since a gate that guesses is none. One thing it does not count:
 * a new optional field may meet old data that had something else under that name, as far as unknown fields were let through.
 */
import { sameJson, type Json } from "../../core/json.ts";
import { bounds } from "./bounds.ts";
import { fieldsOf, listOf, never, referenceOf, resolve, typeOfValue, typesOf, valuesOf, without, type Fields, type Narrowing } from "./json-schema.ts";

interface Comparison {
  readonly before: Json;
  readonly after: Json;
  /** Pairs of references that are being compared: recursive schemas come back to them. */
  readonly open: readonly string[];
  readonly depth: number;
}

/** Deeper than data may be nested, with room for alternatives on each level. */
const deepest = 100;

/** Why `after` refuses something that `before` took; empty when it takes all of it. */
export function narrowings(before: Json, after: Json): readonly Narrowing[] {
  const found = compare(before, after, "", { before, after, open: [], depth: 0 });
  return found.filter((narrowing, index) => found.findIndex((other) => other.path === narrowing.path && other.reason === narrowing.reason) === index);
}

function compare(beforeNode: Json, afterNode: Json, path: string, outer: Comparison): readonly Narrowing[] {
  const references = [referenceOf(beforeNode), referenceOf(afterNode)];
  const pair = references.includes(undefined) ? undefined : references.join(" ");
  if (pair !== undefined && outer.open.includes(pair)) return [];
  if (outer.depth > deepest) return [{ path, reason: "it is nested too deeply to compare" }];
  const scope = { ...outer, depth: outer.depth + 1, open: pair === undefined ? outer.open : [...outer.open, pair] };
  const before = resolve(beforeNode, scope.before);
  const after = resolve(afterNode, scope.after);
  if (before === undefined || after === undefined)
    return [{ path, reason: "it refers to a schema outside the document, so values that were accepted may be refused" }];
  if (Object.keys(after).length === 0 || sameJson(before, never) || (sameJson(before, after) && sameJson(scope.before, scope.after))) return [];
  if (sameJson(after, never)) return [{ path, reason: "nothing is accepted here any more" }];

  const beforeChoices = choicesOf(before);
  if (beforeChoices !== undefined) return beforeChoices.flatMap((choice) => compare(choice, after, path, scope));
  const afterParts = partsOf(after);
  if (afterParts !== undefined) return afterParts.flatMap((part) => compare(before, part, path, scope));
  const afterChoices = choicesOf(after);
  if (afterChoices !== undefined) return split(before).flatMap((kind) => choose([kind], afterChoices, path, scope));
  const beforeParts = partsOf(before);
  if (beforeParts !== undefined) return choose(beforeParts, [after], path, scope);
  return [
    ...types(before, after, path),
    ...values(before, after, path),
    ...bounds(before, after, path),
    ...objects(before, after, path, scope),
    ...arrays(before, after, path, scope),
  ];
}

/** One of `choices` must take all of one of `parts`. */
function choose(parts: readonly Json[], choices: readonly Json[], path: string, scope: Comparison): readonly Narrowing[] {
  const attempts = parts.flatMap((part) => choices.map((choice) => compare(part, choice, path, scope)));
  if (attempts.some((attempt) => attempt.length === 0)) return [];
  const [first = []] = attempts;
  return attempts.length === 1 ? first : [{ path, reason: "no alternative accepts all that was accepted" }];
}

/** The alternatives of a schema, each with what stands beside them. */
function choicesOf(fields: Fields): readonly Json[] | undefined {
  const choices = listOf(fields["anyOf"]) ?? listOf(fields["oneOf"]);
  const beside = without(fields, "anyOf", "oneOf");
  return Object.keys(beside).length === 0 ? choices : choices?.map((choice) => ({ allOf: [choice, beside] }));
}

/** The schemas that all must hold. */
function partsOf(fields: Fields): readonly Json[] | undefined {
  const parts = listOf(fields["allOf"]);
  const beside = without(fields, "allOf");
  return parts === undefined || Object.keys(beside).length === 0 ? parts : [...parts, beside];
}

/** The same values as several schemas, one for each listed value or type, so that alternatives can share them out. */
function split(fields: Fields): readonly Fields[] {
  const listed = valuesOf(fields);
  if (listed !== undefined) return listed.map((value) => ({ ...without(fields, "enum", "type"), const: value }));
  const several = typesOf(fields) ?? [];
  return several.length < 2 ? [fields] : several.map((type) => ({ ...fields, type }));
}

function types(before: Fields, after: Fields, path: string): readonly Narrowing[] {
  const now = typesOf(after);
  if (now === undefined) return [];
  const then = [...new Set(valuesOf(before)?.map(typeOfValue) ?? typesOf(before) ?? ["null", "boolean", "number", "string", "array", "object"])];
  const lost = then.filter((type) => !now.includes(type) && !(type === "integer" && now.includes("number")));
  return lost.length === 0 ? [] : [{ path, reason: `${lost.join(", ")} ${lost.length === 1 ? "is" : "are"} no longer accepted` }];
}

function values(before: Fields, after: Fields, path: string): readonly Narrowing[] {
  const now = valuesOf(after);
  const then = valuesOf(before);
  if (now === undefined) return [];
  if (then === undefined) return [{ path, reason: `only ${inWords(now)} is still accepted` }];
  const lost = then.filter((value) => !now.some((kept) => sameJson(kept, value)));
  return lost.length === 0 ? [] : [{ path, reason: `${inWords(lost)} ${lost.length === 1 ? "is" : "are"} no longer accepted` }];
}

function inWords(list: readonly Json[]): string {
  return list.map((value) => JSON.stringify(value)).join(", ");
}

function objects(before: Fields, after: Fields, path: string, scope: Comparison): readonly Narrowing[] {
  const oldNames = fieldsOf(before["properties"]) ?? {};
  const newNames = fieldsOf(after["properties"]) ?? {};
  const oldOthers = before["additionalProperties"];
  const newOthers = after["additionalProperties"] ?? true;
  const oldRequired = listOf(before["required"]) ?? [];
  const required = (listOf(after["required"]) ?? [])
    .filter((name) => !oldRequired.includes(name))
    .map((name) => ({ path: join(path, typeof name === "string" ? name : ""), reason: "it is now required" }));
  const changed = Object.entries(newNames).flatMap(([name, schema]) => {
    const known = oldNames[name] ?? (fieldsOf(oldOthers) === undefined ? undefined : oldOthers);
    return known === undefined || schema === undefined ? [] : compare(known, schema, join(path, name), scope);
  });
  const gone = Object.entries(oldNames).filter(([name]) => newNames[name] === undefined);
  const lost = gone.flatMap(([name, schema]) =>
    newOthers === false ? [{ path: join(path, name), reason: "it is refused now" }] : compare(schema ?? true, newOthers, join(path, name), scope),
  );
  const isObject = typesOf(before)?.includes("object") ?? true;
  const closed = isObject && newOthers === false && oldOthers !== false ? [{ path, reason: "other fields are refused now" }] : [];
  const others = !isObject || oldOthers === false || newOthers === false ? [] : compare(oldOthers ?? true, newOthers, join(path, "*"), scope);
  return [...required, ...changed, ...lost, ...closed, ...others];
}

function arrays(before: Fields, after: Fields, path: string, scope: Comparison): readonly Narrowing[] {
  if (after["items"] === undefined && after["prefixItems"] === undefined) return [];
  const oldItems = listOf(before["prefixItems"]) ?? [];
  const newItems = listOf(after["prefixItems"]) ?? [];
  const oldRest = before["items"] ?? true;
  const newRest = after["items"] ?? true;
  const places = Array.from({ length: Math.max(oldItems.length, newItems.length) }, (_, index) =>
    compare(oldItems[index] ?? oldRest, newItems[index] ?? newRest, join(path, String(index)), scope),
  );
  return [...places.flat(), ...compare(oldRest, newRest, join(path, "*"), scope)];
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
