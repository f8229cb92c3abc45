/** Values made from a JSON Schema: valid ones, and such that differ from a valid one in one place. */
import type { Json } from "../../core/json.ts";
import type { Random } from "./random.ts";
import { textOf } from "./texts.ts";
import { isFields } from "./validator.ts";

type Fields = Readonly<Record<string, Json>>;

const bound = (schema: Fields, name: string, otherwise: number): number => (typeof schema[name] === "number" ? schema[name] : otherwise);
const pick = <Item>(items: readonly Item[], random: Random): Item | undefined => items[random(items.length)];

/** A value that the schema allows, as far as it is understood here. */
export function validValue(schema: Json, random: Random): Json {
  if (!isFields(schema)) return null;
  const choices = ["enum", "anyOf", "oneOf"].map((name) => schema[name]).find((list) => Array.isArray(list)) as readonly Json[] | undefined;
  if (choices !== undefined) return schema["enum"] === undefined ? validValue(pick(choices, random) ?? null, random) : (pick(choices, random) ?? null);
  if ("const" in schema) return schema["const"] ?? null;
  switch ([schema["type"]].flat()[0]) {
    case "object":
      return Object.fromEntries(propertiesOf(schema, random).map(([name, part]) => [name, validValue(part, random)]));
    case "array": {
      const least = bound(schema, "minItems", 0);
      const length = Math.min(bound(schema, "maxItems", least + 3), least + random(3));
      return Array.from({ length }, () => validValue(schema["items"] ?? null, random));
    }
    case "string":
      return textOf(schema, random);
    case "integer":
    case "number": {
      const least = bound(schema, "minimum", bound(schema, "exclusiveMinimum", -1) + 1);
      return random(4) === 0 ? least : Math.min(least + random(1_000), bound(schema, "maximum", Infinity));
    }
    case "boolean":
      return random(2) === 0;
    default:
      return null;
  }
}

/** All that are required, and each other one now and then. */
function propertiesOf(schema: Fields, random: Random): readonly (readonly [name: string, part: Json])[] {
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"].map(String) : []);
  return Object.entries(isFields(schema["properties"]) ? schema["properties"] : {}).filter(([name]) => required.has(name) || random(2) === 0);
}

const strangers: readonly Json[] = [
  ...[null, true, false, "", "0", "x", " ", "\u0000", "x".repeat(1_000), "Ω", "../..", "1e3", [], {}, [null], { a: 1 }],
  ...[-0, 0, 1, -1, 0.5, 1.5, 1e-9, 1e12, 1e12 + 1, 2 ** 53, -(2 ** 53), 1e308],
];
const names = ["extra", "constructor", "toString", "", "order_id", "ID"];

/** The value, changed in one place. */
export function changed(value: Json, random: Random): Json {
  if (random(6) === 0) return pick(strangers, random) ?? null;
  if (Array.isArray(value)) return changedList(value as readonly Json[], random);
  if (isFields(value)) return changedObject(value, random);
  if (typeof value === "number") return pick([value - 1, value + 1, -value, value + 0.5, value * 1e13, String(value), 0], random) ?? null;
  if (typeof value === "string")
    return pick([value.slice(1), value.slice(0, -1), `${value} `, ` ${value}`, value.toLowerCase(), value.repeat(40), `${value}\n`, [value]], random) ?? null;
  return pick(strangers, random) ?? null;
}

function changedList(list: readonly Json[], random: Random): Json {
  const index = random(Math.max(1, list.length));
  const action = random(4);
  if (action === 0) return [...list, ...list];
  if (action === 1) return list.filter((_, each) => each !== index);
  return list.map((item, each) => (each === index ? changed(item, random) : item));
}

function changedObject(fields: Fields, random: Random): Json {
  const entries = Object.entries(fields);
  const [name] = pick(entries, random) ?? [""];
  const action = random(8);
  if (action === 0) return Object.fromEntries(entries.filter(([each]) => each !== name));
  if (action === 1) return { ...fields, [pick(names, random) ?? ""]: pick(strangers, random) ?? null };
  return Object.fromEntries(entries.map(([each, part]) => [each, each === name ? changed(part, random) : part]));
}
