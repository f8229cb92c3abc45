import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineEvent } from "../../core/event.ts";
import { defineHandler } from "../../core/handler.ts";
import { anything, keyed, plain, rejects, shape, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

/** An app with one handler that notes what it is given. */
function noting(): { readonly app: ReturnType<typeof defineApp>; readonly seen: unknown[] } {
  const seen: unknown[] = [];
  const note = defineHandler("note", {
    on: [plain, keyed, anything],
    handle(event) {
      seen.push(event.data);
    },
  });
  return { app: defineApp("contract", { handlers: [note] }), seen };
}

export const publishCases = casesOf("publish", {
  "answers with the id of an event that is stored and delivered once": async ({ open }) => {
    const { app, seen } = noting();
    const engine = await open(app);
    const receipt = await engine.queue.publish(plain, { n: 1 });
    assert.equal(receipt.duplicate, false);
    await engine.settle();
    const stored = single(await engine.queue.inspect.events());
    assert.equal(stored.id, receipt.id);
    assert.equal(stored.type, "plain.happened");
    assert.deepEqual(stored.data, { n: 1 });
    assert.deepEqual(seen, [{ n: 1 }]);
  },
  "makes ids that are UUIDs of version 7 and grow": async ({ open }) => {
    const { queue } = await open(noting().app);
    const ids: string[] = [];
    for (const n of upTo(20)) ids.push((await queue.publish(plain, { n })).id);
    for (const id of ids) assert.match(id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    assert.deepEqual(ids, [...ids].sort());
    assert.equal(new Set(ids).size, ids.length);
  },
  "makes ids that grow also when the wall clock jumps back": async ({ open }) => {
    const { queue, clock } = await open(noting().app);
    const before = await queue.publish(plain, { n: 1 });
    clock.jumpTo(clock.now() - 86_400_000);
    const after = await queue.publish(plain, { n: 2 });
    assert.ok(after.id > before.id);
  },
  "stores the data as it was at the call": async ({ open }) => {
    const { queue } = await open(noting().app);
    const data = { n: 1 };
    const receipt = queue.publish(plain, data);
    data.n = 2;
    await receipt;
    assert.deepEqual(single(await queue.inspect.events()).data, { n: 1 });
  },
  "computes the key from the data unless the caller gives one": async ({ open }) => {
    const { queue } = await open(noting().app);
    const computed = await queue.publish(keyed, { key: "a", n: 1 });
    const given = await queue.publish(keyed, { key: "a", n: 2 }, { key: "b" });
    assert.equal(single(await queue.inspect.events({ id: computed.id })).key, "a");
    assert.equal(single(await queue.inspect.events({ id: given.id })).key, "b");
    const none = await queue.publish(plain, { n: 1 });
    assert.equal(single(await queue.inspect.events({ id: none.id })).key, undefined);
  },
  "refuses an event that the app does not declare": async ({ open }) => {
    const { queue } = await open(noting().app);
    await rejects(queue.publish(defineEvent("stranger", { schema: shape({ n: "number" }) }), { n: 1 }), "EVENT_UNKNOWN");
    assert.deepEqual(await queue.inspect.events(), []);
  },
  "refuses an id, a source and a key that are empty, too long or hold control characters": async ({ open }) => {
    const { queue } = await open(noting().app);
    for (const wrong of ["", "x".repeat(257), "a\nb", "a\u0000b"]) {
      await rejects(queue.publish(plain, { n: 1 }, { id: wrong }), "ID_INVALID");
      await rejects(queue.publish(plain, { n: 1 }, { source: wrong }), "ID_INVALID");
      await rejects(queue.publish(plain, { n: 1 }, { key: wrong }), "ID_INVALID");
    }
    await queue.publish(plain, { n: 1 }, { id: "x".repeat(256), source: "y".repeat(256), key: "z".repeat(256) });
    assert.equal((await queue.inspect.events()).length, 1);
  },
  "is refused after close": async ({ open }) => {
    const { queue } = await open(noting().app);
    await queue.close();
    await rejects(queue.publish(plain, { n: 1 }), "QUEUE_CLOSED");
  },
});

export const startCases = casesOf(
  "publish",
  {
    "waits for a start before it delivers": async ({ open }) => {
      const { app, seen } = noting();
      const engine = await open(app, { start: false });
      await engine.queue.publish(plain, { n: 1 });
      await engine.drain();
      assert.deepEqual(seen, []);
      await engine.queue.start();
      await engine.settle();
      assert.deepEqual(seen, [{ n: 1 }]);
    },
  },
  ["start"],
);

export const identityCases = casesOf("identity", {
  "the same id again stores nothing and says so": async ({ open }) => {
    const { app, seen } = noting();
    const engine = await open(app);
    assert.deepEqual(await engine.queue.publish(plain, { n: 1 }, { id: "one" }), { id: "one", duplicate: false });
    assert.deepEqual(await engine.queue.publish(plain, { n: 1 }, { id: "one" }), { id: "one", duplicate: true });
    await engine.settle();
    assert.deepEqual(await engine.queue.publish(plain, { n: 1 }, { id: "one" }), { id: "one", duplicate: true });
    await engine.settle();
    assert.equal((await engine.queue.inspect.events()).length, 1);
    assert.deepEqual(seen, [{ n: 1 }]);
  },
  "the same id with other data is refused, and the first stays": async ({ open }) => {
    const { queue } = await open(noting().app);
    await queue.publish(plain, { n: 1 }, { id: "one" });
    const error = await rejects(queue.publish(plain, { n: 2 }, { id: "one" }), "IDENTITY_REUSED");
    assert.equal(error.status, 409);
    assert.deepEqual(single(await queue.inspect.events()).data, { n: 1 });
  },
  "the same id for another kind of event is refused": async ({ open }) => {
    const { queue } = await open(noting().app);
    await queue.publish(anything, { value: 1 }, { id: "one" });
    await rejects(queue.publish(plain, { n: 1 }, { id: "one" }), "IDENTITY_REUSED");
  },
  "data is the same whatever the order of its fields": async ({ open }) => {
    const { queue } = await open(noting().app);
    await queue.publish(anything, { value: { a: 1, b: [2] } }, { id: "one" });
    assert.equal((await queue.publish(anything, { value: { b: [2], a: 1 } }, { id: "one" })).duplicate, true);
  },
  "another source makes it another event": async ({ open }) => {
    const { queue } = await open(noting().app);
    assert.equal((await queue.publish(plain, { n: 1 }, { id: "one", source: "shop" })).duplicate, false);
    assert.equal((await queue.publish(plain, { n: 2 }, { id: "one", source: "depot" })).duplicate, false);
    assert.equal((await queue.publish(plain, { n: 3 }, { id: "one" })).duplicate, false);
    assert.deepEqual(new Set((await queue.inspect.events()).map((event) => event.source)), new Set(["shop", "depot", "contract"]));
  },
  "of many at once with one id exactly one is new": async ({ open }) => {
    const { app, seen } = noting();
    const engine = await open(app);
    const receipts = await Promise.all(upTo(10).map(() => engine.queue.publish(plain, { n: 1 }, { id: "one" })));
    assert.equal(receipts.filter((receipt) => !receipt.duplicate).length, 1);
    await engine.settle();
    assert.deepEqual(seen, [{ n: 1 }]);
  },
  "of two at once with one id and different data one is refused": async ({ open }) => {
    const { queue } = await open(noting().app);
    const results = await Promise.allSettled([1, 2].map((n) => queue.publish(plain, { n }, { id: "one" })));
    assert.deepEqual(
      results.map((result) => result.status),
      ["fulfilled", "rejected"],
    );
    assert.equal((await queue.inspect.events()).length, 1);
  },
  "it outlives a restart": async ({ open }) => {
    const { app, seen } = noting();
    const engine = await open(app);
    await engine.queue.publish(plain, { n: 1 }, { id: "one" });
    await engine.settle();
    await engine.restart("clean");
    assert.equal((await engine.queue.publish(plain, { n: 1 }, { id: "one" })).duplicate, true);
    await rejects(engine.queue.publish(plain, { n: 2 }, { id: "one" }), "IDENTITY_REUSED");
    await engine.settle();
    assert.deepEqual(seen, [{ n: 1 }]);
  },
});

export const publishEachCases = casesOf("publishEach", {
  "stores each by itself: one that is refused is answered in its place and keeps no other out": async ({ open }) => {
    const { app, seen } = noting();
    const engine = await open(app);
    await engine.queue.publish(plain, { n: 0 }, { id: "taken" });
    const given = [{ n: 1 }, { n: "two" }, { n: 3 }, { n: 4 }, { n: 0 }, { n: 5 }];
    const ids = ["one", "two", "taken", "one-more", "taken", "five"];
    const results = await engine.queue.publishEach(given.map((data, index) => ({ event: plain, data, options: { id: ids[index] ?? "" } })));
    assert.deepEqual(
      results.map((result) => (result instanceof Error ? result.code : result.duplicate)),
      [false, "PAYLOAD_INVALID", "IDENTITY_REUSED", false, true, false],
    );
    await engine.settle();
    assert.deepEqual(seen, [{ n: 0 }, { n: 1 }, { n: 4 }, { n: 5 }]);
  },
  "an identity twice in one call is stored once, as the first one has it": async ({ open }) => {
    const { queue } = await open(noting().app);
    const twice = [1, 1, 2].map((n) => ({ event: plain, data: { n }, options: { id: "same" } }));
    const results = await queue.publishEach(twice);
    assert.deepEqual(
      results.map((result) => (result instanceof Error ? result.code : result.duplicate)),
      [false, true, "IDENTITY_REUSED"],
    );
    assert.equal((await queue.inspect.events()).length, 1);
  },
  "of nothing answers with nothing": async ({ open }) => {
    const { queue } = await open(noting().app);
    assert.deepEqual(await queue.publishEach([]), []);
  },
});

export const publishManyCases = casesOf("publishMany", {
  "stores all in their order": async ({ open }) => {
    const { app, seen } = noting();
    const engine = await open(app);
    const receipts = await engine.queue.publishMany(
      plain,
      upTo(50).map((n) => ({ n })),
    );
    const stored = await engine.queue.inspect.events({ after: 0 });
    assert.deepEqual(
      stored.map((event) => event.id),
      receipts.map((receipt) => receipt.id),
    );
    assert.deepEqual(
      stored.map((event) => event.data),
      upTo(50).map((n) => ({ n })),
    );
    await engine.settle();
    assert.equal(seen.length, 50);
  },
  "stores none where one is invalid": async ({ open }) => {
    const { queue } = await open(noting().app);
    const rows: { n: number }[] = [{ n: 1 }, { n: 2 }, { n: 3 }];
    Object.assign(rows[1] ?? {}, { n: "two" });
    const error = await rejects(queue.publishMany(plain, rows), "PAYLOAD_INVALID");
    assert.ok(error.issues.length > 0);
    assert.deepEqual(await queue.inspect.events(), []);
  },
  "of nothing answers with nothing": async ({ open }) => {
    const { queue } = await open(noting().app);
    assert.deepEqual(await queue.publishMany(plain, []), []);
  },
});
