import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineEvent } from "../../core/event.ts";
import { defineHandler } from "../../core/handler.ts";
import { limits } from "../../core/limits.ts";
import type { Schema } from "../../core/schema.ts";
import { defineTable } from "../../core/table.ts";
import { anything, counters, dateFromText, follow, loosely, only, plain, rejects, shape, single, throws, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const ignore = defineHandler("ignore", { on: [plain, anything], handle: () => undefined });
const ignoring = defineApp("contract", { handlers: [ignore] });
const documents = defineTable("documents", { schema: shape({ id: "string", text: "string" }), key: "id" });

/** `depth` objects in each other. */
function nested(depth: number): unknown {
  return depth === 0 ? "end" : { in: nested(depth - 1) };
}

export const validationCases = casesOf("validation", {
  "publish refuses data that the schema refuses, with path and reason": async ({ open }) => {
    const { queue } = await open(ignoring);
    const refused = loosely(queue, "publish", plain, { n: "one" });
    assert.ok(refused instanceof Promise);
    const error = await rejects(refused, "PAYLOAD_INVALID");
    assert.equal(error.status, 400);
    assert.deepEqual(error.issues, [{ path: "n", message: "not a number" }]);
    assert.deepEqual(await queue.inspect.events(), []);
  },
  "publish refuses what JSON would lose": async ({ open }) => {
    const { queue } = await open(ignoring);
    const loop: { self?: unknown } = {};
    loop.self = loop;
    for (const value of [NaN, Infinity, 1n, () => 1, Symbol("x"), new Map(), [undefined], JSON.parse('{"__proto__": 1}')]) {
      await rejects(queue.publish(anything, { value }), "PAYLOAD_UNSERIALISABLE");
    }
    await rejects(queue.publish(anything, { value: loop }), "PAYLOAD_TOO_DEEP");
    assert.deepEqual(await queue.inspect.events(), []);
  },
  "publish refuses a schema that answers later": async ({ open }) => {
    const later: Schema<{ readonly n: number }> = {
      "~standard": { version: 1, vendor: "pulsequeue", validate: (value) => Promise.resolve({ value: value as { n: number } }) },
    };
    const slow = defineEvent("slow.happened", { schema: later });
    const { queue } = await open(defineApp("contract", { handlers: [defineHandler("ignore", { on: slow, handle: () => undefined })] }));
    await rejects(queue.publish(slow, { n: 1 }), "SCHEMA_ASYNC");
  },
  "stored is the schema's input, and handlers see its output": async ({ open }) => {
    const dated = defineEvent("dated.happened", { schema: dateFromText });
    const seen: Date[] = [];
    const handler = defineHandler("note", { on: dated, handle: (event) => void seen.push(event.data.at) });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(dated, { at: "2026-05-01T00:00:00.000Z" });
    await engine.settle();
    assert.deepEqual(seen, [new Date("2026-05-01T00:00:00.000Z")]);
    assert.deepEqual(single(await engine.queue.inspect.events()).data, { at: "2026-05-01T00:00:00.000Z" });
  },
  "delivery checks again: what a new schema refuses is a dead letter at once": async ({ open }) => {
    const seen: number[] = [];
    const appOf = (least: number): ReturnType<typeof defineApp> => {
      const event = defineEvent("plain.happened", { schema: only(shape({ n: "number" }), (data) => data.n >= least) });
      return defineApp("contract", { handlers: [defineHandler("note", { on: event, handle: ({ data }) => void seen.push(data.n) })] });
    };
    const lax = appOf(0);
    const engine = await open(lax, { start: false });
    const event = lax.topology.events.get("plain.happened");
    assert.ok(event !== undefined);
    await engine.queue.publish(event, { n: 1 });
    await engine.queue.publish(event, { n: 5 });
    await engine.restart("clean", { app: appOf(3) });
    await engine.settle();
    assert.deepEqual(seen, [5]);
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.equal(dead.failure?.code, "PAYLOAD_INVALID");
    assert.equal(dead.attempts, 1);
    assert.deepEqual(dead.event.data, { n: 1 });
  },
  "an emitted payload is checked where it is emitted": async ({ open }) => {
    const reasons: string[] = [];
    const handler = defineHandler("emit", {
      on: plain,
      emits: [follow],
      handle(event, ctx) {
        reasons.push(throws(() => loosely(ctx, "emit", follow, { n: "one" }), "PAYLOAD_INVALID").message);
        ctx.emit(follow, { n: event.data.n });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler], unhandled: [follow] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.equal(reasons.length, 1);
    assert.deepEqual(single(await engine.queue.inspect.events({ type: "follow.happened" })).data, { n: 1 });
  },
  "a row that its schema refuses is refused, for good": async ({ open }) => {
    const handler = defineHandler("write", {
      on: plain,
      writes: [counters],
      handle: (_event, ctx) => void loosely(ctx.tables.counters, "put", { id: "a", count: "one" }),
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.equal(dead.failure?.code, "ROW_INVALID");
    assert.deepEqual(dead.failure.issues, [{ path: "count", message: "not a number" }]);
    assert.equal(dead.attempts, 1);
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), []);
  },
  "a key that is empty, too long or not finite is refused": async ({ open }) => {
    const codes: string[] = [];
    const handler = defineHandler("write", {
      on: plain,
      writes: [counters],
      async handle(_event, ctx) {
        for (const id of ["", "x".repeat(257)]) {
          codes.push(
            throws(() => {
              ctx.tables.counters.put({ id, count: 1 });
            }, "KEY_INVALID").code,
          );
          codes.push(
            (
              await rejects(
                Promise.resolve().then(() => ctx.tables.counters.get(id)),
                "KEY_INVALID",
              )
            ).code,
          );
        }
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.equal(codes.length, 4);
  },
});

export const limitCases = casesOf("limits", {
  "an event may have 256 KiB of JSON, and not a byte more": async ({ open }) => {
    const { queue } = await open(ignoring);
    const room = limits.eventBytes - JSON.stringify({ value: "" }).length;
    await queue.publish(anything, { value: "x".repeat(room) });
    const error = await rejects(queue.publish(anything, { value: "x".repeat(room + 1) }), "PAYLOAD_TOO_LARGE");
    assert.equal(error.status, 413);
    await rejects(queue.publish(anything, { value: "ü".repeat(room / 2 + 1) }), "PAYLOAD_TOO_LARGE");
    assert.equal((await queue.inspect.events()).length, 1);
  },
  "an event may be 32 levels deep": async ({ open }) => {
    const { queue } = await open(ignoring);
    await queue.publish(anything, { value: nested(limits.depth - 1) });
    await rejects(queue.publish(anything, { value: nested(limits.depth) }), "PAYLOAD_TOO_DEEP");
  },
  "a row that is too large is refused": async ({ open }) => {
    const handler = defineHandler("write", {
      on: plain,
      writes: [documents],
      handle(event, ctx) {
        const room = limits.rowBytes - JSON.stringify({ id: "a", text: "" }).length;
        ctx.tables.documents.put({ id: "a", text: "x".repeat(room + event.data.n) });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publish(plain, { n: 0 });
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.equal(single(await engine.queue.inspect.deadLetters()).failure?.code, "PAYLOAD_TOO_LARGE");
    assert.equal((await engine.queue.inspect.table(documents).all()).length, 1);
  },
  "one delivery may touch 99 rows and events, and not one more": async ({ open }) => {
    const handler = defineHandler("write", {
      on: plain,
      writes: [counters],
      emits: [follow],
      handle(event, ctx) {
        for (const n of upTo(50)) ctx.tables.counters.put({ id: `${String(event.data.n)}-${String(n)}`, count: n });
        for (const n of upTo(event.data.n - 50)) ctx.emit(follow, { n });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler], unhandled: [follow] }));
    await engine.queue.publish(plain, { n: limits.itemsPerCommit });
    await engine.queue.publish(plain, { n: limits.itemsPerCommit + 1 });
    await engine.settle();
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.equal(dead.failure?.code, "COMMIT_TOO_LARGE");
    assert.deepEqual(dead.event.data, { n: 100 });
    assert.equal((await engine.queue.inspect.table(counters).all()).length, 50);
    assert.equal((await engine.queue.inspect.events({ type: "follow.happened" })).length, 49);
  },
  "many deliveries at once may touch more than one alone": async ({ open }) => {
    const handler = defineHandler("write", {
      on: plain,
      writes: [counters],
      handle(event, ctx) {
        for (const n of upTo(60)) ctx.tables.counters.put({ id: `${String(event.data.n)}-${String(n)}`, count: n });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [handler] }));
    await engine.queue.publishMany(
      plain,
      upTo(20).map((n) => ({ n })),
    );
    await engine.settle();
    assert.equal((await engine.queue.inspect.table(counters).all()).length, 1_200);
    assert.deepEqual(await engine.queue.inspect.deadLetters(), []);
  },
});
