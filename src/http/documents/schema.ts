import type { Json } from "../../core/json.ts";

/**
 * A schema as it may stand inside a larger document: references within it lead on from `place`, and the dialect is the
 * document's own.
 */
export function embedded(schema: Json, place: string): Json {
  if (typeof schema !== "object" || schema === null) return schema;
  if (isList(schema)) return schema.map((item) => embedded(item, place));
  const fields = schema as Readonly<Record<string, Json>>;
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => name !== "$schema" && name !== "$id")
      .map(([name, value]) => [
        name,
        name === "$ref" && typeof value === "string" && value.startsWith("#") ? `${place}${value.slice(1)}` : embedded(value, place),
      ]),
  );
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** A name as it may stand in a reference. */
export function componentName(name: string): string {
  return name.replaceAll(/[^\w.-]/g, "_");
}
