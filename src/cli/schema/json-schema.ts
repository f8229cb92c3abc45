import type { Json } from "../../core/json.ts";

/** A value that was accepted and no longer is: where, and why. */
export interface Narrowing {
  readonly path: string;
  readonly reason: string;
}

/** A JSON Schema that is an object. */
export type Fields = Readonly<Record<string, Json | undefined>>;

export function fieldsOf(value: Json | undefined): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function listOf(value: Json | undefined): readonly Json[] | undefined {
  return Array.isArray(value) ? (value as readonly Json[]) : undefined;
}

export function without(fields: Fields, ...names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** The values that are listed one by one, by `const` or `enum`. */
export function valuesOf(fields: Fields): readonly Json[] | undefined {
  return fields["const"] === undefined ? listOf(fields["enum"]) : [fields["const"]];
}

export function typeOfValue(value: Json): string {
  if (value === null) return "null";
  if (listOf(value) !== undefined) return "array";
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
}

/** The types that are accepted; `undefined` means all. */
export function typesOf(fields: Fields): readonly string[] | undefined {
  const type = fields["type"];
  if (typeof type === "string") return [type];
  return listOf(type)?.map(String) ?? valuesOf(fields)?.map(typeOfValue);
}

/** Accepts nothing. */
export const never: Fields = { not: {} };

/** Keywords that say nothing about which values are accepted. */
const remarks = [
  "$schema",
  "$id",
  "$defs",
  "definitions",
  "$comment",
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "id",
];

/** References that lead to references: more than a document written by a library has. */
const mostHops = 32;

/**
 * `node` without remarks and with its reference followed within the document `root`; `undefined` where that leads nowhere.
 * The pattern beside a known format is left out: it changes with the library's versions, the format is what was promised.
 */
export function resolve(node: Json, root: Json, hops = 0): Fields | undefined {
  if (node === true) return {};
  if (node === false) return never;
  const fields = fieldsOf(node);
  if (fields === undefined || hops > mostHops) return undefined;
  const plain = without(fields, ...remarks, ...(typeof fields["format"] === "string" ? ["pattern"] : []));
  const reference = plain["$ref"];
  if (typeof reference !== "string") return plain;
  if (!reference.startsWith("#")) return undefined;
  let target: Json | undefined = root;
  for (const step of reference.split("/").slice(1)) target = fieldsOf(target)?.[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  const resolved = target === undefined ? undefined : resolve(target, root, hops + 1);
  const beside = without(plain, "$ref");
  return resolved === undefined || Object.keys(beside).length === 0 ? resolved : { allOf: [resolved, beside] };
}

export function referenceOf(node: Json): string | undefined {
  const reference = fieldsOf(node)?.["$ref"];
  return typeof reference === "string" ? reference : undefined;
}
