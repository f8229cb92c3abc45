import type { StandardSchemaV1 } from "@standard-schema/spec";
import { PulseQueueError, type ErrorCode, type Issue } from "./errors.ts";
import type { Json } from "./json.ts";
import { personalValues, scrub } from "./personal-data.ts";

/** Any Standard Schema (https://standardschema.dev): zod, valibot, arktype and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;
export type InputOf<S extends Schema> = StandardSchemaV1.InferInput<S>;
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/**
 * The schema's output for `value`. What is stored is always the schema's *input*, so that a schema which transforms
 * (a date from a string) gives the same output at publish, at delivery and at replay.
 *
 * Throws `code` with one issue per reason, without what is at the paths `pii` (some libraries quote the value), or `SCHEMA_ASYNC` for a schema that answers with a promise.
 */
export function parseWith<S extends Schema>(schema: S, value: unknown, code: ErrorCode, what: string, pii: readonly string[] = []): OutputOf<S> {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new PulseQueueError("SCHEMA_ASYNC", `The schema of ${what} is asynchronous`);
  }
  if (result.issues !== undefined) {
    const hidden = pii.length === 0 ? [] : personalValues(value as Json, pii);
    const issues = result.issues.slice(0, 20).map((issue) => toIssue({ ...issue, message: scrub(issue.message, hidden) }));
    const text = issues.map((issue) => `${issue.path === "" ? "(root)" : issue.path}: ${issue.message}`).join("; ");
    throw new PulseQueueError(code, `${what} is not valid: ${text}`, { issues });
  }
  return result.value;
}

function toIssue(issue: StandardSchemaV1.Issue): Issue {
  // Array.from, since a library's path may be a subclass of Array whose own `map` misbehaves (arktype's does where it is empty).
  const path = Array.from(issue.path ?? [], (segment) => String(typeof segment === "object" ? segment.key : segment)).join(".");
  return { path: path.slice(0, 200), message: issue.message.slice(0, 300) };
}

interface JsonSchemaConverter {
  readonly input: (options: { readonly target: string }) => Record<string, unknown>;
}

/** The schema's input as JSON Schema 2020-12 where its library implements Standard JSON Schema, else `undefined`. */
export function jsonSchemaOf(schema: Schema): Json | undefined {
  const standard: object = schema["~standard"];
  if (!("jsonSchema" in standard)) return undefined;
  const converter = standard.jsonSchema as JsonSchemaConverter;
  try {
    return converter.input({ target: "draft-2020-12" }) as Json;
  } catch {
    return undefined; // the library says so by throwing: this schema has no JSON Schema (a transform, a custom check)
  }
}
