/** What every act of an operator takes over HTTP: `{ "reason": "…", "dryRun": false, … }`. */
import { PulseQueueError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { checkReason, type OperationOptions } from "../../core/operation.ts";
import type { Call, Route } from "../call.ts";

/** A route by which an operator acts. `input`: JSON Schemas of what the body holds besides reason and dryRun. */
export function actRoute(path: string, summary: string, input: Readonly<Record<string, Json>>, handle: Route["handle"]): Route {
  return {
    method: "POST",
    path,
    access: { kind: "roles", roles: ["operator"] },
    summary,
    query: [],
    input: {
      type: "object",
      additionalProperties: false,
      required: ["reason"],
      properties: { reason: { type: "string", minLength: 1, maxLength: 1_000 }, dryRun: { type: "boolean", default: false }, ...input },
    },
    handle,
  };
}

export type Fields = Readonly<Record<string, Json | undefined>>;

export interface Act {
  readonly options: OperationOptions;
  /** What the body holds besides. */
  readonly fields: Fields;
}

/** Reads an act that may hold `names` besides reason and dryRun. Throws `REQUEST_INVALID`, `OPERATION_INVALID` without a reason. */
export async function readAct(call: Call, names: readonly string[] = []): Promise<Act> {
  const fields = objectOf(await call.body.json(), ["reason", "dryRun", ...names]);
  const { reason = "", dryRun = false } = fields;
  if (typeof reason !== "string") throw new PulseQueueError("REQUEST_INVALID", "reason must be a text");
  if (typeof dryRun !== "boolean") throw new PulseQueueError("REQUEST_INVALID", "dryRun must be true or false");
  const options = { reason, dryRun, by: call.principal.id };
  checkReason(options);
  return { options, fields };
}

/** `value` as an object with no other fields than `names`. */
export function objectOf(value: Json | undefined, names: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new PulseQueueError("REQUEST_INVALID", "The body must be a JSON object");
  const stranger = Object.keys(value).find((name) => !names.includes(name));
  if (stranger !== undefined) throw new PulseQueueError("REQUEST_INVALID", `The body takes ${names.join(", ")}`);
  return value as Fields;
}

/** The texts among `fields` that are named, without those that are not there. Throws `REQUEST_INVALID` for another kind of value. */
export function textsOf<Name extends string>(fields: Fields, names: readonly Name[]): Partial<Record<Name, string>> {
  const texts: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = fields[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || value.length > 256) throw new PulseQueueError("REQUEST_INVALID", `${name} must be a text of 256 characters at most`);
    texts[name] = value;
  }
  return texts;
}

/** A list of texts. Throws `REQUEST_INVALID`. */
export function listOf(what: string, value: Json): readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
    throw new PulseQueueError("REQUEST_INVALID", `${what} must be a list of names`);
  return value;
}

/** A time as ISO 8601 or milliseconds since 1970. Throws `REQUEST_INVALID`. */
export function timeOf(name: string, value: Json): number {
  const time = typeof value === "number" ? value : typeof value !== "string" ? Number.NaN : /^\d{1,15}$/.test(value) ? Number(value) : Date.parse(value);
  if (!Number.isFinite(time)) throw new PulseQueueError("REQUEST_INVALID", `${name} must be a time: ISO 8601, or milliseconds since 1970`);
  return time;
}

/** A whole number in the query. Throws `REQUEST_INVALID`. */
export function countOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || value < least || value > most)
    throw new PulseQueueError("REQUEST_INVALID", `${name} must be a whole number from ${String(least)} to ${String(most)}`);
  return value;
}

const mostOnAPage = 1_000;

export function limitOf(query: Readonly<Record<string, string>>): number {
  return query["limit"] === undefined ? 100 : countOf("limit", query["limit"], 1, mostOnAPage);
}

/** The place where a page ends, in a form that nobody needs to read. */
export function cursorOf(place: number): string {
  return `p${place.toString(36)}`;
}

/** The same of a place that has a text. */
export function textCursorOf(place: string): string {
  return `t${Buffer.from(place).toString("base64url")}`;
}

/** The text that a cursor names. Throws `REQUEST_INVALID`. */
export function textOfCursor(cursor: string): string {
  const text = /^t[\w-]{1,2048}$/.test(cursor) ? Buffer.from(cursor.slice(1), "base64url").toString() : "";
  if (text === "" || textCursorOf(text) !== cursor) throw new PulseQueueError("REQUEST_INVALID", "The cursor is not one of this server");
  return text;
}

/** The place that a cursor names. Throws `REQUEST_INVALID`. */
export function placeOf(cursor: string): number {
  const place = /^p[\da-z]{1,11}$/.test(cursor) ? Number.parseInt(cursor.slice(1), 36) : Number.NaN;
  if (!Number.isSafeInteger(place)) throw new PulseQueueError("REQUEST_INVALID", "The cursor is not one of this server");
  return place;
}
