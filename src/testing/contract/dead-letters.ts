import assert from "node:assert/strict";
import { defineApp, type App } from "../../core/app.ts";
import { defineHandler, type EventMessage } from "../../core/handler.ts";
import { NonRetryableError } from "../../core/retry-errors.ts";
import { count, counters, deliveryOf, keyed, plain, rejects, single, upTo } from "./fixtures.ts";
import { casesOf } from "./types.ts";

/** An app whose handlers refuse everything until `mend` is called. */
function refusing(): {
  readonly app: App;
  readonly seen: { readonly handler: string; readonly event: EventMessage; readonly attempt: number }[];
  readonly mend: () => void;
} {
  const seen: { readonly handler: string; readonly event: EventMessage; readonly attempt: number }[] = [];
  let broken = true;
  const handlers = ["one", "two"].map((handler) =>
    defineHandler(handler, {
      on: [plain, keyed],
      writes: [counters],
      retry: { attempts: 2 },
      async handle(event, ctx) {
        seen.push({ handler, event, attempt: ctx.attempt });
        await count(ctx.tables.counters, handler);
        if (broken) throw handler === "one" ? new NonRetryableError("refused") : new Error("failed");
      },
    }),
  );
  return {
    app: defineApp("contract", { handlers }),
    seen,
    mend: () => {
      broken = false;
    },
  };
}

const reason = "the cause is mended";

export const deadLetterCases = casesOf("dead letters", {
  "keep the event as it was accepted, the cause, the attempts and the version": async ({ open }) => {
    const { app } = refusing();
    const engine = await open(app);
    const { id } = await engine.queue.publish(keyed, { key: "a", n: 1 });
    await engine.settle();
    const letters = await engine.queue.inspect.deadLetters();
    assert.deepEqual(
      new Map(letters.map((letter) => [letter.handler, [letter.failure?.code, letter.attempts]])),
      new Map([
        ["one", ["NON_RETRYABLE", 1]],
        ["two", ["HANDLER_FAILED", 2]],
      ]),
    );
    for (const letter of letters) {
      assert.deepEqual([letter.state, letter.eventId, letter.key, letter.event.id, letter.event.version], ["dead", id, "a", id, 1]);
      assert.deepEqual(letter.event.data, { key: "a", n: 1 });
      assert.ok(letter.reason.length > 0);
      assert.ok(letter.endedAt !== undefined);
    }
  },
  "leave no effects": async ({ open }) => {
    const { app } = refusing();
    const engine = await open(app);
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), []);
  },
  "can be found by handler, code, event, type, key and id, at most so many": async ({ open }) => {
    const { app } = refusing();
    const engine = await open(app);
    const first = await engine.queue.publish(plain, { n: 1 });
    await engine.queue.publish(keyed, { key: "a", n: 2 });
    await engine.settle();
    const { inspect } = engine.queue;
    const found = async (filter: Parameters<typeof inspect.deadLetters>[0]): Promise<number> => (await inspect.deadLetters(filter)).length;
    assert.equal(await found({}), 4);
    assert.equal(await found({ handler: "one" }), 2);
    assert.equal(await found({ code: "HANDLER_FAILED" }), 2);
    assert.equal(await found({ eventId: first.id }), 2);
    assert.equal(await found({ eventType: "keyed.happened" }), 2);
    assert.equal(await found({ key: "a", handler: "two" }), 1);
    assert.equal(await found({ limit: 3 }), 3);
    const [one] = await inspect.deadLetters();
    assert.equal(await found({ id: one?.id ?? "" }), 1);
  },
  "outlive a restart, and the event is still a duplicate when it is published again": async ({ open }) => {
    const { app, seen } = refusing();
    const engine = await open(app);
    await engine.queue.publish(plain, { n: 1 }, { id: "one" });
    await engine.settle();
    await engine.restart("clean");
    assert.equal((await engine.queue.publish(plain, { n: 1 }, { id: "one" })).duplicate, true);
    await engine.settle();
    assert.equal((await engine.queue.inspect.deadLetters()).length, 2);
    assert.equal(seen.length, 3);
  },
});

export const redriveCases = casesOf("redrive", {
  "of one starts a new series of attempts for it alone, with id, key and flow kept": async ({ open }) => {
    const { app, seen, mend } = refusing();
    const engine = await open(app);
    const { id } = await engine.queue.publish(keyed, { key: "a", n: 1 }, { correlationId: "flow" });
    await engine.queue.publish(plain, { n: 2 });
    await engine.settle();
    mend();
    const [letter] = await engine.queue.inspect.deadLetters({ handler: "two", eventId: id });
    assert.ok(letter !== undefined);
    seen.length = 0;
    assert.deepEqual(await engine.queue.operate.redrive({ id: letter.id }, { reason }), { count: 1, dryRun: false });
    await engine.settle();
    const again = single(seen);
    assert.deepEqual([again.handler, again.attempt, again.event.id, again.event.key, again.event.correlationId], ["two", 1, id, "a", "flow"]);
    const delivery = await deliveryOf(engine.queue, "two", id);
    assert.deepEqual([delivery.state, delivery.redrives, delivery.attempts], ["done", 1, 1]);
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "two", count: 1 }]);
    assert.equal((await engine.queue.inspect.deadLetters()).length, 3);
  },
  "of a filter takes what matches": async ({ open }) => {
    const { app, mend } = refusing();
    const engine = await open(app);
    await engine.queue.publishMany(
      plain,
      upTo(3).map((n) => ({ n })),
    );
    await engine.settle();
    mend();
    assert.equal((await engine.queue.operate.redrive({ code: "NON_RETRYABLE" }, { reason })).count, 3);
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "one", count: 3 }]);
    assert.equal((await engine.queue.operate.redrive({ all: true }, { reason })).count, 3);
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.deadLetters(), []);
    assert.equal((await engine.queue.operate.redrive({ all: true }, { reason })).count, 0);
  },
  "with a limit takes the oldest": async ({ open }) => {
    const { app, mend } = refusing();
    const engine = await open(app);
    await engine.queue.publishMany(
      plain,
      upTo(4).map((n) => ({ n })),
    );
    await engine.settle();
    mend();
    assert.equal((await engine.queue.operate.redrive({ handler: "one", limit: 2 }, { reason })).count, 2);
    await engine.settle();
    const left = await engine.queue.inspect.deadLetters({ handler: "one" });
    assert.deepEqual(new Set(left.map((letter) => JSON.stringify(letter.event.data))), new Set(['{"n":3}', '{"n":4}']));
  },
  "needs a reason and a filter": async ({ open }) => {
    const { app } = refusing();
    const { queue } = await open(app);
    await rejects(queue.operate.redrive({ all: true }, { reason: "" }), "OPERATION_INVALID");
    await rejects(queue.operate.redrive({ all: true }, { reason: "  " }), "OPERATION_INVALID");
    await rejects(queue.operate.redrive({}, { reason }), "OPERATION_INVALID");
    await rejects(queue.operate.discard({}, { reason }), "OPERATION_INVALID");
    await rejects(queue.operate.discard({ all: true }, { reason: "" }), "OPERATION_INVALID");
    assert.deepEqual(await queue.ledger.entries({ result: "ok" }), []);
  },
  "as a dry run only counts": async ({ open }) => {
    const { app, seen, mend } = refusing();
    const engine = await open(app);
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    mend();
    seen.length = 0;
    assert.deepEqual(await engine.queue.operate.redrive({ all: true }, { reason, dryRun: true }), { count: 2, dryRun: true });
    assert.deepEqual(await engine.queue.operate.discard({ all: true }, { reason, dryRun: true }), { count: 2, dryRun: true });
    await engine.settle();
    assert.deepEqual(seen, []);
    assert.equal((await engine.queue.inspect.deadLetters()).length, 2);
    assert.deepEqual(await engine.queue.ledger.entries(), []);
  },
  "that fails is a dead letter again, and counts": async ({ open }) => {
    const { app } = refusing();
    const engine = await open(app);
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    for (const times of upTo(2)) {
      await engine.queue.operate.redrive({ handler: "two" }, { reason });
      await engine.settle();
      const dead = single(await engine.queue.inspect.deadLetters({ handler: "two" }));
      assert.deepEqual([dead.attempts, dead.redrives], [2, times]);
    }
  },
  "is recorded: who, what, why, how many": async ({ open }) => {
    const { app } = refusing();
    const engine = await open(app);
    await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    await engine.queue.operate.redrive({ handler: "one" }, { reason, by: "ada" });
    await engine.settle();
    await engine.queue.operate.discard({ handler: "two" }, { reason: "not worth it" });
    const operations = await engine.queue.ledger.entries();
    assert.deepEqual(
      new Set(operations.map(({ by, action, reason: why, detail }) => `${by} ${action} ${why} ${String(detail["count"])}`)),
      new Set([`ada redrive ${reason} 1`, "local discard not worth it 1"]),
    );
    assert.ok(operations.every((operation) => !Number.isNaN(Date.parse(operation.time))));
  },
});

export const discardCases = casesOf("discard", {
  "ends a dead letter without effects": async ({ open }) => {
    const { app, mend } = refusing();
    const engine = await open(app);
    const { id } = await engine.queue.publish(plain, { n: 1 });
    await engine.settle();
    mend();
    assert.equal((await engine.queue.operate.discard({ handler: "one" }, { reason: "a test order" })).count, 1);
    await engine.settle();
    assert.equal(single(await engine.queue.inspect.deadLetters()).handler, "two");
    assert.equal((await deliveryOf(engine.queue, "one", id)).state, "discarded");
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), []);
    await engine.restart("clean");
    await engine.settle();
    assert.equal((await engine.queue.operate.redrive({ handler: "one" }, { reason })).count, 0);
  },
});
