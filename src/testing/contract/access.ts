import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { defineHandler } from "../../core/handler.ts";
import { defineSecret } from "../../core/secret.ts";
import { counters, follow, loosely, plain, rejects, single, throws } from "./fixtures.ts";
import { casesOf, type ContractHarness } from "./types.ts";

const token = defineSecret("token");
const other = defineSecret("other");

/** Another handler that declares everything, so that the app knows what the handler under test does not declare. */
const everything = defineHandler("everything", { on: follow, writes: [counters], emits: [], secrets: [token, other], handle: () => undefined });

/** Runs `handle` in a handler that may only read counters and unlock `token`; gives the code with which it became a dead letter. */
async function deadBy({ open }: ContractHarness, handle: (ctx: object) => unknown): Promise<string | undefined> {
  const handler = defineHandler("narrow", {
    on: plain,
    reads: [counters],
    secrets: [token],
    handle: async (_event, ctx) => {
      await handle(ctx);
    },
  });
  const engine = await open(defineApp("contract", { handlers: [handler, everything] }), { secrets });
  await engine.queue.publish(plain, { n: 1 });
  await engine.settle();
  const dead = single(await engine.queue.inspect.deadLetters());
  assert.equal(dead.attempts, 1, "what can never pass is not tried again");
  assert.deepEqual(await engine.queue.inspect.table(counters).all(), []);
  assert.deepEqual(await engine.queue.inspect.events({ type: "follow.happened" }), []);
  return dead.failure?.code;
}

const tablesOf = (ctx: object): object => Object(Reflect.get(ctx, "tables")) as object;
const secrets = { token: "hush", other: "hush, too" };
const refused: ErrorCode = "ACCESS_UNDECLARED";

export const accessCases = casesOf("access", {
  "a table that is only read cannot be written": async (harness) => {
    assert.equal(await deadBy(harness, (ctx) => loosely(Object(Reflect.get(tablesOf(ctx), "counters")) as object, "put", { id: "a", count: 1 })), refused);
    assert.equal(await deadBy(harness, (ctx) => loosely(Object(Reflect.get(tablesOf(ctx), "counters")) as object, "delete", "a")), refused);
  },
  "a table of the app that the handler does not declare cannot be reached": async ({ open }) => {
    const handler = defineHandler("narrow", { on: plain, handle: (_event, ctx) => void Reflect.get(ctx.tables, "counters") });
    const engine = await open(defineApp("contract", { handlers: [handler, everything] }), { secrets });
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.equal(single(await engine.queue.inspect.deadLetters()).failure?.code, refused);
  },
  "an event that the handler does not declare cannot be emitted": async (harness) => {
    assert.equal(await deadBy(harness, (ctx) => loosely(ctx, "emit", follow, { n: 1 })), refused);
  },
  "a secret that the handler does not declare cannot be read": async (harness) => {
    assert.equal(await deadBy(harness, (ctx) => loosely(ctx, "secret", other)), refused);
  },
  "a declared secret has its value": async ({ open }) => {
    const seen: string[] = [];
    const handler = defineHandler("unlock", {
      on: plain,
      secrets: [token, other],
      handle: (_event, ctx) => void seen.push(ctx.secret(token), ctx.secret(other)),
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }), { secrets });
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(seen, ["hush", "hush, too"]);
  },
  "an app whose declared secret has no value is not opened": async ({ open }) => {
    const handler = defineHandler("unlock", { on: plain, secrets: [token, other], handle: () => undefined });
    const error = await rejects(open(defineApp("contract", { handlers: [handler] }), { secrets: { token: "hush" } }), "SECRET_MISSING");
    assert.match(error.message, /other/);
    assert.doesNotMatch(error.message, /hush/);
  },
  "a context ends with its handler": async ({ open }) => {
    const kept: { ctx?: object } = {};
    const handler = defineHandler("leak", {
      on: plain,
      writes: [counters],
      emits: [follow],
      secrets: [token],
      handle: (_event, ctx) => {
        kept.ctx = ctx;
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler], unhandled: [follow] }), { secrets });
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    const ctx = kept.ctx;
    assert.ok(ctx !== undefined);
    const table = Object(Reflect.get(tablesOf(ctx), "counters")) as object;
    throws(() => loosely(table, "put", { id: "a", count: 1 }), "CONTEXT_CLOSED");
    throws(() => loosely(table, "delete", "a"), "CONTEXT_CLOSED");
    throws(() => loosely(ctx, "emit", follow, { n: 1 }), "CONTEXT_CLOSED");
    await rejects(
      Promise.resolve().then(() => loosely(table, "get", "a")),
      "CONTEXT_CLOSED",
    );
    await rejects(
      Promise.resolve().then(() => loosely(table, "query", { equals: { id: "a" } })),
      "CONTEXT_CLOSED",
    );
    await rejects(
      Promise.resolve().then(() => loosely(ctx, "step", "late", () => 1)),
      "CONTEXT_CLOSED",
    );
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), []);
  },
});
