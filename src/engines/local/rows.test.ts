import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineTable, type App } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { z } from "zod";
import { testFolder } from "../../../test/faults/folder.ts";

const schema = z.object({ id: z.string(), colour: z.string(), size: z.int(), owner: z.string() });
const asked = defineEvent("asked", { schema: z.object({}) });

type Indexes = Readonly<Record<string, "colour" | "owner" | readonly ["colour", "size"]>>;

/** The same app with the table's indexes as given. Its endpoint puts rows and asks by any index. */
function appWith(indexes: Indexes, rowSchema: typeof schema = schema) {
  const things = defineTable("things", { schema: rowSchema, key: "id", indexes });
  const ask = defineEndpoint("ask", {
    method: "POST",
    path: "/ask",
    auth: "public",
    input: z.object({ put: z.array(z.unknown()).default([]), index: z.string().optional(), colour: z.string().optional(), owner: z.string().optional() }),
    writes: [things],
    async handle({ input: { put, index, colour, owner } }, ctx) {
      for (const row of put) ctx.tables.things.put(row as z.input<typeof schema>);
      if (index === undefined) return { status: 200 };
      const rows = await ctx.tables.things.query({ index, equals: { ...(colour === undefined ? {} : { colour }), ...(owner === undefined ? {} : { owner }) } });
      return { status: 200, body: rows.map((row) => row.id) };
    },
  });
  const handler = defineHandler("listen", { on: asked, handle: () => undefined });
  return { app: defineApp("indexed", { handlers: [handler], endpoints: [ask] }), ask, things };
}

const rows = [
  { id: "a", colour: "red", size: 3, owner: "ann" },
  { id: "b", colour: "red", size: 1, owner: "ann" },
  { id: "c", colour: "blue", size: 2, owner: "bob" },
];

async function life<Result>(
  file: string,
  { app, ask }: { readonly app: App; readonly ask: ReturnType<typeof appWith>["ask"] },
  body: unknown,
): Promise<Result> {
  const queue = await openLocal(app, { file });
  try {
    const answer = await queue.invoke(ask, { body });
    expect((await queue.verify()).problems).toEqual([]);
    return answer as Result;
  } finally {
    await queue.close();
  }
}

describe("an app that declares other indexes than the file was written with", () => {
  test("finds the rows by a new index, in its order, and without it again when it is gone", async () => {
    const file = join(testFolder(), "app.db");
    await life(file, appWith({}), { put: rows });
    expect(await life(file, appWith({ look: ["colour", "size"] }), { index: "look", colour: "red" })).toMatchObject({ status: 200, body: ["b", "a"] });
    expect(await life(file, appWith({}), { index: "look", colour: "red" })).toMatchObject({ status: 400 });
  });

  test("finds the rows by an index that has the old name and other fields", async () => {
    const file = join(testFolder(), "app.db");
    await life(file, appWith({ look: "colour" }), { put: rows });
    const changed = appWith({ look: "owner" });
    expect(await life(file, changed, { index: "look", owner: "bob" })).toMatchObject({ status: 200, body: ["c"] });
    expect(await life(file, changed, { index: "look", owner: "red" })).toMatchObject({ body: [] });
  });

  test("keeps the new entries as rows change from then on", async () => {
    const file = join(testFolder(), "app.db");
    await life(file, appWith({}), { put: rows });
    const indexed = appWith({ look: "colour" });
    await life(file, indexed, { put: [{ id: "a", colour: "green", size: 3, owner: "ann" }] });
    expect(await life(file, indexed, { index: "look", colour: "red" })).toMatchObject({ body: ["b"] });
    expect(await life(file, indexed, { index: "look", colour: "green" })).toMatchObject({ body: ["a"] });
  });

  test("does not change the versions that guard the rows, nor anything when nothing was declared anew", async () => {
    const file = join(testFolder(), "app.db");
    const { app, things } = appWith({ look: "colour" });
    await life(file, appWith({ look: "colour" }), { put: rows });
    const queue = await openLocal(app, { file });
    expect((await queue.inspect.table(things).all()).map((row) => row.id)).toEqual(["a", "b", "c"]);
    await queue.close();
  });

  test("is refused where a stored row does not pass its schema any more, and the file is as before", async () => {
    const file = join(testFolder(), "app.db");
    await life(file, appWith({}), { put: rows });
    const strict = appWith(
      { look: "colour" },
      schema.refine((row) => row.size > 1),
    );
    await expect(openLocal(strict.app, { file })).rejects.toMatchObject({ code: "ROW_INVALID" });
    expect(await life(file, appWith({ look: "colour" }), { index: "look", colour: "red" })).toMatchObject({ body: ["a", "b"] });
  });
});
