import { join } from "node:path";
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { defineApp, defineEvent, defineHandler, type NewKey } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { virtualClock } from "pulsequeue/testing";
import { z } from "zod";
import { testFolder } from "../../../test/faults/folder.ts";

const given = defineEvent("work.given", { schema: z.object({}) });
const app = defineApp("keyed", { handlers: [defineHandler("work", { on: given, handle: () => undefined })] });
const reason = "the shop asked for it";
const shop: NewKey = { name: "shop", scope: { roles: ["publisher"], events: ["work.given"], endpoints: [] } };
const secretOf = (token: string | undefined) => token?.split("_").slice(2).join("_") ?? "";
const hashOf = (token: string | undefined) => createHash("sha256").update(secretOf(token)).digest("hex");

async function opened() {
  const clock = virtualClock();
  return { clock, queue: await openLocal(app, { file: ":memory:", clock }) };
}

describe("a key", () => {
  test("is told once: the file holds the hash of its secret and nothing of the secret", async () => {
    const file = join(testFolder(), "app.db");
    const queue = await openLocal(app, { file });
    const { key, token } = await queue.keys.create(shop, { reason, by: "ada" });
    expect(token).toMatch(/^pq_[\da-f]{16}_[\w-]{43}$/);
    await queue.close();
    const bytes = readFileSync(file);
    expect(bytes.includes(secretOf(token))).toBe(false);
    expect(bytes.includes(hashOf(token))).toBe(true);
    const again = await openLocal(app, { file });
    expect(await again.keys.find(key.id)).toMatchObject({ scope: shop.scope, secrets: [{ number: 1, hash: hashOf(token) }] });
    expect(JSON.stringify(await again.keys.list())).not.toContain(hashOf(token));
    await again.close();
  });

  test("two never have the same id or secret", async () => {
    const { queue } = await opened();
    const issued = await Promise.all(Array.from({ length: 20 }, () => queue.keys.create(shop, { reason })));
    expect(new Set(issued.map(({ key }) => key.id)).size).toBe(20);
    expect(new Set(issued.map(({ token }) => secretOf(token))).size).toBe(20);
    await queue.close();
  });

  test("expires", async () => {
    const { queue, clock } = await opened();
    const { key } = await queue.keys.create({ ...shop, ttl: "1h" }, { reason });
    expect(key.state).toBe("active");
    clock.advance("1h");
    expect((await queue.keys.list())[0]?.state).toBe("expired");
    await expect(queue.keys.rotate(key.id, { reason })).rejects.toMatchObject({ code: "OPERATION_INVALID" });
    await queue.close();
  });

  test.each([
    { ...shop, name: "" },
    { ...shop, tenant: "" },
    { ...shop, scope: { ...shop.scope, roles: [] } },
    { ...shop, scope: { ...shop.scope, roles: ["root" as "operator"] } },
    { ...shop, scope: { ...shop.scope, events: ["*"] } },
  ])("that nobody should have is refused: %j", async (key) => {
    const { queue } = await opened();
    await expect(queue.keys.create(key, { reason })).rejects.toMatchObject({ code: "KEY_SCOPE_INVALID" });
    await queue.close();
  });
});

describe("rotation", () => {
  test("keeps the id and accepts both secrets until the overlap is over", async () => {
    const { queue, clock } = await opened();
    const first = await queue.keys.create(shop, { reason });
    const second = await queue.keys.rotate(first.key.id, { reason, overlap: "1h" });
    expect(second.key.id).toBe(first.key.id);
    expect((await queue.keys.find(first.key.id))?.secrets).toEqual([
      { number: 1, hash: hashOf(first.token), until: clock.now() + 3_600_000 },
      { number: 2, hash: hashOf(second.token), until: undefined },
    ]);
    expect(second.key.overlapUntil).toBeDefined();
    clock.advance("1h");
    expect((await queue.keys.list())[0]?.overlapUntil).toBeUndefined();
    await queue.close();
  });

  test("twice at once gives two secrets, of which only the later stays", async () => {
    const { queue } = await opened();
    const { key } = await queue.keys.create(shop, { reason });
    await Promise.all([queue.keys.rotate(key.id, { reason }), queue.keys.rotate(key.id, { reason })]);
    const found = await queue.keys.find(key.id);
    expect(found?.secrets.map(({ number }) => number)).toEqual([2, 3]);
    await queue.close();
  });
});

describe("a change", () => {
  test("is one commit with its entry; a dry run changes and records nothing; without a reason it is refused", async () => {
    const { queue } = await opened();
    expect(await queue.keys.create(shop, { reason, dryRun: true })).toMatchObject({ token: undefined });
    await expect(queue.keys.create(shop, { reason: " " })).rejects.toMatchObject({ code: "OPERATION_INVALID" });
    expect(await queue.keys.list()).toEqual([]);
    expect(await queue.ledger.entries()).toEqual([]);
    const { key } = await queue.keys.create(shop, { reason, by: "ada" });
    await queue.keys.rotate(key.id, { reason, by: "ada" });
    expect(await queue.keys.revoke(key.id, { reason, by: "ada", dryRun: true })).toEqual({ count: 1, dryRun: true });
    expect(await queue.keys.revoke(key.id, { reason, by: "ada" })).toEqual({ count: 1, dryRun: false });
    expect(await queue.keys.revoke(key.id, { reason, by: "ada" })).toEqual({ count: 0, dryRun: false });
    const entries = await queue.ledger.entries({ after: 0 });
    expect(entries.map(({ by, action, subject }) => `${by} ${action} ${subject}`)).toEqual(
      ["key-create", "key-rotate", "key-revoke"].map((action) => `ada ${action} ${key.id}`),
    );
    await expect(queue.keys.revoke("stranger", { reason })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await queue.close();
  });

  test("that is not committed is not seen: neither in the file nor by whoever asks", async () => {
    let isKilled = false;
    const queue = await openLocal(app, {
      file: ":memory:",
      simulate: {
        at: (point) => {
          if (isKilled && point === "operate.before-commit") throw new Error("killed");
        },
      },
    });
    const { key } = await queue.keys.create(shop, { reason });
    isKilled = true;
    void queue.keys.revoke(key.id, { reason });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect((await queue.keys.find(key.id))?.revoked).toBeUndefined();
  });
});

describe("contain", () => {
  test("pauses handlers and revokes keys in one commit with one entry; all of it or nothing", async () => {
    const { queue } = await opened();
    const { key } = await queue.keys.create(shop, { reason });
    const targets = { handlers: ["work"], keys: [key.id] };
    await expect(queue.operate.contain({ ...targets, keys: [key.id, "stranger"] }, { reason })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(queue.operate.contain({ ...targets, handlers: ["stranger"] }, { reason })).rejects.toMatchObject({ code: "HANDLER_UNKNOWN" });
    await expect(queue.operate.contain({}, { reason })).rejects.toMatchObject({ code: "OPERATION_INVALID" });
    expect(await queue.operate.contain(targets, { reason, dryRun: true })).toEqual({ paused: ["work"], revoked: [key.id], dryRun: true });
    expect((await queue.keys.find(key.id))?.revoked).toBeUndefined();
    expect(await queue.operate.contain(targets, { reason, by: "ada" })).toEqual({ paused: ["work"], revoked: [key.id], dryRun: false });
    expect((await queue.keys.find(key.id))?.revoked).toBeDefined();
    expect((await queue.inspect.handlers())[0]).toMatchObject({ paused: true, pauseReason: reason });
    expect(await queue.ledger.entries({ action: "contain", result: "ok" })).toMatchObject([{ by: "ada", reason, detail: { handlers: 1, keys: 1 } }]);
    expect(await queue.operate.contain(targets, { reason })).toEqual({ paused: [], revoked: [], dryRun: false });
    await queue.close();
  });
});

describe("a nonce", () => {
  test("is spent once, also across a restart, and forgotten when nobody can use it any more", async () => {
    const clock = virtualClock();
    const queue = await openLocal(app, { file: ":memory:", clock });
    const until = clock.now() + 60_000;
    expect(await Promise.all([queue.nonces.spend("n", until), queue.nonces.spend("n", until)])).toEqual([true, false]);
    const image = queue.image();
    await queue.close();
    const again = await openLocal(app, { file: ":memory:", clock, simulate: { image } });
    expect(await again.nonces.spend("n", until)).toBe(false);
    clock.advance("2m");
    expect(await again.nonces.spend("n", until + 200_000)).toBe(true);
    await again.close();
  });
});
