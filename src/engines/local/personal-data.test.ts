import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineTable, NonRetryableError } from "pulsequeue";
import { openLocal, type LocalOptions, type LocalQueue } from "pulsequeue/local";
import { openKeyring } from "./keyring.ts";

const email = "canary-ada@example.org";
const street = "Canary Street 17";
const other = "canary-bob@example.org";

const schema = z.object({ orderId: z.string(), customerId: z.string(), email: z.string(), address: z.object({ street: z.string(), city: z.string() }) });
const placed = defineEvent("order.placed", { schema, key: (data) => data.orderId, pii: ["email", "address.street"], subject: (data) => data.customerId });
const noted = defineEvent("order.noted", { schema: z.object({ orderId: z.string(), notes: z.array(z.string()) }), pii: ["notes"] });
const orders = defineTable("orders", {
  schema: z.object({ orderId: z.string(), customerId: z.string(), email: z.string(), total: z.number() }),
  key: "orderId",
  indexes: { byCustomer: "customerId" },
  pii: ["email"],
  subject: (row) => row.customerId,
});

const seen: string[] = [];
const keep = defineHandler("keep", {
  on: placed,
  writes: [orders],
  emits: [noted],
  handle({ data }, ctx) {
    seen.push(data.email);
    ctx.tables.orders.put({ orderId: data.orderId, customerId: data.customerId, email: data.email, total: 1 });
    ctx.emit(noted, { orderId: data.orderId, notes: [`for ${data.email}`, "plain"] });
  },
});
const refuse = defineHandler("refuse", {
  on: placed,
  retry: { attempts: 1 },
  async handle({ data }, ctx) {
    await ctx.step("look-up", () => ({ found: data.email }));
    ctx.log.info(`looked up ${data.email}`, { who: data.email });
    throw new Error(`no mail to ${data.email} at ${data.address.street}`);
  },
});
const count = defineHandler("count", { on: noted, handle: () => undefined });
const read = defineHandler("read", {
  on: noted,
  reads: [orders],
  retry: { attempts: 1 },
  async handle({ data }, ctx) {
    seen.push((await ctx.tables.orders.get(data.orderId))?.email ?? "");
  },
});
const show = defineEndpoint("show", {
  method: "GET",
  path: "/orders/:id",
  auth: "api-key",
  reads: [orders],
  writes: [orders],
  async handle({ params }, ctx) {
    const row = await ctx.tables.orders.get(params["id"] ?? "");
    if (row !== undefined) ctx.tables.orders.put({ ...row, total: row.total + 1 });
    return { body: { email: row?.email ?? null } };
  },
});
const complain = defineEndpoint("complain", {
  method: "GET",
  path: "/complaints/:id",
  auth: "api-key",
  reads: [orders],
  async handle({ params, query }, ctx) {
    const text = `no mail to ${(await ctx.tables.orders.get(params["id"] ?? ""))?.email ?? ""}`;
    throw query["how"] === "plainly" ? new TypeError(text) : new NonRetryableError(text);
  },
});
const app = defineApp("shop", { handlers: [keep, refuse, count, read], endpoints: [show, complain] });

let folder = "";
let file = "";
let queue: LocalQueue | undefined;
const facts: unknown[] = [];
const masterKey = Buffer.alloc(32, 7);

async function open(options: Partial<LocalOptions> = { vault: { masterKey } }): Promise<LocalQueue> {
  queue = await openLocal(app, { file, observe: (fact) => void facts.push(fact), ...options });
  return queue;
}

const order = (orderId: string, customerId: string, address: string): z.infer<typeof schema> => ({
  orderId,
  customerId,
  email: address,
  address: { street, city: "Bern" },
});

/** Two orders of two people, every handler at rest. */
async function run(): Promise<LocalQueue> {
  const opened = await open();
  await opened.publish(placed, order("o-1", "c-1", email), { id: "e-1" });
  await opened.publish(placed, order("o-2", "c-2", other), { id: "e-2" });
  await opened.start();
  await opened.idle();
  await opened.invoke(show, { params: { id: "o-1" }, idempotencyKey: "k-1" });
  return opened;
}

function bytesOf(): string {
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("\n");
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pulsequeue-personal-"));
  file = join(folder, "shop.db");
  seen.length = 0;
  facts.length = 0;
});
afterEach(async () => {
  await queue?.close();
  queue = undefined;
  rmSync(folder, { recursive: true, force: true });
});

describe("at rest", () => {
  test("no byte of personal data is in the database, its log, its keyring or a backup, while handlers and endpoints see it", async () => {
    const opened = await run();
    await opened.backup(join(folder, "copy.db"));
    expect(bytesOf()).not.toMatch(/canary/i);
    expect(seen).toEqual(expect.arrayContaining([email, other]));
    expect((await opened.invoke(show, { params: { id: "o-1" }, idempotencyKey: "k-1" })).body).toEqual({ email });
    expect(await opened.inspect.table(orders).get("o-1")).toMatchObject({ email, total: 2 });
    expect((await opened.inspect.events({ id: "e-1" }))[0]?.data).toEqual(order("o-1", "c-1", email));
    expect((await opened.verify()).ok).toBe(true);
    await opened.close();
    expect(bytesOf()).not.toMatch(/canary/i);
  });

  test("without a key the same run leaves it in the file, so this test would see it", async () => {
    const opened = await open({});
    await opened.publish(placed, order("o-1", "c-1", email));
    expect(bytesOf()).toMatch(/canary-ada/);
  });

  test("database, keyring and backup are for this user only", async () => {
    await (await run()).backup(join(folder, "copy.db"));
    const modes = readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]);
    expect(modes.filter(([, mode]) => mode !== "600")).toEqual([]);
    expect(modes.map(([name]) => name)).toContain("shop.db-keyring");
  });

  test("an event that is published again is a duplicate, and one with other personal data is refused", async () => {
    const opened = await open();
    await opened.publish(placed, order("o-1", "c-1", email), { id: "e-1" });
    expect(await opened.publish(placed, order("o-1", "c-1", email), { id: "e-1" })).toEqual({ id: "e-1", duplicate: true });
    await expect(opened.publish(placed, order("o-1", "c-1", other), { id: "e-1" })).rejects.toMatchObject({ code: "IDENTITY_REUSED" });
  });

  test("what was written before is read after a restart, with the key only", async () => {
    await (await run()).close();
    await expect(open({})).rejects.toMatchObject({ code: "KEY_MISSING" });
    await expect(open({ vault: { masterKey: Buffer.alloc(32, 8) } })).rejects.toMatchObject({ code: "KEY_MISSING" });
    const opened = await open();
    expect(await opened.inspect.table(orders).get("o-2")).toMatchObject({ email: other });
  });

  test("another keyring is not taken for this file's", async () => {
    await (await run()).close();
    renameSync(`${file}-keyring`, `${file}-kept`);
    await expect(open()).rejects.toMatchObject({ code: "KEY_MISSING" });
    expect(existsSync(`${file}-keyring`)).toBe(false);
    openKeyring(`${file}-keyring`, masterKey).close();
    await expect(open()).rejects.toMatchObject({ code: "KEY_MISSING" });
    renameSync(`${file}-kept`, `${file}-keyring`);
    expect(await (await open()).inspect.table(orders).get("o-2")).toMatchObject({ email: other });
  });

  test("a sealed value cannot be handed in", async () => {
    const opened = await open();
    const forged = { ...order("o-1", "c-1", email), address: { $pq: "x.y" } };
    await expect(opened.publish(placed, forged as never)).rejects.toMatchObject({ code: "PAYLOAD_UNSERIALISABLE" });
  });

  test("a key that is personal data is refused", async () => {
    const opened = await open();
    await expect(opened.publish(placed, order("o-1", "c-1", email), { key: email })).rejects.toMatchObject({ code: "KEY_PERSONAL" });
  });
});

describe("what is told", () => {
  test("failures, dead letters and logs name no personal data", async () => {
    const opened = await run();
    const [letter] = await opened.inspect.deadLetters({ eventId: "e-1" });
    expect(letter?.failure?.message).toBe("Error: no mail to [redacted] at [redacted]");
    expect(JSON.stringify(letter?.failure)).not.toMatch(/canary/i);
    expect(JSON.stringify(facts)).not.toMatch(/canary/i);
    expect(facts).toContainEqual(
      expect.objectContaining({ type: "log", message: "looked up [redacted]", fields: expect.objectContaining({ who: "[redacted]" }) as unknown }),
    );
  });

  test("what an endpoint throws names none either: neither in its answer nor in the log", async () => {
    const opened = await run();
    const answers = [
      await opened.invoke(complain, { params: { id: "o-1" } }),
      await opened.invoke(complain, { params: { id: "o-1" }, query: { how: "plainly" } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 500]);
    expect(answers[0]?.body).toMatchObject({ code: "NON_RETRYABLE", title: expect.stringContaining("[redacted]") as unknown });
    const told = facts.map((fact) => JSON.stringify(fact, (_name, value: unknown) => (value instanceof Error ? [value.message, value.stack] : value)));
    expect(JSON.stringify([answers, told])).not.toMatch(/canary/i);
    expect(told.join()).toContain("no mail to [redacted]");
  });
});

describe("erasure", () => {
  const act = { reason: "request 17", by: "olga" };

  test("makes one person's data unreadable in journal, rows, dead letters, steps, answers and backups; the chain holds", async () => {
    const opened = await run();
    await opened.backup(join(folder, "copy.db"));
    expect(await opened.erase("c-1", act)).toEqual({ count: 1, dryRun: false });

    const [event] = await opened.inspect.events({ id: "e-1" });
    expect(event?.data).toEqual({ orderId: "o-1", customerId: "c-1", email: "[erased]", address: { street: "[erased]", city: "Bern" } });
    expect(await opened.inspect.table(orders).get("o-1")).toMatchObject({ email: "[erased]" });
    const [letter] = await opened.inspect.deadLetters({ eventId: "e-1" });
    expect(letter?.event.data).toMatchObject({ email: "[erased]" });
    expect((await opened.invoke(show, { params: { id: "o-1" }, idempotencyKey: "k-1" })).body).toMatchObject({ code: "DATA_ERASED" });
    expect(await opened.verify()).toMatchObject({ ok: true });

    expect((await opened.inspect.events({ id: "e-2" }))[0]?.data).toMatchObject({ email: other });
    expect(await opened.inspect.table(orders).get("o-2")).toMatchObject({ email: other });
    await opened.close();

    const copy = await open({ file: join(folder, "copy.db"), vault: { masterKey, keyring: `${file}-keyring` } });
    expect((await copy.inspect.events({ id: "e-1" }))[0]?.data).toMatchObject({ email: "[erased]" });
    expect((await copy.inspect.events({ id: "e-2" }))[0]?.data).toMatchObject({ email: other });
  });

  test("a handler that is given erased data dies at once with a code, whatever is left of its attempts", async () => {
    const opened = await run();
    await opened.erase("c-1", act);
    await opened.operate.redrive({ eventId: "e-1" }, act);
    await opened.idle();
    const [letter] = await opened.inspect.deadLetters({ eventId: "e-1" });
    expect(letter).toMatchObject({ attempts: 1, failure: { code: "DATA_ERASED" } });
  });

  test("a handler that reads an erased row fails for good with the same code", async () => {
    const opened = await run();
    await opened.erase("c-1", act);
    await opened.publish(noted, { orderId: "o-1", notes: [] }, { id: "n-1" });
    await opened.idle();
    expect(await opened.inspect.deadLetters({ eventId: "n-1" })).toMatchObject([{ handler: "read", failure: { code: "DATA_ERASED" } }]);
  });

  test("is recorded with reason and person's hash, not with the person; a dry run and an unknown person change nothing", async () => {
    const opened = await run();
    expect(await opened.erase("c-1", { ...act, dryRun: true })).toEqual({ count: 1, dryRun: true });
    expect(await opened.erase("c-9", act)).toEqual({ count: 0, dryRun: false });
    await expect(opened.erase("c-1", { reason: " " })).rejects.toMatchObject({ code: "OPERATION_INVALID" });
    expect(await opened.inspect.table(orders).get("o-1")).toMatchObject({ email });
    await opened.erase("c-1", act);
    const entries = await opened.ledger.entries({ action: "erase" });
    expect(entries).toMatchObject([{ by: "olga", reason: "request 17", result: "ok", detail: { count: 1 } }]);
    expect(entries[0]?.subject).toMatch(/^subject:[\w-]{16}$/);
  });

  test("new data of the same person is sealed with a new key and can be read", async () => {
    const opened = await run();
    await opened.erase("c-1", act);
    await opened.publish(placed, order("o-3", "c-1", email), { id: "e-3" });
    expect((await opened.inspect.events({ id: "e-3" }))[0]?.data).toMatchObject({ email });
    expect((await opened.inspect.events({ id: "e-1" }))[0]?.data).toMatchObject({ email: "[erased]" });
  });

  test("is refused where nothing is encrypted", async () => {
    const opened = await open({});
    await expect(opened.erase("c-1", act)).rejects.toMatchObject({ code: "KEY_MISSING" });
  });
});

describe("the fingerprint of a request", () => {
  const ask = { params: { id: "o-1" }, body: { email: "ada@example.org" }, idempotencyKey: "k-7" };
  const plain = createHash("sha256")
    .update(JSON.stringify([ask.params, {}, JSON.stringify(ask.body)]))
    .digest("base64");
  /** Read while nobody holds the file. */
  const stored = (): readonly unknown[] => {
    const db = new Database(file, { readonly: true });
    try {
      return db.prepare("SELECT fingerprint FROM answers").pluck().all();
    } finally {
      db.close();
    }
  };

  test("does not tell its body to who guesses it, where personal data is encrypted", async () => {
    const opened = await run();
    await opened.invoke(show, ask);
    expect((await opened.invoke(show, ask)).replayed).toBe(true);
    expect((await opened.invoke(show, { ...ask, body: {} })).status).toBe(422);
    await opened.close();
    expect(stored()).not.toContain(plain);
    queue = await open();
    expect((await queue.invoke(show, ask)).replayed).toBe(true);
  });

  test("of a request from before there was a key still counts", async () => {
    const opened = await open({});
    await opened.invoke(show, ask);
    await opened.close();
    expect(stored()).toEqual([plain]);
    queue = await open();
    expect((await queue.invoke(show, ask)).replayed).toBe(true);
    expect((await queue.invoke(show, { ...ask, body: {} })).status).toBe(422);
  });
});

test("a key is durable before what was sealed with it, also at the moment of a kill", async () => {
  const opened = await open({
    vault: { masterKey },
    simulate: {
      at: (point) => {
        if (point === "append.before-commit") expect(openKeyring(`${file}-keyring`, masterKey).has("c-1")).toBe(true);
      },
    },
  });
  await opened.publish(placed, order("o-1", "c-1", email));
  expect.assertions(1);
});

test("backpressure holds for events that make a key each", { timeout: 60_000 }, async () => {
  const opened = await open();
  const results = await Promise.allSettled(
    Array.from({ length: 25_000 }, (_, index) => opened.publish(placed, order(`o-${String(index)}`, `c-${String(index)}`, email))),
  );
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.every((result) => (result.reason as { code: string }).code === "BACKPRESSURE")).toBe(true);
});
