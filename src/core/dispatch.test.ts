import { describe, expect, test } from "vitest";
import { z } from "zod";
import { memoryStore, testSystem, type MemoryStore, type TestSystem } from "../../test/support/memory-store.ts";
import { delivery, placed, reserved, stock } from "../../test/support/shop.ts";
import { until } from "../../test/support/until.ts";
import { batchMilliseconds, runBatch, type BatchReport } from "./dispatch.ts";
import { PulseQueueError } from "./errors.ts";
import { defineEvent } from "./event.ts";
import { defineHandler, type HandlerDefinition, type HandlerOptions } from "./handler.ts";
import type { Delivery } from "./ports.ts";
import { NonRetryableError, RetryAfterError } from "./retry-errors.ts";
import { rowKey } from "./table.ts";

type Handle = HandlerOptions<typeof placed, readonly [], readonly [typeof stock], readonly [typeof reserved], readonly []>["handle"];

const handlerOf = (handle: Handle, options: { readonly ordered?: boolean; readonly maxHops?: number } = {}): HandlerDefinition =>
  defineHandler("h", { on: placed, writes: [stock], emits: [reserved], timeout: "1s", retry: { attempts: 3, min: "2s" }, ...options, handle });

const key = (sku: string): string => rowKey(stock, { sku });
const add: Handle = async (event, ctx) => {
  const row = await ctx.tables.stock.get(event.data.sku);
  ctx.tables.stock.put({ sku: event.data.sku, count: (row?.count ?? 0) + event.data.count });
  ctx.emit(reserved, { sku: event.data.sku });
};

interface World {
  readonly store: MemoryStore;
  readonly system: TestSystem;
  readonly abandon: (reason: PulseQueueError) => void;
  /** What batches kept and gave back while a handler ran. */
  readonly slow: { readonly kept: readonly Delivery[]; readonly rest: readonly Delivery[] }[];
  run(handler: HandlerDefinition, ...deliveries: readonly Delivery[]): Promise<BatchReport<Delivery>>;
}

function world(itemsPerCommit = 1_000): World {
  const store = memoryStore();
  const system = testSystem();
  let abandon: World["abandon"] = () => undefined;
  const onStart = (given: World["abandon"]): void => {
    abandon = given;
  };
  const slow: World["slow"] = [];
  const onSlow = (kept: readonly Delivery[], rest: readonly Delivery[]): void => {
    slow.push({ kept: [...kept], rest });
  };
  return {
    store,
    system,
    slow,
    abandon: (reason) => {
      abandon(reason);
    },
    run: (handler, ...deliveries) => runBatch({ system, app: "shop", store, itemsPerCommit, onStart, onSlow }, handler, deliveries),
  };
}

const states = (report: BatchReport<Delivery>): readonly string[] => report.settled.map(({ status }) => status.state);
const never = new Promise<void>(() => undefined);

describe("a batch", () => {
  test("runs one delivery after another over the same rows and commits once", async () => {
    const { store, system, run } = world();
    const report = await run(handlerOf(add), delivery({ sku: "s", count: 1 }), delivery({ sku: "s", count: 2 }), delivery({ sku: "r", count: 5 }));
    expect(states(report)).toEqual(["done", "done", "done"]);
    expect(store.commits).toHaveLength(1);
    expect(store.row("stock", key("s"))).toEqual({ sku: "s", count: 3 });
    expect(store.journal.map((event) => event.type)).toEqual(["reserved", "reserved", "reserved"]);
    expect(report.settled.map(({ wrote }) => wrote)).toEqual([[`stock/${key("s")}`], [`stock/${key("s")}`], [`stock/${key("r")}`]]);
    expect(system.facts.filter((fact) => fact.type === "settled")).toHaveLength(3);
  });

  test("rolls back one that fails, and the others go on", async () => {
    const { store, run } = world();
    const handler = handlerOf(async (event, ctx) => {
      await add(event, ctx);
      if (event.data.count === 2) throw new Error("no");
    });
    const report = await run(handler, delivery({ sku: "s", count: 1 }), delivery({ sku: "s", count: 2 }), delivery({ sku: "s", count: 4 }));
    expect(states(report)).toEqual(["done", "retrying", "done"]);
    expect(store.row("stock", key("s"))).toEqual({ sku: "s", count: 5 });
    expect(store.journal).toHaveLength(2);
  });

  test("tells nobody before it is committed", async () => {
    const { store, system, run } = world();
    store.beforeCommit = () => {
      expect(system.facts).toEqual([]);
      return undefined;
    };
    await run(handlerOf(add), delivery());
    expect(system.facts).toHaveLength(1);
  });

  test("is cut once it has run for its time, so that slow handlers do not wait for each other", async () => {
    const { system, run } = world();
    const handler = handlerOf(() => system.clock.advance(batchMilliseconds));
    const [first, second] = [delivery(), delivery()];
    const report = await run(handler, first, second);
    expect(report.settled.map((settlement) => settlement.delivery)).toEqual([first]);
    expect(report.unstarted).toEqual([second]);
  });

  test("gives back what it has not started while its handler waits for longer than its time", async () => {
    const { system, slow, store, run } = world();
    const started: number[] = [];
    const handler = handlerOf(async (event) => {
      started.push(event.data.count);
      if (event.data.count === 2) await new Promise<void>((resolve) => system.clock.timer(batchMilliseconds + 5, resolve));
    });
    const [first, second, third] = [1, 2, 3].map((count) => delivery({ sku: "s", count }));
    const running = run(handler, ...[first, second, third].filter((each) => each !== undefined));
    await until(() => started.length === 2);
    system.clock.advance(batchMilliseconds);
    expect(slow).toEqual([{ kept: [first, second], rest: [third] }]);
    system.clock.advance(5);
    const report = await running;
    expect(report.settled.map((settlement) => settlement.delivery)).toEqual([first, second]);
    expect(report.unstarted).toEqual([]);
    expect(started).toEqual([1, 2]);
    expect(store.commits).toHaveLength(1);
  });

  test("is cut before it grows over what one commit takes", async () => {
    const { run } = world(7);
    const report = await run(
      handlerOf(add),
      delivery({ sku: "a", count: 1 }),
      delivery({ sku: "b", count: 1 }),
      delivery({ sku: "c", count: 1 }),
      delivery({ sku: "d", count: 1 }),
    );
    expect([report.settled.length, report.unstarted.length]).toEqual([3, 1]);
  });

  test("of nothing commits nothing", async () => {
    const { store, run } = world();
    expect(await run(handlerOf(add))).toEqual({ settled: [], unstarted: [] });
    expect(store.commits).toEqual([]);
  });

  test("rejects with what the store could not do, and nothing is told", async () => {
    const { store, system, run } = world();
    store.beforeCommit = () => {
      throw new PulseQueueError("STORE_FULL", "no space");
    };
    await expect(run(handlerOf(add), delivery())).rejects.toMatchObject({ code: "STORE_FULL" });
    store.get = () => Promise.reject(new PulseQueueError("STORE_FAILED", "no disk"));
    await expect(run(handlerOf(add), delivery())).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(system.facts).toEqual([]);
  });
});

describe("a conflict", () => {
  test("runs the batch again on fresh rows and uses no attempt", async () => {
    const { store, system, run } = world();
    store.set("stock", key("s"), { sku: "s", count: 1 });
    store.beforeCommit = () => {
      if (store.commits.length === 1) store.set("stock", key("s"), { sku: "s", count: 10 });
      return undefined;
    };
    const report = await run(handlerOf(add), delivery({ sku: "s", count: 1 }));
    expect(states(report)).toEqual(["done"]);
    expect(store.row("stock", key("s"))).toEqual({ sku: "s", count: 11 });
    expect(store.journal).toHaveLength(1);
    expect(system.facts.map((fact) => fact.type)).toEqual(["conflict", "settled"]);
  });

  test("that comes back runs one delivery at a time, and waits a little in between", async () => {
    const { store, system, run } = world();
    store.beforeCommit = () => (store.commits.length <= 3 ? { outcome: "conflict" } : undefined);
    const running = run(handlerOf(add), delivery({ sku: "a", count: 1 }), delivery({ sku: "b", count: 1 }));
    await until(() => store.commits.length === 3 && system.clock.untilNextTimer() !== undefined);
    expect(store.commits.map((commit) => commit.settled.length)).toEqual([2, 2, 1]);
    system.clock.advance("1s");
    const report = await running;
    expect([report.settled.length, report.unstarted.length]).toEqual([1, 1]);
  });
});

describe("deliveries that are no longer ours", () => {
  test("are left out, and the others run again without them", async () => {
    const { store, run } = world();
    const [ours, lost] = [delivery({ sku: "s", count: 1 }), delivery({ sku: "s", count: 10 })];
    store.beforeCommit = () => (store.commits.length === 1 ? { outcome: "lost", deliveries: [lost] } : undefined);
    const report = await run(handlerOf(add), lost, ours);
    expect(report.settled.map((settlement) => settlement.delivery)).toEqual([ours]);
    expect(report.unstarted).toEqual([]);
    expect(store.row("stock", key("s"))).toEqual({ sku: "s", count: 1 });
  });

  test("leave nothing to do where there are no others", async () => {
    const { store, run } = world();
    const lost = delivery();
    store.beforeCommit = () => ({ outcome: "lost", deliveries: [lost] });
    expect(await run(handlerOf(add), lost)).toEqual({ settled: [], unstarted: [] });
  });
});

describe("an emitted event with the identity of another one", () => {
  const sameId = handlerOf((event, ctx) => {
    ctx.emit(reserved, { sku: event.data.sku }, { id: "the-one" });
  });

  test("and equal data is stored once", async () => {
    const { store, run } = world();
    expect(states(await run(sameId, delivery()))).toEqual(["done"]);
    expect(states(await run(sameId, delivery()))).toEqual(["done"]);
    expect(store.journal).toHaveLength(1);
  });

  test("and other data is a dead letter of the delivery that emitted it; the others of its batch go on", async () => {
    const { store, run } = world();
    await run(sameId, delivery({ sku: "first", count: 1 }));
    const mixed = handlerOf((event, ctx) => {
      ctx.emit(reserved, { sku: event.data.sku }, event.data.count === 2 ? { id: "the-one" } : {});
    });
    const report = await run(mixed, delivery({ sku: "a", count: 1 }), delivery({ sku: "b", count: 2 }), delivery({ sku: "c", count: 1 }));
    expect(states(report)).toEqual(["done", "dead", "done"]);
    expect(report.settled[1]?.status).toMatchObject({ failure: { code: "IDENTITY_REUSED" } });
    expect(store.journal.map((event) => event.data)).toEqual(['{"sku":"first"}', '{"sku":"a"}', '{"sku":"c"}']);
  });

  test("ends also where two deliveries of the batch have the same id from two sources", async () => {
    const { run } = world();
    await run(sameId, delivery({ sku: "first", count: 1 }));
    const mixed = handlerOf((event, ctx) => {
      if (event.source === "b") ctx.emit(reserved, { sku: "second" }, { id: "the-one" });
    });
    const report = await run(mixed, delivery(undefined, { id: "twin", source: "a" }), delivery(undefined, { id: "twin", source: "b" }));
    expect(report.settled.at(-1)?.status).toMatchObject({ state: "dead", failure: { code: "IDENTITY_REUSED" } });
  });
});

describe("an ordered handler", () => {
  const failing = (error: Error): HandlerDefinition =>
    handlerOf(
      (event) => {
        if (event.data.count === 0) throw error;
      },
      { ordered: true },
    );
  const [bad, next, other] = [
    delivery({ sku: "k", count: 0 }, { key: "k" }),
    delivery({ sku: "k", count: 1 }, { key: "k" }),
    delivery({ sku: "o", count: 1 }, { key: "o" }),
  ] as const;

  test("does not start the next of a key whose one waits for a retry; other keys go on", async () => {
    const report = await world().run(failing(new Error("no")), bad, next, other);
    expect(report.settled.map((settlement) => settlement.delivery)).toEqual([bad, other]);
    expect(report.unstarted).toEqual([next]);
  });

  test("starts it after a dead letter", async () => {
    const report = await world().run(failing(new NonRetryableError("no")), bad, next, other);
    expect(states(report)).toEqual(["dead", "done", "done"]);
  });
});

describe("failures", () => {
  const failure = async (handle: Handle, given = delivery(), options = {}): Promise<BatchReport<Delivery>["settled"][number]["status"] | undefined> =>
    (await world().run(handlerOf(handle, options), given)).settled[0]?.status;

  test.each<readonly [string, Handle, object]>([
    ["an error", () => Promise.reject(new TypeError("no")), { state: "retrying", attempts: 1, failure: { code: "HANDLER_FAILED", message: "TypeError: no" } }],
    [
      "an error thrown at once",
      () => {
        throw new Error("no");
      },
      { state: "retrying", failure: { code: "HANDLER_FAILED" } },
    ],
    ["a text", () => Promise.reject("no"), { state: "retrying", failure: { code: "HANDLER_FAILED" } }],
    ["nothing at all", () => Promise.reject(undefined), { state: "retrying", failure: { code: "HANDLER_FAILED" } }],
    ["a refusal", () => Promise.reject(new NonRetryableError("no")), { state: "dead", attempts: 1, failure: { code: "NON_RETRYABLE", message: "no" } }],
    [
      "another library's promise that fails",
      () =>
        ({
          then: (_: unknown, reject: (error: Error) => void) => {
            reject(new Error("no"));
          },
        }) as never,
      { state: "retrying" },
    ],
  ])("%s", async (_what, handle, status) => {
    expect(await failure(handle)).toMatchObject(status);
  });

  test("a wait that the handler asks for is kept", async () => {
    const { system, run } = world();
    const report = await run(
      handlerOf(() => Promise.reject(new RetryAfterError("42s", "busy"))),
      delivery(),
    );
    expect(report.settled[0]?.status).toMatchObject({ state: "retrying", dueAt: system.clock.now() + 42_000 });
  });

  test("the last attempt leads to a dead letter", async () => {
    expect(await failure(() => Promise.reject(new Error("no")), delivery(undefined, { attempt: 3 }))).toMatchObject({ state: "dead", attempts: 3 });
  });

  test("another library's promise is waited for", async () => {
    const { store, run } = world();
    const handle: Handle = (_event, ctx) =>
      ({
        then(resolve: () => void) {
          ctx.emit(reserved, { sku: "late" });
          resolve();
        },
      }) as never;
    expect(states(await run(handlerOf(handle), delivery()))).toEqual(["done"]);
    expect(store.journal).toHaveLength(1);
  });

  test("data that the schema no longer accepts is a dead letter with path and reason", async () => {
    expect(await failure(add, delivery({ sku: "s", count: "1" }))).toMatchObject({
      state: "dead",
      failure: { code: "PAYLOAD_INVALID", issues: [{ path: "count" }] },
    });
  });

  test("an event that the handler does not know is a dead letter", async () => {
    expect(await failure(add, delivery(undefined, { type: "other" }))).toMatchObject({ state: "dead", failure: { code: "EVENT_UNKNOWN" } });
  });

  test("an event that passed more handlers than maxHops allows is a dead letter; one that passed as many is not", async () => {
    expect(await failure(add, delivery(undefined, { hops: 3 }), { maxHops: 2 })).toMatchObject({ state: "dead", failure: { code: "HOPS_EXCEEDED" } });
    expect(await failure(add, delivery(undefined, { hops: 2 }), { maxHops: 2 })).toEqual({ state: "done" });
  });
});

describe("time", () => {
  test("a handler that never ends has failed after its timeout; its context is closed and its signal aborted", async () => {
    const { store, system, run } = world();
    let late: (() => void) | undefined;
    let signal: AbortSignal | undefined;
    const handler = handlerOf((_event, ctx) => {
      signal = ctx.signal;
      ctx.emit(reserved, { sku: "lost" });
      late = () => ctx.emit(reserved, { sku: "later" });
      return never;
    });
    const running = run(handler, delivery());
    await until(() => signal !== undefined);
    system.clock.advance("999ms");
    expect(signal?.aborted).toBe(false);
    system.clock.advance("1ms");
    expect((await running).settled[0]?.status).toMatchObject({ state: "retrying", failure: { code: "HANDLER_TIMEOUT" } });
    expect(signal?.aborted).toBe(true);
    expect(late).toThrow(expect.objectContaining({ code: "CONTEXT_CLOSED" }));
    expect(store.journal).toEqual([]);
  });

  test("each delivery of a batch has its own time", async () => {
    const { system, run } = world();
    let started = 0;
    const handler = handlerOf(async (event) => {
      started += 1;
      if (event.data.count === 1) await new Promise<void>((resolve) => system.clock.timer(1, resolve));
      else await never;
    });
    const running = run(handler, delivery({ sku: "s", count: 1 }), delivery({ sku: "s", count: 2 }));
    await until(() => started === 1);
    system.clock.advance("1ms");
    await until(() => started === 2);
    system.clock.advance("999ms");
    system.clock.advance("1ms");
    expect(states(await running)).toEqual(["done", "retrying"]);
  });

  test("an engine that closes gets back what did not end, and what ended is committed", async () => {
    const { store, run, abandon } = world();
    let waiting = false;
    const handler = handlerOf(async (event, ctx) => {
      ctx.emit(reserved, event.data);
      waiting = event.data.count === 2;
      if (waiting) await never;
    });
    const [ended, stuck, after] = [delivery({ sku: "s", count: 1 }), delivery({ sku: "s", count: 2 }), delivery({ sku: "s", count: 3 })];
    const running = run(handler, ended, stuck, after);
    await until(() => waiting);
    abandon(new PulseQueueError("QUEUE_CLOSED", "closing"));
    const report = await running;
    expect(report.settled.map((settlement) => settlement.delivery)).toEqual([ended]);
    expect(report.unstarted).toEqual([stuck, after]);
    expect(store.journal).toHaveLength(1);
  });
});

describe("versions", () => {
  const second = defineEvent("placed", {
    version: 2,
    schema: z.object({ sku: z.string(), count: z.int(), unit: z.string() }),
    upcast: (data, version) => {
      if ((data as { count: number }).count < 0) throw new Error("a negative count");
      return { ...(data as { sku: string; count: number }), unit: `from ${version}` };
    },
  });
  const seen: unknown[] = [];
  const handler = defineHandler("h", { on: second, handle: (event) => void seen.push([event.version, event.data.unit]) });

  test("older data reaches the handler upcast", async () => {
    expect(states(await world().run(handler, delivery({ sku: "s", count: 1 }), delivery({ sku: "s", count: 1, unit: "box" }, { version: 2 })))).toEqual([
      "done",
      "done",
    ]);
    expect(seen).toEqual([
      [1, "from 1"],
      [2, "box"],
    ]);
  });

  test("an upcast that throws is a dead letter with its own code", async () => {
    const report = await world().run(handler, delivery({ sku: "s", count: -1 }));
    expect(report.settled[0]?.status).toMatchObject({ state: "dead", failure: { code: "UPCAST_FAILED" } });
  });

  test("a newer version than the app knows waits, and no attempt is used", async () => {
    const { system, run } = world();
    const report = await run(handler, delivery({ anything: true }, { version: 3 }));
    expect(report.settled[0]?.status).toMatchObject({
      state: "scheduled",
      attempts: 0,
      dueAt: system.clock.now() + 30_000,
      failure: { code: "VERSION_UNKNOWN" },
    });
  });
});
