/** A small application that experiments run where the audited one must not be disturbed: it misbehaves on request, and its data are canaries. */
import { setImmediate as turn } from "node:timers/promises";
import { defineApp, type App } from "../core/app.ts";
import { defineEndpoint } from "../core/endpoint.ts";
import { defineEvent } from "../core/event.ts";
import { defineHandler, type HandlerDefinition } from "../core/handler.ts";
import { NonRetryableError } from "../core/retry-errors.ts";
import type { Schema } from "../core/schema.ts";
import { defineSecret } from "../core/secret.ts";
import { defineTable } from "../core/table.ts";

type Test = (value: unknown) => boolean;

/** Accepts an object with exactly these fields. */
function fields<Value>(required: Readonly<Record<string, Test>>, optional: Readonly<Record<string, Test>> = {}): Schema<Value> {
  const problemOf = (value: unknown): string | undefined => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "it is no object";
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(required, name) && !Object.hasOwn(optional, name));
    if (unknown !== undefined) return "a field is not known";
    const wrong = Object.entries({ ...required, ...optional }).find(([name, test]) => {
      const field = (value as Readonly<Record<string, unknown>>)[name];
      return field === undefined ? Object.hasOwn(required, name) : !test(field);
    });
    return wrong === undefined ? undefined : `${wrong[0]} is not valid`;
  };
  return {
    "~standard": {
      version: 1,
      vendor: "pulsequeue",
      validate: (value) => {
        const message = problemOf(value);
        return message === undefined ? { value: value as Value } : { issues: [{ message }] };
      },
    },
  };
}

const id: Test = (value) => typeof value === "string" && /^[\w-]{1,64}$/.test(value);
const amount: Test = (value) => Number.isInteger(value) && Number(value) > 0 && Number(value) <= 1_000_000;
const email: Test = (value) => typeof value === "string" && value.length <= 200;

interface Note {
  readonly id: string;
  readonly amount: number;
  readonly email?: string;
}

/** Amounts on which the handler does something else than to note them. */
export const mischief = { refuses: 666, fails: 667, trespasses: 668 } as const;

/** What the door's clients may know of the inside: nothing of this. */
export const innards = "SELECT secret FROM /srv/private.db";

export const noteSchema = fields<Note>({ id, amount }, { email });

export const noted = defineEvent("canary.noted", { schema: noteSchema, key: (data) => data.id, pii: ["email"], subject: (data) => data.id });
export const followed = defineEvent("canary.followed", { schema: fields<{ readonly id: string }>({ id }), key: (data) => data.id });

export const notes = defineTable("canary-notes", { schema: noteSchema, key: "id", pii: ["email"], subject: (row) => row.id });
/** How often each note was followed: more than once is an effect that happened twice. */
export const tally = defineTable("canary-tally", {
  schema: fields<{ readonly id: string; readonly count: number }>({ id, count: amount }),
  key: "id",
});
const vault = defineTable("canary-vault", { schema: fields<{ readonly id: string }>({ id }), key: "id" });

export const canarySecret = defineSecret("canary-secret");

const note = defineHandler("canary-note", {
  on: noted,
  writes: [notes],
  emits: [followed],
  secrets: [canarySecret],
  retry: { attempts: 2, min: "1ms", max: "2ms" },
  handle({ data }, ctx) {
    ctx.log.info("a canary", { email: data.email ?? "", secret: ctx.secret(canarySecret) });
    if (data.amount === mischief.refuses) throw new NonRetryableError("it is refused");
    if (data.amount === mischief.fails) throw new Error(innards);
    if (data.amount === mischief.trespasses)
      (ctx.tables as unknown as Readonly<Record<string, { put(row: object): void }>>)["canary-vault"]?.put({ id: data.id });
    if (data.amount === mischief.trespasses) ctx.emit(noted as never, { id: data.id, amount: 1 } as never);
    ctx.tables["canary-notes"].put(data);
    ctx.emit(followed, { id: data.id });
  },
});

const follow = defineHandler("canary-follow", {
  on: followed,
  writes: [tally],
  async handle({ data }, ctx) {
    const row = await ctx.tables["canary-tally"].get(data.id);
    ctx.tables["canary-tally"].put({ id: data.id, count: (row?.count ?? 0) + 1 });
  },
});

const keep = defineHandler("canary-keep", { on: followed, writes: [vault], handle: ({ data }, ctx) => ctx.tables["canary-vault"].put(data) });

const endpoints = [
  defineEndpoint("canary-place", {
    method: "POST",
    path: "/canary/:id",
    auth: "api-key",
    emits: [noted],
    handle({ params: { id: name = "" } }, ctx) {
      ctx.emit(noted, { id: name, amount: 1 });
      return { status: 202 };
    },
  }),
  defineEndpoint("canary-broken", {
    method: "POST",
    path: "/canary-broken",
    auth: "public",
    handle() {
      throw new Error(innards);
    },
  }),
  defineEndpoint("canary-hook", {
    method: "POST",
    path: "/canary-hook",
    auth: "webhook",
    webhook: { scheme: "standard", secret: canarySecret },
    handle: () => ({ status: 204 }),
  }),
];

export const canaryApp: App = defineApp("canary", { handlers: [note, follow, keep], endpoints });

/** Two handlers of one event that change the same row: each has read it before either writes. */
export function raceApp(): App {
  let readers = 0;
  const buyer = (name: string): HandlerDefinition =>
    defineHandler(name, {
      on: followed,
      writes: [tally],
      async handle({ data }, ctx) {
        const row = await ctx.tables["canary-tally"].get(data.id);
        readers += 1;
        // Bounded: where the engine runs one after the other there is no race, and the experiment says so.
        for (let turns = 0; turns < 1_000 && readers < 2; turns += 1) await turn();
        ctx.tables["canary-tally"].put({ id: data.id, count: (row?.count ?? 0) + 1 });
      },
    });
  return defineApp("canary-race", { handlers: [buyer("canary-first"), buyer("canary-second")] });
}

interface NewNote extends Note {
  readonly colour: string;
}

/** The next version of the app: the event has one more field, which older events do not have. */
export function nextCanaryApp(): App {
  const next = defineEvent("canary.noted", {
    version: 2,
    schema: fields<NewNote>({ id, amount, colour: (value) => typeof value === "string" }, { email }),
    key: (data) => data.id,
    pii: ["email"],
    subject: (data) => data.id,
    upcast: (data) => ({ ...(data as Note), colour: "none" }),
  });
  const nextNote = defineHandler("canary-note", {
    on: next,
    writes: [notes],
    emits: [followed],
    handle({ data: { colour: _colour, ...row } }, ctx) {
      ctx.tables["canary-notes"].put(row);
      ctx.emit(followed, { id: row.id });
    },
  });
  return defineApp("canary", { handlers: [nextNote, follow, keep] });
}

/** The app, with a schema that refuses what the one before it took. */
export function strictCanaryApp(): App {
  const strict = defineEvent("canary.noted", { schema: fields<Note>({ id, amount: (value) => Number(value) > 1_000 }, { email }), key: (data) => data.id });
  const strictNote = defineHandler("canary-note", {
    on: strict,
    writes: [notes],
    handle({ data }, ctx) {
      ctx.tables["canary-notes"].put(data);
    },
  });
  return defineApp("canary", { handlers: [strictNote] });
}
