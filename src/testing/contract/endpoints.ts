import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import type { WritableTable } from "../../core/context.ts";
import { defineEndpoint, type EndpointRequest, type EndpointResponse } from "../../core/endpoint.ts";
import { defineHandler } from "../../core/handler.ts";
import type { InvokeResponse } from "../../core/queue.ts";
import { defineTable } from "../../core/table.ts";
import { count, counters, follow, gate, shape, upTo } from "./fixtures.ts";
import { casesOf, type ContractEngine, type ContractHarness } from "./types.ts";

type Counters = WritableTable<typeof counters>;
type Answer = EndpointResponse<{ readonly n: number }>;

/** An app with one endpoint that counts its runs, emits, and then answers as `answer` says. */
async function serving(
  { open }: ContractHarness,
  answer: (request: EndpointRequest<{ readonly n: number }>, table: Counters) => Promise<Answer> | Answer,
): Promise<{
  readonly engine: ContractEngine;
  readonly runs: EndpointRequest[];
  readonly call: (n: unknown, idempotencyKey?: string, principal?: string) => Promise<InvokeResponse>;
}> {
  const runs: EndpointRequest[] = [];
  const endpoint = defineEndpoint("serve", {
    method: "POST",
    path: "/things/:id",
    auth: "public",
    input: shape({ n: "number" }),
    output: shape({ n: "number" }),
    writes: [counters],
    emits: [follow],
    async handle(request, ctx) {
      runs.push(request);
      await count(ctx.tables.counters, "calls");
      ctx.emit(follow, { n: request.input.n });
      return answer(request, ctx.tables.counters);
    },
  });
  const engine = await open(defineApp("contract", { endpoints: [endpoint], unhandled: [follow] }));
  return {
    engine,
    runs,
    call: (n, idempotencyKey, principal) =>
      engine.queue.invoke(endpoint, {
        body: { n },
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        ...(principal === undefined ? {} : { principal }),
      }),
  };
}

async function effects({ queue }: ContractEngine): Promise<readonly [number, number]> {
  const row = await queue.inspect.table(counters).get("calls");
  return [row?.count ?? 0, (await queue.inspect.events({ type: "follow.happened" })).length];
}

export const endpointCases = casesOf("endpoints", {
  "an answer comes with its effects committed": async (harness) => {
    const { engine, call } = await serving(harness, ({ input }) => ({ status: 202, body: { n: input.n + 1 }, headers: { "x-way": "there" } }));
    assert.deepEqual(await call(1), { status: 202, body: { n: 2 }, headers: { "x-way": "there" }, replayed: false });
    assert.deepEqual(await effects(engine), [1, 1]);
  },
  "the status is 200 unless it says otherwise, and a request comes as it was given": async ({ open }) => {
    const seen: EndpointRequest[] = [];
    const endpoint = defineEndpoint("ping", {
      method: "GET",
      path: "/ping",
      auth: "public",
      handle: (request) => {
        seen.push(request);
        return {};
      },
    });
    const { queue } = await open(defineApp("contract", { endpoints: [endpoint] }));
    const answer = await queue.invoke(endpoint);
    assert.deepEqual([answer.status, answer.body], [200, undefined]);
    await queue.invoke(endpoint, { params: { id: "7" }, query: { q: "x" }, headers: { "x-y": "z" }, rawBody: "raw", principal: "ada" });
    const [bare, full] = seen;
    assert.deepEqual([bare?.params, bare?.query, bare?.headers, bare?.principal], [{}, {}, {}, "anonymous"]);
    assert.deepEqual([full?.params, full?.query, full?.headers, full?.rawBody, full?.principal], [{ id: "7" }, { q: "x" }, { "x-y": "z" }, "raw", "ada"]);
  },
  "a body that the schema refuses is answered with 400, and nothing runs": async (harness) => {
    const { engine, runs, call } = await serving(harness, () => ({}));
    const answer = await call("one");
    assert.equal(answer.status, 400);
    assert.match(JSON.stringify(answer.body), /PAYLOAD_INVALID/);
    assert.deepEqual(runs, []);
    assert.deepEqual(await effects(engine), [0, 0]);
  },
  "a body that its own output schema refuses is a 500, and undone": async (harness) => {
    const { engine, call } = await serving(harness, () => ({ body: Object.assign({ n: 1 }, { n: "one" }) }));
    assert.equal((await call(1)).status, 500);
    assert.deepEqual(await effects(engine), [0, 0]);
  },
  "a status of 400 or above undoes what it wrote and emitted": async (harness) => {
    for (const status of [400, 409, 422, 500, 503]) {
      const { engine, call } = await serving(harness, () => ({ status }));
      assert.equal((await call(1)).status, status);
      assert.deepEqual(await effects(engine), [0, 0]);
    }
  },
  "one that throws is a 500 without a word of the inside, and undone": async (harness) => {
    const { engine, call } = await serving(harness, () => {
      throw new Error("password=hunter2");
    });
    const answer = await call(1);
    assert.equal(answer.status, 500);
    assert.doesNotMatch(JSON.stringify(answer), /hunter2|endpoints\.ts/);
    assert.deepEqual(await effects(engine), [0, 0]);
  },
  "a broken invariant is a refusal, and undone": async ({ open }) => {
    const bounded = defineTable("bounded", { schema: shape({ id: "string", free: "number" }), key: "id", invariant: (row) => row.free >= 0 });
    const endpoint = defineEndpoint("take", {
      method: "POST",
      path: "/take",
      auth: "public",
      writes: [bounded],
      handle: (_request, ctx) => {
        ctx.tables.bounded.put({ id: "a", free: -1 });
        return {};
      },
    });
    const { queue } = await open(defineApp("contract", { endpoints: [endpoint] }));
    const answer = await queue.invoke(endpoint);
    assert.equal(answer.status, 409);
    assert.match(JSON.stringify(answer.body), /INVARIANT_VIOLATED/);
    assert.deepEqual(await queue.inspect.table(bounded).all(), []);
  },
  "the emitted events are delivered, and begin a flow": async ({ open }) => {
    const seen: (readonly [string, boolean])[] = [];
    const endpoint = defineEndpoint("serve", {
      method: "POST",
      path: "/",
      auth: "public",
      emits: [follow],
      handle: (_request, ctx) => {
        ctx.emit(follow, { n: 1 });
        return {};
      },
    });
    const handler = defineHandler("note", { on: follow, handle: (event) => void seen.push([event.correlationId, event.correlationId === event.id]) });
    const engine = await open(defineApp("contract", { endpoints: [endpoint], handlers: [handler] }));
    await engine.queue.invoke(endpoint);
    await engine.settle();
    assert.equal(seen.length, 1);
  },
  "a conflict makes it run again, unseen by the caller": async (harness) => {
    const door = gate();
    let waits = 0;
    const { engine, runs, call } = await serving(harness, async ({ input }, table) => {
      const row = await table.get("calls");
      if (input.n === 1 && waits === 0) {
        waits += 1;
        await door.passed;
      }
      return { body: { n: row?.count ?? 0 } };
    });
    const slow = call(1);
    await engine.drain();
    assert.equal((await call(2)).status, 200);
    door.open();
    await engine.drain();
    assert.deepEqual((await slow).body, { n: 2 });
    assert.equal(runs.length, 3);
    assert.deepEqual(await effects(engine), [2, 2]);
  },
  "many at once lose no change": async (harness) => {
    const { engine, call } = await serving(harness, () => ({ body: { n: 1 } }));
    const answers = await Promise.all(upTo(25).map((n) => call(n)));
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
    assert.deepEqual(await effects(engine), [25, 25]);
  },
});

export const idempotencyCases = casesOf("idempotency key", {
  "the same key and body get the first answer, and nothing runs again": async (harness) => {
    const { engine, runs, call } = await serving(harness, ({ input }) => ({ status: 201, body: { n: input.n }, headers: { location: "/things/1" } }));
    const first = await call(1, "k1");
    const again = await call(1, "k1");
    assert.deepEqual(again, { ...first, replayed: true });
    assert.equal(runs.length, 1);
    assert.deepEqual(await effects(engine), [1, 1]);
  },
  "the same key with another body is refused": async (harness) => {
    const { engine, call } = await serving(harness, ({ input }) => ({ body: { n: input.n } }));
    await call(1, "k1");
    const answer = await call(2, "k1");
    assert.equal(answer.status, 422);
    assert.match(JSON.stringify(answer.body), /REQUEST_MISMATCH/);
    assert.deepEqual(await effects(engine), [1, 1]);
  },
  "a request that still runs is told to the second as 409": async (harness) => {
    const door = gate();
    const { engine, call } = await serving(harness, async ({ input }) => {
      await door.passed;
      return { body: { n: input.n } };
    });
    const first = call(1, "k1");
    await engine.drain();
    const second = await call(1, "k1");
    assert.equal(second.status, 409);
    assert.match(JSON.stringify(second.body), /REQUEST_IN_PROGRESS/);
    door.open();
    await engine.drain();
    assert.equal((await first).status, 200);
    assert.equal((await call(1, "k1")).replayed, true);
    assert.deepEqual(await effects(engine), [1, 1]);
  },
  "belongs to one caller": async (harness) => {
    const { engine, call } = await serving(harness, ({ input }) => ({ body: { n: input.n } }));
    await call(1, "k1", "ada");
    const other = await call(2, "k1", "bob");
    assert.deepEqual([other.status, other.replayed], [200, false]);
    assert.deepEqual(await effects(engine), [2, 2]);
  },
  "its answer outlives a restart": async (harness) => {
    const { engine, runs, call } = await serving(harness, ({ input }) => ({ body: { n: input.n } }));
    const first = await call(1, "k1");
    await engine.restart("clean");
    assert.deepEqual(await call(1, "k1"), { ...first, replayed: true });
    assert.equal(runs.length, 1);
    assert.equal((await call(2, "k1")).status, 422);
  },
  "a key whose request failed may be used again": async (harness) => {
    let failing = true;
    const { engine, call } = await serving(harness, ({ input }) => {
      if (failing) throw new Error("the disk is full");
      return { body: { n: input.n } };
    });
    assert.equal((await call(1, "k1")).status, 500);
    failing = false;
    assert.deepEqual(await call(1, "k1"), { status: 200, body: { n: 1 }, headers: {}, replayed: false });
    assert.deepEqual(await effects(engine), [1, 1]);
  },
});
