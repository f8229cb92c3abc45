import { describe, expect, test } from "vitest";
import { z } from "zod";
import { memoryStore, testSystem, type MemoryStore, type TestSystem } from "../../test/support/memory-store.ts";
import { reserved, stock } from "../../test/support/shop.ts";
import { until } from "../../test/support/until.ts";
import { defineEndpoint, type EndpointDefinition, type EndpointOptions, type EndpointResponse } from "./endpoint.ts";
import { PulseQueueError } from "./errors.ts";
import type { InvokeRequest, InvokeResponse } from "./queue.ts";
import { runRequest } from "./request.ts";
import { rowKey } from "./table.ts";

const input = z.object({ sku: z.string(), count: z.int() });
type Handle = EndpointOptions<typeof input, z.ZodType, readonly [], readonly [typeof stock], readonly [typeof reserved], readonly []>["handle"];

const endpointOf = (handle: Handle, output?: z.ZodType): EndpointDefinition =>
  defineEndpoint("reserve", {
    method: "POST",
    path: "/stock/:sku",
    auth: "api-key",
    input,
    ...(output === undefined ? {} : { output }),
    writes: [stock],
    emits: [reserved],
    handle,
  });

const take: Handle = async (request, ctx) => {
  const row = await ctx.tables.stock.get(request.input.sku);
  ctx.tables.stock.put({ sku: request.input.sku, count: (row?.count ?? 10) - request.input.count });
  ctx.emit(reserved, { sku: request.input.sku });
  return { status: 201, body: { left: (row?.count ?? 10) - request.input.count }, headers: { "x-left": "1" } };
};
const key = rowKey(stock, { sku: "s" });
const body = { sku: "s", count: 1 };

interface World {
  readonly store: MemoryStore;
  readonly system: TestSystem;
  run(endpoint: EndpointDefinition, request?: InvokeRequest): Promise<InvokeResponse>;
}

function world(): World {
  const store = memoryStore();
  const system = testSystem();
  const running = new Set<string>();
  return { store, system, run: (endpoint, request = { body }) => runRequest({ system, app: "shop", store, running }, endpoint, request) };
}

describe("a request", () => {
  test("commits what the endpoint wrote and emitted, and gives its answer", async () => {
    const { store, run } = world();
    expect(await run(endpointOf(take))).toEqual({ status: 201, body: { left: 9 }, headers: { "x-left": "1" }, replayed: false });
    expect(store.row("stock", key)).toEqual({ sku: "s", count: 9 });
    expect(store.journal).toMatchObject([{ type: "reserved", source: "shop/reserve", hops: 0 }]);
  });

  test("has status 200, no body and no headers unless the endpoint says so", async () => {
    expect(await world().run(endpointOf(() => ({})))).toEqual({ status: 200, body: undefined, headers: {}, replayed: false });
  });

  test("that neither reads nor writes commits nothing", async () => {
    const { store, run } = world();
    await run(endpointOf(() => ({ body: "hello" })));
    expect(store.commits).toEqual([]);
  });

  test("gives the endpoint all that was sent, with defaults for what was not", async () => {
    const seen: unknown[] = [];
    const endpoint = endpointOf((request) => {
      seen.push(request);
      return {};
    });
    const sent = { params: { sku: "s" }, query: { a: "b" }, headers: { "x-a": "b" }, rawBody: "{ }", principal: "shop-1" };
    const { run } = world();
    await run(endpoint, { body, ...sent });
    await run(endpoint, { body });
    expect(seen).toEqual([
      { input: body, ...sent },
      { input: body, params: {}, query: {}, headers: {}, rawBody: JSON.stringify(body), principal: "anonymous" },
    ]);
  });
});

describe("refusals and failures are answers", () => {
  test.each([400, 404, 409, 500, 503])("a status of %d discards what was written and emitted", async (status) => {
    const { store, run } = world();
    const endpoint = endpointOf(async (request, ctx) => ({ ...(await take(request, ctx)), status }));
    expect((await run(endpoint)).status).toBe(status);
    expect([store.row("stock", key), store.journal]).toEqual([undefined, []]);
  });

  test("a body that the schema refuses is 400 with each path and reason, and the endpoint does not run", async () => {
    const { store, run } = world();
    const answer = await run(endpointOf(take), { body: { sku: "s", count: "1" } });
    expect(answer).toMatchObject({
      status: 400,
      headers: { "content-type": "application/problem+json" },
      body: { code: "PAYLOAD_INVALID", status: 400, type: "errors/PAYLOAD_INVALID", issues: [{ path: "count" }] },
    });
    expect(store.commits).toEqual([]);
  });

  test("an error that the endpoint throws is 500, told to the observer and not to the client", async () => {
    const { store, system, run } = world();
    const endpoint = endpointOf(async (request, ctx) => {
      await take(request, ctx);
      throw new Error("password is hunter2");
    });
    const answer = await run(endpoint);
    expect(answer).toMatchObject({ status: 500, body: { code: "HANDLER_FAILED" } });
    expect(JSON.stringify(answer)).not.toContain("hunter2");
    expect(system.facts).toMatchObject([{ type: "log", level: "error", fields: { endpoint: "reserve" } }]);
    expect(store.journal).toEqual([]);
  });

  test("an error with a code keeps its status, and says when to come back", async () => {
    const answer = await world().run(endpointOf(() => Promise.reject(new PulseQueueError("BACKPRESSURE", "full", { retryAfter: 1_500 }))));
    expect(answer).toMatchObject({ status: 429, headers: { "retry-after": "2" }, body: { code: "BACKPRESSURE", title: "full" } });
  });

  test("a broken invariant is 409", async () => {
    const { store, run } = world();
    expect(await run(endpointOf(take), { body: { sku: "s", count: 11 } })).toMatchObject({ status: 409, body: { code: "INVARIANT_VIOLATED" } });
    expect(store.journal).toEqual([]);
  });

  test.each<readonly [string, EndpointResponse]>([
    ["a body that its own schema refuses", { body: { left: "many" } }],
    ["no body where there must be one", {}],
    ["a status that is none", { status: 99, body: { left: 1 } }],
  ])("%s is 500", async (_what, response) => {
    expect(await world().run(endpointOf(() => response, z.object({ left: z.int() })))).toMatchObject({ status: 500, body: { code: "HANDLER_FAILED" } });
  });

  test("an answer of 400 and above need not keep the output schema", async () => {
    expect(await world().run(endpointOf(() => ({ status: 404, body: "no such article" }), z.object({ left: z.int() })))).toMatchObject({
      status: 404,
      body: "no such article",
    });
  });

  test("an endpoint that never ends is 504, and its context is closed", async () => {
    const { store, system, run } = world();
    let late: (() => void) | undefined;
    const answer = run(
      endpointOf((_request, ctx) => {
        late = () => ctx.emit(reserved, { sku: "s" });
        return new Promise(() => undefined);
      }),
    );
    await until(() => late !== undefined);
    system.clock.advance("29s");
    expect(await answer).toMatchObject({ status: 504, body: { code: "HANDLER_TIMEOUT" } });
    expect(late).toThrow(expect.objectContaining({ code: "CONTEXT_CLOSED" }));
    expect(store.journal).toEqual([]);
  });

  test("an emitted identity that was used for other data is 409", async () => {
    const { store, run } = world();
    const endpoint = endpointOf((request, ctx) => {
      ctx.emit(reserved, { sku: request.input.sku }, { id: "the-one" });
      return {};
    });
    expect((await run(endpoint)).status).toBe(200);
    expect((await run(endpoint)).status).toBe(200);
    expect(await run(endpoint, { body: { sku: "other", count: 1 } })).toMatchObject({ status: 409, body: { code: "IDENTITY_REUSED" } });
    expect(store.journal).toHaveLength(1);
  });

  test("only a failure of the store rejects", async () => {
    const { store, run } = world();
    store.beforeCommit = () => {
      throw new PulseQueueError("STORE_FULL", "no space");
    };
    await expect(run(endpointOf(take))).rejects.toMatchObject({ code: "STORE_FULL" });
  });
});

describe("conflicts", () => {
  test("run the endpoint again on fresh rows", async () => {
    const { store, system, run } = world();
    store.set("stock", key, { sku: "s", count: 5 });
    store.beforeCommit = () => {
      if (store.commits.length === 1) store.set("stock", key, { sku: "s", count: 3 });
      return undefined;
    };
    expect(await run(endpointOf(take))).toMatchObject({ status: 201, body: { left: 2 } });
    expect(system.facts).toEqual([{ type: "conflict", handler: "reserve" }]);
  });

  test("that do not end are 503 with a time to come back", async () => {
    const { store, run } = world();
    store.beforeCommit = () => ({ outcome: "conflict" });
    expect(await run(endpointOf(take))).toMatchObject({ status: 503, headers: { "retry-after": "1" }, body: { code: "CONFLICT_PERSISTENT" } });
    expect(store.commits).toHaveLength(50);
  });
});

describe("an idempotency key", () => {
  const request = { body, principal: "shop-1", idempotencyKey: "k-1" };

  test("gives the first answer again and runs nothing", async () => {
    const { store, run } = world();
    const first = await run(endpointOf(take), request);
    expect(await run(endpointOf(take), request)).toEqual({ ...first, replayed: true });
    expect(store.journal).toHaveLength(1);
    expect(store.row("stock", key)).toEqual({ sku: "s", count: 9 });
  });

  test.each([
    ["another body", { body: { ...body, count: 2 } }],
    ["other parameters", { params: { sku: "r" } }],
    ["another query", { query: { fast: "1" } }],
  ])("with %s is 422", async (_what, change) => {
    const { store, run } = world();
    await run(endpointOf(take), request);
    expect(await run(endpointOf(take), { ...request, ...change })).toMatchObject({ status: 422, body: { code: "REQUEST_MISMATCH" } });
    expect(store.journal).toHaveLength(1);
  });

  test("belongs to its endpoint and its principal", async () => {
    const { store, run } = world();
    await run(endpointOf(take), request);
    await run(endpointOf(take), { ...request, principal: "shop-2" });
    await run(defineEndpoint("other", { method: "POST", path: "/", auth: "public", handle: () => ({ status: 202 }) }), request);
    expect(store.journal).toHaveLength(2);
  });

  test("whose request still runs is 409, and free again afterwards", async () => {
    const { run } = world();
    let finish: (() => void) | undefined;
    const slow = endpointOf(
      () =>
        new Promise((resolve) => {
          finish = () => resolve({ status: 202 });
        }),
    );
    const first = run(slow, request);
    await until(() => finish !== undefined);
    expect(await run(slow, request)).toMatchObject({ status: 409, headers: { "retry-after": "1" }, body: { code: "REQUEST_IN_PROGRESS" } });
    finish?.();
    expect((await first).status).toBe(202);
    expect(await run(slow, request)).toMatchObject({ status: 202, replayed: true });
  });

  test("does not keep an answer of 400 and above: the repetition may succeed", async () => {
    const { run } = world();
    let open = false;
    const endpoint = endpointOf(() => ({ status: open ? 201 : 503 }));
    expect((await run(endpoint, request)).status).toBe(503);
    open = true;
    expect(await run(endpoint, request)).toMatchObject({ status: 201, replayed: false });
  });

  test("does not keep a failure either", async () => {
    const { run } = world();
    let broken = true;
    const endpoint = endpointOf(() => {
      if (broken) throw new Error("no");
      return {};
    });
    expect((await run(endpoint, request)).status).toBe(500);
    broken = false;
    expect((await run(endpoint, request)).status).toBe(200);
  });

  test("answered by another process meanwhile gives that answer", async () => {
    const { store, run } = world();
    const other = world();
    await other.run(endpointOf(take), request);
    const [answered] = other.store.commits.flatMap((commit) => (commit.answer === undefined ? [] : [commit.answer]));
    store.beforeCommit = () => {
      store.beforeCommit = () => undefined;
      if (answered !== undefined) store.claim = () => Promise.resolve({ state: "answered", answer: answered });
      return { outcome: "conflict" };
    };
    expect(await run(endpointOf(take), request)).toMatchObject({ status: 201, body: { left: 9 }, replayed: true });
    expect(store.journal).toEqual([]);
  });

  test("taken over by another process meanwhile is 409, and runs no more here", async () => {
    const { store, run } = world();
    store.beforeCommit = () => {
      store.claim = () => Promise.resolve({ state: "running" });
      return { outcome: "conflict" };
    };
    expect(await run(endpointOf(take), request)).toMatchObject({ status: 409, body: { code: "REQUEST_IN_PROGRESS" } });
    expect(store.commits).toHaveLength(1);
  });

  test("that is none is refused", async () => {
    expect(await world().run(endpointOf(take), { ...request, idempotencyKey: "a\nb" })).toMatchObject({ status: 400, body: { code: "ID_INVALID" } });
  });

  test("with a body that is not JSON or too large is refused", async () => {
    expect(await world().run(endpointOf(take), { ...request, body: { sku: 1n } })).toMatchObject({ status: 400, body: { code: "PAYLOAD_UNSERIALISABLE" } });
    expect(await world().run(endpointOf(take), { ...request, body: { sku: "x".repeat(300_000) } })).toMatchObject({ status: 413 });
  });
});
