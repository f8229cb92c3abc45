/** Declarations and helpers that the contract's cases share. Schemas are made here so that the suite needs no schema library. */
import assert from "node:assert/strict";
import { isPulseQueueError, type ErrorCode, type PulseQueueError } from "../../core/errors.ts";
import { defineEvent } from "../../core/event.ts";
import type { WritableTable } from "../../core/context.ts";
import type { DeliveryView, Queue } from "../../core/queue.ts";
import type { Schema } from "../../core/schema.ts";
import { defineTable } from "../../core/table.ts";

interface Kinds {
  readonly string: string;
  readonly number: number;
  readonly any: unknown;
}

/** A schema of an object with these fields; others are refused. Fields of kind `any` may be missing. */
export function shape<const Fields extends Readonly<Record<string, keyof Kinds>>>(fields: Fields): Schema<{ readonly [F in keyof Fields]: Kinds[Fields[F]] }> {
  return {
    "~standard": {
      version: 1,
      vendor: "pulsequeue",
      validate: (value) => {
        const issues = issuesOf(fields, value);
        return issues.length > 0 ? { issues } : { value: value as { readonly [F in keyof Fields]: Kinds[Fields[F]] } };
      },
    },
  };
}

function issuesOf(fields: Readonly<Record<string, keyof Kinds>>, value: unknown): { message: string; path: string[] }[] {
  if (typeof value !== "object" || value === null) return [{ message: "not an object", path: [] }];
  const given = new Map<string, unknown>(Object.entries(value));
  const wrong = Object.entries(fields).filter(([field, kind]) => kind !== "any" && typeof given.get(field) !== kind);
  const unknown = [...given.keys()].filter((field) => !Object.hasOwn(fields, field));
  return [...wrong.map(([field, kind]) => ({ message: `not a ${kind}`, path: [field] })), ...unknown.map((field) => ({ message: "not known", path: [field] }))];
}

/** A schema that accepts text and gives a `Date`: its input and its output differ. */
export const dateFromText: Schema<{ readonly at: string }, { readonly at: Date }> = {
  "~standard": {
    version: 1,
    vendor: "pulsequeue",
    validate: (value) => {
      const text = typeof value === "object" && value !== null && "at" in value ? value.at : undefined;
      return typeof text === "string" ? { value: { at: new Date(text) } } : { issues: [{ message: "not a date", path: ["at"] }] };
    },
  },
};

/** Another version of `schema`: accepts only what `rule` accepts too. */
export function only<Input, Output>(schema: Schema<Input, Output>, rule: (value: Output) => boolean): Schema<Input, Output> {
  return {
    "~standard": {
      version: 1,
      vendor: "pulsequeue",
      validate: (value) => {
        const result = schema["~standard"].validate(value);
        if (result instanceof Promise || result.issues !== undefined) return result;
        return rule(result.value) ? result : { issues: [{ message: "the rule refuses it" }] };
      },
    },
  };
}

export const plain = defineEvent("plain.happened", { schema: shape({ n: "number" }) });
export const follow = defineEvent("follow.happened", { schema: shape({ n: "number" }) });
export const keyed = defineEvent("keyed.happened", { schema: shape({ key: "string", n: "number" }), key: (data) => data.key });
export const anything = defineEvent("anything.happened", { schema: shape({ value: "any" }) });
export const counters = defineTable("counters", { schema: shape({ id: "string", count: "number" }), key: "id" });

/** Adds `by` to a counter: a read, then a write. */
export async function count(table: WritableTable<typeof counters>, id: string, by = 1): Promise<void> {
  const row = await table.get(id);
  table.put({ id, count: (row?.count ?? 0) + by });
}

/** A door that handlers wait at until the test opens it. */
export interface Gate {
  open(): void;
  readonly passed: Promise<void>;
}

export function gate(): Gate {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    open: () => {
      open();
    },
    passed,
  };
}

/** The error with which `promise` rejects; it must be one of ours with this code. */
export async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<PulseQueueError> {
  return promise.then(
    () => assert.fail(`it should have been refused with ${code}`),
    (thrown: unknown) => ours(thrown, code),
  );
}

/** The error that `fn` throws at once; it must be one of ours with this code. */
export function throws(fn: () => unknown, code: ErrorCode): PulseQueueError {
  try {
    fn();
  } catch (thrown) {
    return ours(thrown, code);
  }
  return assert.fail(`it should have been refused with ${code}`);
}

function ours(thrown: unknown, code: ErrorCode): PulseQueueError {
  if (!isPulseQueueError(thrown)) return assert.fail(`${code} was expected, and something else was thrown: ${String(thrown)}`);
  assert.equal(thrown.code, code, thrown.message);
  return thrown;
}

/** Calls `value[method](...args)` as JavaScript without types could. */
export function loosely(value: object, method: string, ...args: readonly unknown[]): unknown {
  const fn: unknown = Reflect.get(value, method);
  assert.ok(typeof fn === "function", `there is no ${method}`);
  return Reflect.apply(fn, value, args);
}

/** The delivery of one event to one handler, in whatever state it is. */
export async function deliveryOf({ inspect }: Queue, handler: string, eventId: string): Promise<DeliveryView> {
  return single(await inspect.deliveries({ handler, eventId }));
}

/** The whole numbers from 1 to `last`. */
export function upTo(last: number): readonly number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** The one item of `items`. */
export function single<Item>(items: readonly Item[]): Item {
  assert.equal(items.length, 1, `one was expected, not ${String(items.length)}`);
  for (const item of items) return item;
  return assert.fail("one was expected");
}

/** What never ends. */
export const never = new Promise<void>(() => undefined);

/** Whether `promise` has ended; asked for again and again as time is driven. */
export function watch(promise: Promise<unknown>): () => boolean {
  let ended = false;
  promise.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  return () => ended;
}
