import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import type { NewKey } from "../../core/keys.ts";
import type { NewLedgerEntry } from "../../core/ledger.ts";
import { plain, rejects, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const reason = "for the contract";
const app = defineApp("contract", { handlers: [defineHandler("one", { on: plain, handle: () => undefined })] });
const reveal = (subject: string): NewLedgerEntry => ({ by: "ada", action: "reveal", subject, reason });
const shop: NewKey = { name: "shop", scope: { roles: ["publisher"], events: ["plain"], endpoints: "*" }, tenant: "acme" };

export const ledgerCases = casesOf("ledger", {
  "numbers its entries without a gap, chains them, and pages both ways": async ({ open }) => {
    const { queue } = await open(app);
    for (const n of upTo(4)) await queue.ledger.append(reveal(String(n)));
    const subjects = async (filter: Parameters<typeof queue.ledger.entries>[0]): Promise<readonly string[]> =>
      (await queue.ledger.entries(filter)).map(({ subject }) => subject);
    assert.deepEqual(await subjects({ after: 0 }), ["1", "2", "3", "4"]);
    assert.deepEqual(await subjects({ limit: 2 }), ["4", "3"]);
    assert.deepEqual(await subjects({ before: 3, limit: 2 }), ["2", "1"]);
    assert.deepEqual(await queue.ledger.verify(), { ok: true, entries: 4, problems: [] });
    const last = single(await queue.ledger.entries({ limit: 1 }));
    assert.deepEqual(await queue.ledger.head(), { app: "contract", sequence: 4, hash: last.hash });
  },
  "holds a head that was taken before; one of another history is not held": async ({ open }) => {
    const { queue } = await open(app);
    await queue.ledger.append(reveal("a"));
    const head = await queue.ledger.head();
    await queue.ledger.append(reveal("b"));
    assert.equal((await queue.ledger.verify(head)).ok, true);
    const report = await queue.ledger.verify({ ...head, hash: (await queue.ledger.head()).hash });
    assert.equal(single(report.problems).position, 1);
  },
  "outlives a restart": async ({ open }) => {
    const engine = await open(app);
    await engine.queue.ledger.append(reveal("a"));
    await engine.restart("clean");
    await engine.queue.ledger.append(reveal("b"));
    assert.deepEqual(
      (await engine.queue.ledger.entries({ after: 0 })).map(({ sequence, subject }) => `${String(sequence)} ${subject}`),
      ["1 a", "2 b"],
    );
    assert.equal((await engine.queue.ledger.verify()).ok, true);
  },
  "records an act that failed, unless nothing was tried": async ({ open }) => {
    const { queue } = await open(app);
    await rejects(queue.operate.pause("nobody", { reason, by: "ada" }), "HANDLER_UNKNOWN");
    await rejects(queue.keys.revoke("nobody", { reason, by: "ada" }), "NOT_FOUND");
    await rejects(queue.operate.pause("nobody", { reason, dryRun: true }), "HANDLER_UNKNOWN");
    await rejects(queue.operate.pause("one", { reason: "" }), "OPERATION_INVALID");
    const told = (await queue.ledger.entries({ after: 0 })).map((entry) => [entry.by, entry.action, entry.subject, entry.result]);
    assert.deepEqual(told, [
      ["ada", "pause", "nobody", "failed"],
      ["ada", "key-revoke", "nobody", "failed"],
    ]);
  },
  "bounds the entries of refusals, and counts each of them": async ({ open }) => {
    const { queue, clock } = await open(app);
    const denied: NewLedgerEntry = { by: "192.0.2.1", action: "authentication-failed", subject: "/", reason: "UNAUTHENTICATED", result: "denied" };
    await Promise.all(upTo(50).map(() => queue.ledger.append(denied)));
    clock.advance("1m");
    await queue.ledger.append(reveal("a"));
    const entries = await queue.ledger.entries({ result: "denied" });
    assert.equal(entries.length, 2);
    assert.equal(
      entries.reduce((sum, { detail }) => sum + (detail["count"] ?? 0), 0),
      50,
    );
  },
});

export const keyCases = casesOf("keys", {
  "are told once, found by their id, listed without their secret, and recorded": async ({ open }) => {
    const { queue } = await open(app);
    const { key, token } = await queue.keys.create(shop, { reason, by: "ada" });
    assert.match(token ?? "", /^pq_[\da-z]{8,32}_[\w-]{43}$/);
    assert.deepEqual((await queue.keys.find(key.id))?.scope, shop.scope);
    assert.equal(await queue.keys.find("stranger"), undefined);
    const stored = single((await queue.keys.find(key.id))?.secrets ?? []);
    assert.equal(JSON.stringify(await queue.keys.list()).includes(stored.hash), false);
    const entry = single(await queue.ledger.entries());
    assert.deepEqual([entry.by, entry.action, entry.subject, entry.reason], ["ada", "key-create", key.id, reason]);
  },
  "that are rotated keep their id and accept the old secret for the overlap": async ({ open }) => {
    const { queue, clock } = await open(app);
    const { key } = await queue.keys.create(shop, { reason });
    await queue.keys.rotate(key.id, { reason, overlap: "1h" });
    assert.deepEqual(
      (await queue.keys.find(key.id))?.secrets.map(({ number, until }) => [number, until]),
      [
        [1, clock.now() + 3_600_000],
        [2, undefined],
      ],
    );
  },
  "that are revoked stay so, also after a restart, and cannot be rotated": async ({ open }) => {
    const engine = await open(app);
    const { key } = await engine.queue.keys.create(shop, { reason });
    assert.deepEqual(await engine.queue.keys.revoke(key.id, { reason }), { count: 1, dryRun: false });
    assert.notEqual((await engine.queue.keys.find(key.id))?.revoked, undefined);
    await engine.restart("clean");
    assert.equal(single(await engine.queue.keys.list()).state, "revoked");
    await rejects(engine.queue.keys.rotate(key.id, { reason }), "OPERATION_INVALID");
  },
  "and handlers are contained in one step, or nothing is": async ({ open }) => {
    const { queue } = await open(app);
    const { key } = await queue.keys.create(shop, { reason });
    await rejects(queue.operate.contain({ handlers: ["one"], keys: ["stranger"] }, { reason }), "NOT_FOUND");
    assert.equal(single(await queue.inspect.handlers()).paused, false);
    const result = await queue.operate.contain({ handlers: ["one"], keys: [key.id] }, { reason });
    assert.deepEqual(result, { paused: ["one"], revoked: [key.id], dryRun: false });
    assert.equal(single(await queue.inspect.handlers()).paused, true);
    assert.deepEqual(
      (await queue.ledger.entries({ action: "contain" })).map(({ result, reason: why }) => [result, why]),
      [
        ["ok", reason],
        ["failed", `${reason} (NOT_FOUND)`],
      ],
    );
  },
});

export const nonceCases = casesOf("nonces", {
  "are spent once, also after a restart": async ({ open }) => {
    const engine = await open(app);
    const until = engine.clock.now() + 600_000;
    assert.equal(await engine.queue.nonces.spend("n", until), true);
    assert.equal(await engine.queue.nonces.spend("n", until), false);
    await engine.restart("clean");
    assert.equal(await engine.queue.nonces.spend("n", until), false);
    assert.equal(await engine.queue.nonces.spend("m", until), true);
  },
});
