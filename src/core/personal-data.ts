/**
 * Personal data by declared path. A path is field names joined by `.`; it goes through lists into each of their items, so
 * `lines.email` names the `email` of every line. Where a path wants to go into a text or a number, that is what it names: data
 * of another shape than declared (an older version) shows nothing rather than too much.
 */
import { isPulseQueueError, PulseQueueError } from "./errors.ts";
import type { Json } from "./json.ts";

/** What stands where personal data was and may not be seen. */
export const redacted = "[redacted]";
/** What stands where personal data was and can no longer be read by anybody. */
export const erased = "[erased]";

/** `value` with what is at each path replaced by `[redacted]`; what was erased says so. */
export function redact(value: Json, paths: readonly string[]): Json {
  return mapPaths(value, paths, (found) => (found === erased ? erased : redacted));
}

/** `value` with what is at each path replaced by what `change` makes of it. `place`: where it is, e.g. `lines.0.email`. */
export function mapPaths(value: Json, paths: readonly string[], change: (found: Json, place: string) => Json): Json {
  return paths.reduce((result: Json, path) => mapAt(result, path.split("."), [], change), value);
}

type Change = (found: Json, place: string) => Json;

function mapAt(value: Json, path: readonly string[], place: readonly string[], change: Change): Json {
  const [field, ...rest] = path;
  if (field === undefined) return change(value, place.join("."));
  if (isList(value)) return value.map((item, index) => mapItem(item, String(index), path, place, change));
  if (value === null) return null;
  if (typeof value !== "object") return change(value, place.join("."));
  return Object.hasOwn(value, field) ? { ...value, [field]: mapAt(value[field] ?? null, rest, [...place, field], change) } : value;
}

function mapItem(item: Json, index: string, path: readonly string[], place: readonly string[], change: Change): Json {
  const [field, ...rest] = path;
  if (field === "*" || field === index) return mapAt(item, rest, [...place, index], change);
  return /^\d+$/.test(field ?? "") ? item : mapAt(item, path, [...place, index], change);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** A shorter text stands in other words by chance. */
const leastLength = 3;

/** The texts and numbers at the paths and below, as text. */
export function personalValues(value: Json, paths: readonly string[]): readonly string[] {
  const values: string[] = [];
  mapPaths(value, paths, (found) => {
    collectTexts(found, values);
    return found;
  });
  return values.filter((text) => text.length >= leastLength);
}

/** Whether `text` is personal data of `value`, and stands nowhere in it outside the paths, where everybody may read it anyway. */
export function tellsPersonal(text: string, value: Json, paths: readonly string[]): boolean {
  if (!personalValues(value, paths).includes(text)) return false;
  const plain: string[] = [];
  collectTexts(redact(value, paths), plain);
  return !plain.includes(text);
}

function collectTexts(value: Json, texts: string[]): void {
  if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) collectTexts(inner ?? null, texts);
  else if (typeof value === "string" || typeof value === "number") texts.push(String(value));
}

/** `text` without any of `values`: the longest first, so that a part of a longer one does not leave the rest. */
export function scrub(text: string, values: Iterable<string>): string {
  return [...values].sort((left, right) => right.length - left.length).reduce((shown, value) => shown.replaceAll(value, redacted), text);
}

/** The same for every text in a value of any kind. */
export function scrubDeep(value: unknown, values: readonly string[]): unknown {
  if (typeof value === "string") return scrub(value, values);
  if (typeof value !== "object" || value === null || value instanceof Error) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => scrubDeep(item, values));
  return Object.fromEntries(Object.entries(value).map(([name, inner]: [string, unknown]) => [name, scrubDeep(inner, values)]));
}

/** The same for what was thrown: an error of the same code, or of the same name, without its cause. */
export function scrubError(thrown: unknown, values: readonly string[]): unknown {
  if (values.length === 0 || !(thrown instanceof Error)) return thrown;
  const message = scrub(thrown.message, values);
  if (isPulseQueueError(thrown)) {
    const issues = thrown.issues.map((issue) => ({ ...issue, message: scrub(issue.message, values) }));
    return new PulseQueueError(thrown.code, message, { issues, ...(thrown.retryAfter === undefined ? {} : { retryAfter: thrown.retryAfter }) });
  }
  const error = new Error(message);
  error.name = thrown.name;
  error.stack = scrub(thrown.stack ?? "", values);
  return error;
}

/** Whether `path` is what `declared` names, or a part of it. Places in lists are left aside, as a declared path goes through all of them. */
export function isWithin(path: string, declared: string): boolean {
  const [inner, outer] = [path, declared].map((text) => text.split(".").filter((part) => part !== "*" && !/^\d+$/.test(part)));
  return outer?.every((part, index) => inner?.[index] === part) === true;
}

/** Throws `DECLARATION_INVALID` for a path that names nothing, or that names what must be readable: a key or an index. */
export function checkPaths(what: string, paths: readonly string[], plain: Iterable<string>): readonly string[] {
  const fields = new Set(plain);
  for (const path of paths) {
    if (typeof path !== "string" || path.split(".").some((part) => part === ""))
      throw new PulseQueueError("DECLARATION_INVALID", `${what}: a path of personal data is field names joined by "."`);
    if (fields.has(path.split(".")[0] ?? ""))
      throw new PulseQueueError(
        "DECLARATION_INVALID",
        `${what}: ${path} is personal data and part of a key or an index, which cannot be encrypted: use an id there`,
      );
  }
  return Object.freeze([...paths]);
}
