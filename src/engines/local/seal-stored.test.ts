import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineTable, type App, type InvokeResponse } from "pulsequeue";
import { openLocal, verifyLocal, type LocalOptions, type LocalQueue } from "pulsequeue/local";

const data = z.object({ id: z.string(), person: z.string(), email: z.string(), phone: z.string() });

/** The shop with these declared to be personal data. */
function shop(pii: readonly string[]): App {
  const placed = defineEvent("placed", { schema: data, key: ({ id }) => id, pii, subject: ({ person }) => person });
  const noted = defineEvent("noted", { schema: z.object({ id: z.string() }) });
  const orders = defineTable("orders", { schema: data, key: "id", indexes: { byPerson: "person" }, pii, subject: ({ person }) => person });
  return defineApp("shop", {
    handlers: [
      defineHandler("keep", { on: placed, writes: [orders], handle: (event, ctx) => ctx.tables.orders.put(event.data) }),
      defineHandler("refuse", {
        on: placed,
        retry: { attempts: 1 },
        async handle(event, ctx) {
          await ctx.step("look-up", () => ({ found: event.data.email }));
          throw new Error("no");
        },
      }),
      defineHandler("count", { on: noted, handle: () => undefined }),
    ],
    endpoints: [
      defineEndpoint("show", {
        method: "GET",
        path: "/orders/:id",
        auth: "public",
        reads: [orders],
        writes: [orders],
        async handle({ params: { id = "" } }, ctx) {
          return { body: { email: (await ctx.tables.orders.get(id))?.email ?? "" } };
        },
      }),
    ],
  });
}

const both = ["email", "phone"];
const act = { reason: "a test" };
const vault = { masterKey: Buffer.alloc(32, 7) };
const person = (n: number): z.infer<typeof data> => ({ id: `o-${n}`, person: `c-${n}`, email: `canary-${n}@example.org`, phone: `canary +41 ${n}` });
let folder = "";
let file = "";
let queue: LocalQueue | undefined;

async function open(app: App, options: Partial<LocalOptions> = {}): Promise<LocalQueue> {
  await queue?.close();
  queue = await openLocal(app, { file, ...options });
  return queue;
}

function declared<Value>(found: Value | undefined): Value {
  if (found === undefined) throw new Error("it is not declared");
  return found;
}
const eventOf = (app: App, name: "placed" | "noted") => declared(app.topology.events.get(name));
const tableOf = (app: App) => declared(app.topology.tables.get("orders"));
const answer = (opened: LocalQueue, app: App): Promise<InvokeResponse> =>
  opened.invoke(declared(app.topology.endpoints.get("show")), { params: { id: "o-1" }, idempotencyKey: "k-1" });
const lastHash = async (opened: LocalQueue): Promise<string> => {
  await opened.close();
  const db = new Database(file, { readonly: true });
  try {
    return String(db.prepare("SELECT hash FROM events ORDER BY seq DESC LIMIT 1").pluck().get());
  } finally {
    db.close();
  }
};

/** Three orders and a note between them, in the clear, every handler at rest. */
async function run(app: App, options: Partial<LocalOptions> = {}): Promise<LocalQueue> {
  const opened = await open(app, options);
  for (const n of [1, 2, 3]) {
    await opened.publish(eventOf(app, "noted"), { id: String(n) }, { id: `n-${n}` });
    await opened.publish(eventOf(app, "placed"), person(n), { id: `e-${n}` });
  }
  await opened.start();
  await opened.idle();
  await answer(opened, app);
  return opened;
}

const bytes = (): string =>
  readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("\n");
const dataOf = async (opened: LocalQueue, n: number): Promise<unknown> => (await opened.inspect.events({ id: `e-${n}` }))[0]?.data;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pulsequeue-seal-"));
  file = join(folder, "shop.db");
});
afterEach(async () => {
  await queue?.close();
  queue = undefined;
  rmSync(folder, { recursive: true, force: true });
});

describe("personal data that was stored before there was a key", () => {
  test("is encrypted when the file is opened with one, wherever it stands: no byte of it is left", async () => {
    const app = shop(both);
    await (await run(app)).close();
    expect(bytes()).toMatch(/canary/);
    const opened = await open(app, { vault });
    expect(bytes()).not.toMatch(/canary/);
    for (const n of [1, 2, 3]) expect(await dataOf(opened, n)).toEqual(person(n));
    expect(await opened.inspect.table(tableOf(app)).get("o-2")).toMatchObject(person(2));
    expect(await answer(opened, app)).toMatchObject({ replayed: true, body: { email: person(1).email } });
    expect(await opened.verify()).toMatchObject({ ok: true });
    expect(await opened.ledger.entries({ action: "configuration" })).toMatchObject([
      { by: "local", subject: "personal data", detail: { events: 3, rows: 3, others: 4 } },
    ]);
    await opened.close();
    expect(bytes()).not.toMatch(/canary/);
    expect(await verifyLocal(file)).toMatchObject({ ok: true });
  });

  test("is under the person's key from then on: erasing reaches it, and nobody else's", async () => {
    const app = shop(both);
    await run(app);
    const opened = await open(app, { vault });
    expect(await opened.erase("c-2", act)).toMatchObject({ count: 1 });
    expect(await dataOf(opened, 2)).toMatchObject({ email: "[erased]", phone: "[erased]" });
    expect(await opened.inspect.table(tableOf(app)).get("o-2")).toMatchObject({ email: "[erased]" });
    expect(await dataOf(opened, 1)).toEqual(person(1));
    expect(await opened.verify()).toMatchObject({ ok: true });
  });

  test("is still the same event: published again it is a duplicate, with other data it is refused; what waits is delivered", async () => {
    const app = shop(both);
    await run(app);
    const opened = await open(app, { vault });
    const placed = eventOf(app, "placed");
    expect(await opened.publish(placed, person(1) as never, { id: "e-1" })).toMatchObject({ duplicate: true });
    await expect(opened.publish(placed, person(2) as never, { id: "e-1" })).rejects.toMatchObject({ code: "IDENTITY_REUSED" });
    await opened.start();
    await opened.operate.redrive({ all: true }, act);
    await opened.publish(placed, person(4), { id: "e-4" });
    await opened.idle();
    expect(await opened.inspect.table(tableOf(app)).get("o-4")).toMatchObject(person(4));
    expect(await opened.inspect.deadLetters({})).toHaveLength(4);
    expect((await opened.inspect.deadLetters({})).map(({ failure }) => failure?.message)).toEqual(["no", "no", "no", "no"].map((text) => `Error: ${text}`));
  });

  test("is looked for once: a file that holds none keeps its hashes and its ledger, and so does one that was sealed", async () => {
    const app = shop(both);
    const opened = await run(app, { vault });
    expect(await opened.ledger.entries({ action: "configuration" })).toEqual([]);
    const head = await lastHash(opened);
    expect(await lastHash(await open(app, { vault }))).toBe(head);
    await (await open(shop([]), { vault })).close();
    expect(await lastHash(await open(app, { vault }))).toBe(head);
    expect(await (await open(app, { vault })).ledger.entries({ action: "configuration" })).toEqual([]);
  });

  test("what a crash left between its encryption and the file's renewal is finished by the next opening", async () => {
    const app = shop(both);
    await (await run(app)).close();
    const exec = vi.spyOn(Database.prototype, "exec").mockImplementation(function (this: Database.Database, sql: string) {
      if (sql === "VACUUM") throw new Error("killed");
      return this;
    });
    await expect(open(app, { vault })).rejects.toThrow();
    exec.mockRestore();
    const opened = await open(app, { vault });
    expect(bytes()).not.toMatch(/canary/);
    expect(await dataOf(opened, 1)).toEqual(person(1));
    expect(await opened.ledger.entries({ action: "configuration" })).toHaveLength(1);
  });

  test("a file that was changed behind the engine's back is refused, and not sealed over", async () => {
    const app = shop(both);
    await (await run(app)).close();
    const db = new Database(file);
    db.exec("UPDATE events SET data = replace(data, 'canary-2', 'canary-9') WHERE seq = 4");
    db.close();
    await expect(open(app, { vault })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});

test("what is declared later is encrypted when the file is opened with that declaration, and what was encrypted stays as it was", async () => {
  await run(shop(["email"]), { vault });
  expect(bytes()).toMatch(/canary \+41/);
  const app = shop(both);
  const opened = await open(app, { vault });
  expect(bytes()).not.toMatch(/canary/);
  expect(await dataOf(opened, 3)).toEqual(person(3));
  await opened.erase("c-3", act);
  expect(await dataOf(opened, 3)).toMatchObject({ email: "[erased]", phone: "[erased]" });
  expect(await opened.verify()).toMatchObject({ ok: true });
});
