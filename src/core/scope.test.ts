import { describe, expect, test } from "vitest";
import { memoryStore, testSystem, type MemoryStore, type TestSystem } from "../../test/support/memory-store.ts";
import { apiKey, delivery, otherKey, prices, reserved, stock, unknown } from "../../test/support/shop.ts";
import type { Context } from "./context.ts";
import { limits } from "./limits.ts";
import { Scope } from "./scope.ts";
import { rowKey } from "./table.ts";
import { openUnitOfWork, type UnitOfWork } from "./unit-of-work.ts";

type ShopContext = Context<readonly [typeof prices], readonly [typeof stock], readonly [typeof reserved], readonly [typeof apiKey]>;

interface Opened {
  readonly scope: Scope;
  readonly ctx: ShopContext;
  readonly work: UnitOfWork;
  readonly store: MemoryStore;
  readonly system: TestSystem;
}

const owned = delivery({ sku: "s", count: 1 }, { id: "event-1", traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", hops: 2 });

function open(given: { readonly store?: MemoryStore; readonly owner?: string; readonly attempt?: number; readonly event?: typeof owned | null } = {}): Opened {
  const { store = memoryStore(), owner = "h", attempt = 1, event = owned } = given;
  const system = testSystem({ "api-key": "k-1" });
  const work = openUnitOfWork(store);
  const grants = { reads: [prices], writes: [stock], emits: [reserved], secrets: [apiKey] };
  const steps = { load: () => store.steps(event ?? owned), save: (name: string, result: string) => store.saveStep(event ?? owned, name, result) };
  const scope = new Scope({ system, app: "shop", owner, grants, work }, { attempt, event: event?.event, identity: "request-1", steps });
  return { scope, ctx: scope as unknown as ShopContext, work, store, system };
}

const failing = (code: string, message?: RegExp): unknown =>
  expect.objectContaining({ code, ...(message === undefined ? {} : { message: expect.stringMatching(message) as string }) });
/** The same context for code whose types were cast away. */
const loose = (ctx: ShopContext): Record<string, Record<string, (...args: unknown[]) => unknown>> & { emit: (...args: unknown[]) => void } => ctx as never;

describe("what is not declared is refused at run time too", () => {
  test("an event", () => {
    expect(() => loose(open().ctx).emit(unknown, {})).toThrow(failing("ACCESS_UNDECLARED", /h does not declare the event unknown in `emits`/));
    expect(() => loose(open().ctx).emit(undefined, {})).toThrow(failing("ACCESS_UNDECLARED"));
  });

  test("an event of the same name that is another declaration", () => {
    expect(() => loose(open().ctx).emit({ ...reserved }, { sku: "s" })).toThrow(failing("ACCESS_UNDECLARED"));
  });

  test("a table", () => {
    expect(() => loose(open().ctx)["tables"]?.["orders"]).toThrow(failing("ACCESS_UNDECLARED", /table orders in `reads`/));
  });

  test("a write to a table that is only read", () => {
    const { tables } = loose(open().ctx) as unknown as { readonly tables: Record<string, Record<string, (row: unknown) => void>> };
    expect(() => tables["prices"]?.["put"]?.({})).toThrow(failing("ACCESS_UNDECLARED", /table prices in `writes`/));
    expect(() => tables["prices"]?.["delete"]?.({})).toThrow(failing("ACCESS_UNDECLARED"));
  });

  test("a secret, and a mere name for one", () => {
    expect(() => open().ctx.secret(otherKey as never)).toThrow(failing("ACCESS_UNDECLARED", /secret other-key in `secrets`/));
    expect(() => open().ctx.secret("api-key" as never)).toThrow(failing("ACCESS_UNDECLARED"));
  });

  test("while tables can be printed and awaited without a complaint", async () => {
    const { tables } = open().ctx;
    expect(Object.keys(tables)).toEqual(["prices", "stock"]);
    expect(await Promise.resolve(tables)).toBe(tables);
  });
});

describe("a declared secret", () => {
  test("has its value, and an error where it has none", () => {
    const { ctx } = open();
    expect(ctx.secret(apiKey)).toBe("k-1");
    const without = open();
    Object.assign(without.system, { secret: () => undefined });
    expect(() => without.ctx.secret(apiKey)).toThrow(failing("SECRET_MISSING"));
  });
});

describe("tables", () => {
  test("a row is validated, and stored as it was given", async () => {
    const { ctx, work } = open();
    ctx.tables.stock.put({ sku: "s", count: 1 });
    expect(work.writes).toMatchObject([{ table: "stock", key: rowKey(stock, { sku: "s" }), body: '{"sku":"s","count":1}' }]);
    expect(await ctx.tables.stock.get("s")).toEqual({ sku: "s", count: 1, shelf: "a" });
  });

  test("a row is found by what the schema makes of it, defaults included", async () => {
    const { ctx } = open();
    ctx.tables.stock.put({ sku: "s", count: 1 });
    expect(await ctx.tables.stock.query({ index: "byShelf", equals: { shelf: "a" } })).toEqual([{ sku: "s", count: 1, shelf: "a" }]);
    expect(await ctx.tables.stock.query({ index: "byShelf", equals: { shelf: "a", count: 2 } })).toEqual([]);
  });

  test("a deleted row is gone for this handler", async () => {
    const { ctx } = open();
    ctx.tables.stock.put({ sku: "s", count: 1 });
    ctx.tables.stock.delete("s");
    expect(await ctx.tables.stock.get("s")).toBeUndefined();
  });

  test.each([
    ["a row that its schema refuses", { sku: "s", count: 1.5 }, "ROW_INVALID"],
    ["a row without its key", { count: 1 }, "ROW_INVALID"],
    ["an empty key", { sku: "", count: 1 }, "KEY_INVALID"],
    ["a row that is not JSON", { sku: "s", count: 1n }, "PAYLOAD_UNSERIALISABLE"],
    ["a row that is too large", { sku: "s", count: 1, note: "x".repeat(limits.rowBytes) }, "PAYLOAD_TOO_LARGE"],
    ["no row", undefined, "PAYLOAD_UNSERIALISABLE"],
  ])("%s is refused", (_what, row, code) => {
    expect(() => open().ctx.tables.stock.put(row as never)).toThrow(failing(code));
  });

  test("a stored row that the schema no longer accepts is an error, not a wrong value", async () => {
    const { ctx, store } = open();
    store.set("stock", rowKey(stock, { sku: "s" }), { sku: "s", count: "many" });
    await expect(ctx.tables.stock.get("s")).rejects.toEqual(failing("ROW_INVALID"));
  });

  test.each([
    ["no field of the key", { equals: {} }],
    ["the sort field alone", { equals: { sku: "s" } }],
    ["a field that is not of the key", { equals: { tenant: "t", cents: 1 } }],
    ["an index that there is not", { index: "byCents", equals: { tenant: "t" } }],
    ["limit 0", { equals: { tenant: "t" }, limit: 0 }],
    ["limit 1,001", { equals: { tenant: "t" }, limit: 1_001 }],
  ])("a query by %s is refused", async (_what, query) => {
    await expect(open().ctx.tables.prices.query(query as never)).rejects.toEqual(failing("QUERY_UNINDEXED"));
  });

  test("a query by the partition field gives its rows in the order of the sort field", async () => {
    const { ctx, store } = open();
    for (const [tenant, sku] of [
      ["t", "b"],
      ["t", "a"],
      ["u", "c"],
    ] as const)
      store.set("prices", rowKey(prices, { tenant, sku }), { tenant, sku, cents: 1 });
    expect((await ctx.tables.prices.query({ equals: { tenant: "t" } })).map((row) => row.sku)).toEqual(["a", "b"]);
    expect(await ctx.tables.prices.query({ equals: { tenant: "t" }, limit: 1 })).toHaveLength(1);
  });
});

describe("invariants", () => {
  test("are checked for the rows a call leaves behind, not for those on the way", () => {
    const { scope, ctx } = open();
    ctx.tables.stock.put({ sku: "s", count: -1 });
    expect(() => scope.checkInvariants()).toThrow(failing("INVARIANT_VIOLATED", /stock/));
    ctx.tables.stock.put({ sku: "s", count: 1 });
    expect(() => scope.checkInvariants()).not.toThrow();
    ctx.tables.stock.put({ sku: "r", count: -1 });
    ctx.tables.stock.delete("r");
    expect(() => scope.checkInvariants()).not.toThrow();
  });
});

describe("emit", () => {
  test("makes an event that follows from the one under way", () => {
    const { ctx, work, system } = open();
    ctx.emit(reserved, { sku: "s" });
    expect(work.events).toMatchObject([
      {
        type: "reserved",
        source: "shop/h",
        data: '{"sku":"s"}',
        version: 1,
        correlationId: "event-1",
        causationId: "event-1",
        hops: 3,
        traceparent: owned.event.traceparent,
        dueAt: undefined,
        time: system.clock.now(),
      },
    ]);
  });

  test("begins a flow where there is no event", () => {
    const { ctx, work } = open({ event: null });
    ctx.emit(reserved, { sku: "s" }, { id: "mine", key: "k" });
    expect(work.events).toMatchObject([{ id: "mine", key: "k", correlationId: undefined, causationId: undefined, hops: 0, chosenId: true }]);
  });

  test("takes a delay, a time as a date or in milliseconds, and one in the past for now", () => {
    const { ctx, work, system } = open();
    const now = system.clock.now();
    for (const options of [{ delay: "15m" }, { at: new Date(now + 5) }, { at: now + 6 }, { at: now - 1 }, { delay: 0 }] as const)
      ctx.emit(reserved, { sku: "s" }, options);
    expect(work.events.map((event) => event.dueAt)).toEqual([now + 900_000, now + 5, now + 6, undefined, undefined]);
  });

  test.each<readonly [string, unknown, object, string]>([
    ["data that the schema refuses", { sku: 1 }, {}, "PAYLOAD_INVALID"],
    ["data that is not JSON", { sku: "s", at: 1n }, {}, "PAYLOAD_UNSERIALISABLE"],
    ["data that is too large", { sku: "s".repeat(limits.eventBytes) }, {}, "PAYLOAD_TOO_LARGE"],
    ["an empty id", { sku: "s" }, { id: "" }, "ID_INVALID"],
    ["a key with a control character", { sku: "s" }, { key: "a\u0000" }, "ID_INVALID"],
    ["a delay that is none", { sku: "s" }, { delay: "soon" }, "DECLARATION_INVALID"],
    ["a time that is none", { sku: "s" }, { at: new Date(NaN) }, "DECLARATION_INVALID"],
  ])("refuses %s", (_what, data, options, code) => {
    expect(() => loose(open().ctx).emit(reserved, data, options)).toThrow(failing(code));
  });
});

describe("the size of one delivery", () => {
  test("counts rows read or written and events, each row once, up to the limit", async () => {
    const { ctx } = open();
    for (let count = 1; count < limits.itemsPerCommit; count += 1) ctx.tables.stock.put({ sku: `s${count}`, count });
    await ctx.tables.stock.get("s1");
    ctx.emit(reserved, { sku: "s" });
    expect(() => ctx.emit(reserved, { sku: "s" })).toThrow(failing("COMMIT_TOO_LARGE", /99/));
    await expect(ctx.tables.stock.get("another")).rejects.toEqual(failing("COMMIT_TOO_LARGE"));
  });
});

describe("steps", () => {
  test("run once across attempts, and give what they gave", async () => {
    const store = memoryStore();
    let runs = 0;
    const charge = (opened: Opened): Promise<{ id: string }> => opened.ctx.step("charge", () => ({ id: `run ${(runs += 1)}` }));
    expect(await charge(open({ store }))).toEqual({ id: "run 1" });
    expect(await charge(open({ store, attempt: 2 }))).toEqual({ id: "run 1" });
    expect(runs).toBe(1);
  });

  test("may give nothing", async () => {
    const store = memoryStore();
    let runs = 0;
    for (const attempt of [1, 2]) expect(await open({ store, attempt }).ctx.step("ping", () => void (runs += 1))).toBeUndefined();
    expect(runs).toBe(1);
  });

  test("that fail are not remembered", async () => {
    const store = memoryStore();
    await expect(open({ store }).ctx.step("charge", () => Promise.reject(new Error("busy")))).rejects.toThrow("busy");
    expect(await open({ store }).ctx.step("charge", () => "paid")).toBe("paid");
  });

  test("that run side by side are both remembered", async () => {
    const { ctx, store } = open();
    expect(await Promise.all([ctx.step("a", () => 1), ctx.step("b", async () => 2)])).toEqual([1, 2]);
    expect([...(await store.steps(owned))]).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
  });

  test.each(["", "x".repeat(129)])("need a name that is one: %j", async (name) => {
    await expect(open().ctx.step(name, () => 1)).rejects.toEqual(failing("STEP_INVALID"));
  });

  test("need names of their own, and JSON as their result", async () => {
    const { ctx } = open();
    await ctx.step("a", () => 1);
    await expect(ctx.step("a", () => 1)).rejects.toEqual(failing("STEP_INVALID"));
    await expect(ctx.step("b", () => new Map() as never)).rejects.toEqual(failing("STEP_INVALID"));
  });

  test("of a delivery that is no longer ours end the context", async () => {
    const { ctx, store } = open();
    store.saveStep = () => Promise.resolve(false);
    await expect(ctx.step("a", () => 1)).rejects.toEqual(failing("CONTEXT_CLOSED"));
  });
});

describe("idempotency keys", () => {
  test("are the same in each attempt, and others for another handler, event or name", () => {
    const key = (opened: Opened, name = "charge"): string => opened.ctx.idempotencyKey(name);
    const first = key(open());
    expect(first).toMatch(/^pq_[\w-]{43}$/);
    expect(key(open({ attempt: 2 }))).toBe(first);
    const others = [
      key(open(), "refund"),
      key(open({ owner: "other" })),
      key(open({ event: delivery(undefined, { id: "event-2" }) })),
      key(open({ event: null })),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
  });

  test("differ where the same id comes from another source", () => {
    const [one, two] = ["a", "b"].map((source) => open({ event: delivery(undefined, { id: "event-1", source }) }).ctx.idempotencyKey("x"));
    expect(one).not.toBe(two);
  });
});

describe("the rest of the context", () => {
  test("comes from the engine", () => {
    const { ctx, system } = open({ attempt: 3 });
    expect([ctx.now(), ctx.random(), ctx.attempt]).toEqual([system.clock.now(), 0.5, 3]);
  });

  test("a log line says which handler and event it is about", () => {
    const { ctx, system } = open();
    ctx.log.warn("low stock", { left: 1 });
    expect(system.facts).toEqual([
      { type: "log", level: "warn", message: "low stock", fields: { left: 1, handler: "h", eventId: "event-1", correlationId: "event-1" } },
    ]);
  });
});

describe("after its end", () => {
  test("a context refuses everything", async () => {
    const { scope, ctx } = open();
    const { tables } = ctx;
    scope.close();
    const closed = failing("CONTEXT_CLOSED");
    expect(() => ctx.emit(reserved, { sku: "s" })).toThrow(closed);
    expect(() => tables.stock.put({ sku: "s", count: 1 })).toThrow(closed);
    expect(() => tables.stock.delete("s")).toThrow(closed);
    expect(() => ctx.secret(apiKey)).toThrow(closed);
    await expect(tables.stock.get("s")).rejects.toEqual(closed);
    await expect(tables.prices.query({ equals: { tenant: "t" } })).rejects.toEqual(closed);
    await expect(ctx.step("a", () => 1)).rejects.toEqual(closed);
  });

  test("what was under way does not get its answer", async () => {
    const { scope, ctx } = open();
    const reading = ctx.tables.stock.get("s");
    const stepping = ctx.step("a", () => 1);
    scope.close();
    await expect(reading).rejects.toEqual(failing("CONTEXT_CLOSED"));
    await expect(stepping).rejects.toEqual(failing("CONTEXT_CLOSED"));
  });

  test("its signal is aborted, also for who asks only then", () => {
    const { scope, ctx } = open();
    const early = ctx.signal;
    expect(early.aborted).toBe(false);
    scope.close();
    expect(ctx.signal.aborted).toBe(true);
  });
});
