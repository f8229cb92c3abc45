/**
 * Whether a value is valid by a JSON Schema (https://json-schema.org/draft/2020-12), as a gateway would say it: a second opinion,
 * written without the library that the app's own schemas come from. `format` is an annotation here, as the standard has it.
 */
import type { Json } from "../../core/json.ts";

export type Test = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Json>>;

/** Keywords that say nothing about which values are valid. */
const annotations = ["$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "format", "deprecated", "readOnly", "writeOnly"];
const objects = ["properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"];
const lists = ["items", "prefixItems", "minItems", "maxItems"];
const numbers = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const texts = ["minLength", "maxLength", "pattern"];
const known = new Set([...annotations, ...objects, ...lists, ...numbers, ...texts, "type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"]);

/** Throws an error with the name of a keyword that it does not know: a rule that is passed over would make wrong values valid. */
export function validatorOf(schema: Json, root: Json = schema): Test {
  if (typeof schema === "boolean") return () => schema;
  if (!isFields(schema)) throw new Error("a schema is an object or a boolean");
  const stranger = Object.keys(schema).find((name) => !known.has(name));
  if (stranger !== undefined) throw new Error(`the keyword ${stranger} is not known here`);
  const of = (part: Json): Test => validatorOf(part, root);
  const each = (name: string): readonly Test[] => (Array.isArray(schema[name]) ? (schema[name] as readonly Json[]).map(of) : []);
  const [any, one, all] = [each("anyOf"), each("oneOf"), each("allOf")];
  const values = [...(Array.isArray(schema["enum"]) ? (schema["enum"] as readonly Json[]) : []), ...("const" in schema ? [schema["const"]] : [])].map((value) =>
    JSON.stringify(value),
  );
  const isListed = "enum" in schema || "const" in schema;
  const tests: readonly Test[] = [
    ...(schema["type"] === undefined ? [] : [typeTest([schema["type"]].flat().map(String))]),
    ...(isListed ? [(value: unknown) => values.includes(JSON.stringify(value))] : []),
    ...(any.length > 0 ? [(value: unknown) => any.some((test) => test(value))] : []),
    ...(one.length > 0 ? [(value: unknown) => one.filter((test) => test(value)).length === 1] : []),
    ...all,
    ...(typeof schema["$ref"] === "string" ? [referenced(schema["$ref"], root)] : []),
    ...(texts.some((name) => name in schema) ? [textTest(schema)] : []),
    ...(numbers.some((name) => name in schema) ? [numberTest(schema)] : []),
    ...(lists.some((name) => name in schema) ? [listTest(schema, of)] : []),
    ...(objects.some((name) => name in schema) ? [objectTest(schema, of)] : []),
  ];
  return (value) => tests.every((test) => test(value));
}

/** Looked up when it is first needed: a schema may hold itself. */
function referenced(reference: string, root: Json): Test {
  let test: Test | undefined;
  return (value) => {
    test ??= validatorOf(lookUp(reference, root), root);
    return test(value);
  };
}

function lookUp(reference: string, root: Json): Json {
  if (!reference.startsWith("#")) throw new Error(`${reference} is elsewhere`);
  let at: Json | undefined = root;
  for (const name of reference.split("/").slice(1)) at = isFields(at) ? at[name.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  if (at === undefined) throw new Error(`${reference} leads nowhere`);
  return at;
}

function typeTest(types: readonly string[]): Test {
  return (value) => types.some((type) => isOf(type, value));
}

function isOf(type: string, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isFields(value);
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

const bound = (schema: Fields, name: string, otherwise: number): number => (typeof schema[name] === "number" ? schema[name] : otherwise);

/** Length in code points. */
function textTest(schema: Fields): Test {
  // eslint-disable-next-line security/detect-non-literal-regexp -- the app's own pattern, on values that were made here
  const pattern = typeof schema["pattern"] === "string" ? new RegExp(schema["pattern"], "u") : undefined;
  const [least, most] = [bound(schema, "minLength", 0), bound(schema, "maxLength", Infinity)];
  return (value) => {
    if (typeof value !== "string") return true;
    const length = value.length <= most && value.length >= 2 * least ? value.length : Array.from(value).length;
    return length >= least && length <= most && (pattern === undefined || pattern.test(value));
  };
}

function numberTest(schema: Fields): Test {
  const [least, most] = [bound(schema, "minimum", -Infinity), bound(schema, "maximum", Infinity)];
  const [above, below] = [bound(schema, "exclusiveMinimum", -Infinity), bound(schema, "exclusiveMaximum", Infinity)];
  const step = bound(schema, "multipleOf", 0);
  return (value) =>
    typeof value !== "number" || (value >= least && value <= most && value > above && value < below && (step === 0 || Number.isInteger(value / step)));
}

function listTest(schema: Fields, of: (part: Json) => Test): Test {
  const first = Array.isArray(schema["prefixItems"]) ? (schema["prefixItems"] as readonly Json[]).map(of) : [];
  const rest = schema["items"] === undefined ? (): boolean => true : of(schema["items"]);
  const [least, most] = [bound(schema, "minItems", 0), bound(schema, "maxItems", Infinity)];
  return (value) => !Array.isArray(value) || (value.length >= least && value.length <= most && value.every((item, index) => (first[index] ?? rest)(item)));
}

function objectTest(schema: Fields, of: (part: Json) => Test): Test {
  const properties = new Map(Object.entries(isFields(schema["properties"]) ? schema["properties"] : {}).map(([name, part]) => [name, of(part)]));
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  const others = schema["additionalProperties"] === undefined ? (): boolean => true : of(schema["additionalProperties"]);
  const names = schema["propertyNames"] === undefined ? (): boolean => true : of(schema["propertyNames"]);
  const [least, most] = [bound(schema, "minProperties", 0), bound(schema, "maxProperties", Infinity)];
  return (value) => {
    if (!isFields(value)) return true;
    const found = Object.keys(value);
    if (found.length < least || found.length > most || required.some((name) => !Object.hasOwn(value, name))) return false;
    return found.every((name) => names(name) && (properties.get(name) ?? others)(value[name]));
  };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
