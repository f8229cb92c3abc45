import type { Json } from "../core/json.ts";

/** What stands where personal data was. */
export const redacted = "[redacted]";

/**
 * `value` with what is at each path replaced by `[redacted]`. A path is field names joined by `.`; it goes through lists into
 * each of their items, so `lines.email` names the `email` of every line. Where a path wants to go into a text or a number,
 * that is replaced: data of another shape than declared (an older version) shows nothing rather than too much.
 */
export function redact(value: Json, paths: readonly string[]): Json {
  return paths.reduce((result: Json, path) => redactAt(result, path.split(".")), value);
}

function redactAt(value: Json, path: readonly string[]): Json {
  const [field, ...rest] = path;
  if (field === undefined) return redacted;
  if (isList(value)) return value.map((item, index) => redactItem(item, index, path));
  if (value === null) return null;
  if (typeof value !== "object") return redacted;
  return Object.hasOwn(value, field) ? { ...value, [field]: redactAt(value[field] ?? null, rest) } : value;
}

function redactItem(item: Json, index: number, path: readonly string[]): Json {
  const [field, ...rest] = path;
  if (field === "*" || field === String(index)) return redactAt(item, rest);
  return /^\d+$/.test(field ?? "") ? item : redactAt(item, path);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
