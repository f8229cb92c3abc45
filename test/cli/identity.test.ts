import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { IssuedKey } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { testFolder } from "../faults/folder.ts";
import app, { placed } from "../support/order-app.ts";
import { startLive, type LiveEngine } from "../support/live.ts";
import { inTerminal, type Answer } from "../support/terminal.ts";
import { projectRoot } from "../support/tree.ts";

let live: LiveEngine;
const run = (args: readonly string[]): Promise<Answer> => inTerminal([...args, "--file", live.file], { cwd: live.folder });
const json = async (...args: readonly string[]): Promise<unknown> => (await run([...args, "--json"])).json();

beforeAll(async () => {
  live = await startLive(app);
});
afterAll(() => live.close());

describe("keys", () => {
  test("create, ls, rotate, revoke: the token is printed once, every change has a reason and is recorded", async () => {
    expect((await run(["keys", "create", "shop", "--role", "publisher"])).code).toBe(2);
    expect((await run(["keys", "create", "shop", "--reason", "new"])).code).toBe(2);
    expect((await run(["keys", "create", "shop", "--role", "publisher", "--dry-run"])).stdout).toBe("would create the key of shop\n");
    expect((await run(["keys", "ls"])).stdout).toBe("no keys\n");
    const scope = ["--role", "publisher", "--event", "order.placed", "--endpoint", "*", "--tenant", "acme", "--ttl", "90d"];
    const issued = (await json("keys", "create", "shop", ...scope, "--reason", "a shop", "--by", "ada")) as IssuedKey;
    expect(issued.key).toMatchObject({ scope: { roles: ["publisher"], events: ["order.placed"], endpoints: "*" }, tenant: "acme", state: "active" });
    const { id } = issued.key;
    const listed = (await run(["keys", "ls"])).stdout;
    expect(listed).toContain(id);
    expect(listed + JSON.stringify(await json("keys", "ls"))).not.toContain(issued.token?.split("_").slice(2).join("_"));
    expect((await run(["keys", "rotate", id, "--reason", "a year is over"])).stdout).toMatch(new RegExp(`^pq_${id}_`));
    expect((await run(["keys", "revoke", id, "--reason", "closed"])).stdout).toBe(`revoked: ${id}\n`);
    expect((await run(["keys", "revoke", id, "--reason", "closed"])).stdout).toBe(`revoked: nothing, ${id} is revoked already\n`);
    expect((await run(["keys", "revoke", "0".repeat(16), "--reason", "x", "--json"])).error()).toMatchObject({ code: "NOT_FOUND" });
    expect((await run(["keys", "create", "x", "--role", "root", "--reason", "x", "--json"])).error()).toMatchObject({ code: "KEY_SCOPE_INVALID" });
    expect(await json("ledger", "ls", "--limit", "5")).toMatchObject([
      { action: "key-create", result: "failed" },
      { action: "key-revoke", result: "failed", reason: "x (NOT_FOUND)" },
      { action: "key-revoke", subject: id },
      { action: "key-rotate" },
      { action: "key-create", by: "ada" },
    ]);
  });
});

describe("incident", () => {
  test("scope: what a key reached; contain: handlers and keys in one step", async () => {
    const { key } = (await json("keys", "create", "stolen", "--role", "publisher", "--event", "*", "--reason", "x")) as IssuedKey;
    const { id } = await live.queue.publish(placed, { orderId: "o-9", quantity: 1, email: "ada@example.org" }, { principal: `key:${key.id}` });
    await live.queue.idle();
    const text = (await run(["incident", "scope", "--key", key.id])).stdout;
    expect(text).toContain(id);
    expect(text).not.toContain("ada@example.org");
    expect(await json("incident", "scope", "--key", key.id)).toMatchObject({ keys: ["o-9"], actions: [{ action: "key-create" }] });
    expect((await run(["incident", "scope"])).code).toBe(2);
    expect((await run(["incident", "contain", "--reason", "x"])).code).toBe(2);
    const targets = ["--handler", "confirm", "--key", key.id];
    expect((await run(["incident", "contain", ...targets, "--dry-run"])).stdout).toBe(`would have paused: confirm; revoked: ${key.id}\n`);
    expect(await json("incident", "contain", ...targets, "--reason", "stolen")).toEqual({ paused: ["confirm"], revoked: [key.id], dryRun: false });
    await run(["handlers", "resume", "confirm", "--reason", "over"]);
  });
});

describe("ledger", () => {
  test("head --sign and verify --head, exit code 3 where it was rewritten", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const path = (name: string): string => join(live.folder, name);
    writeFileSync(path("key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    writeFileSync(path("public.pem"), publicKey.export({ type: "spki", format: "pem" }));
    writeFileSync(path("other.pem"), generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }));
    writeFileSync(path("head.json"), (await run(["ledger", "head", "--sign", "key.pem"])).stdout);
    const check = ["ledger", "verify", "--head", "head.json", "--public-key", "public.pem"];
    expect(await run(check)).toMatchObject({ code: 0 });
    expect((await run(["ledger", "verify"])).stdout).toMatch(/^intact: \d+ records, chain unbroken\n$/);
    expect(await run(["ledger", "verify", "--head", "head.json", "--public-key", "other.pem"])).toMatchObject({ code: 3 });
    writeFileSync(path("forged.json"), readFileSync(path("head.json"), "utf8").replace(/"sequence": \d+/, '"sequence": 1'));
    expect(await run(["ledger", "verify", "--head", "forged.json"])).toMatchObject({ code: 3 });
    writeFileSync(path("bad.json"), "{}");
    expect((await run(["ledger", "verify", "--head", "bad.json"])).code).toBe(2);
    expect((await run(["ledger", "verify", "--head", "nothing.json"])).code).toBe(1);
    expect((await run(["ledger", "head", "--sign", "public.pem"])).code).toBe(2);
  });

  test("verify finds a changed entry of a closed file, and says where", async () => {
    const folder = testFolder();
    const file = join(folder, "app.db");
    const queue = await openLocal(app, { file });
    for (const name of ["a", "b", "c"]) await queue.ledger.append({ by: "ada", action: "reveal", subject: name, reason: "asked" });
    await queue.close();
    const check = (): Promise<Answer> =>
      inTerminal(["ledger", "verify", "--app", join(projectRoot, "test/support/order-app.ts"), "--file", file], { cwd: folder });
    expect(await check()).toMatchObject({ code: 0, stdout: "intact: 3 records, chain unbroken\n" });
    const db = new Database(file);
    db.exec("UPDATE ledger SET reason = 'none' WHERE seq = 2");
    db.close();
    const { code, stdout } = await check();
    expect(code).toBe(3);
    expect(stdout).toContain("at position 2: the entry does not match its hash");
  });
});
