import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineEndpoint } from "../../core/endpoint.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError } from "../../core/retry-errors.ts";
import { follow, plain, rejects } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const answer = defineHandler("answer", {
  on: plain,
  emits: [follow],
  handle({ data }, ctx) {
    if (data.n === 13) throw new NonRetryableError("13");
    ctx.emit(follow, { n: data.n });
  },
});
const place = defineEndpoint("place", {
  method: "POST",
  path: "/place",
  auth: "public",
  emits: [plain],
  handle(_request, ctx) {
    ctx.emit(plain, { n: 1 });
    return { status: 202 };
  },
});
const app = defineApp("contract", { handlers: [answer], endpoints: [place], unhandled: [follow] });
/** Emits under an id that its tenants have in common. */
const named = defineHandler("named", {
  on: plain,
  emits: [follow],
  handle({ data }, ctx) {
    ctx.emit(follow, { n: data.n }, { id: "invoice-1" });
  },
});
const namingApp = defineApp("contract", { handlers: [named], unhandled: [follow] });

export const tenantCases = casesOf("tenants", {
  "an event's tenant is that of everything it causes": async ({ open }) => {
    const engine = await open(app);
    const { queue } = engine;
    await queue.publish(plain, { n: 1 }, { tenant: "acme" });
    await queue.publish(plain, { n: 2 });
    await engine.settle();
    const emitted = await queue.inspect.events({ type: follow.name, after: 0 });
    assert.deepEqual(
      emitted.map(({ tenant, data }) => [tenant, data]),
      [
        ["acme", { n: 1 }],
        [undefined, { n: 2 }],
      ],
    );
  },
  "a request's tenant, correlation id and trace context are those of what it emits": async ({ open }) => {
    const engine = await open(app);
    const { queue } = engine;
    await queue.invoke(place, { tenant: "acme", correlationId: "request-1" });
    await engine.settle();
    const events = await queue.inspect.events({ tenant: "acme", after: 0 });
    assert.deepEqual(
      events.map(({ type, correlationId }) => [type, correlationId]),
      [
        [plain.name, "request-1"],
        [follow.name, "request-1"],
      ],
    );
  },
  "two tenants may choose the same source and id: two events, and neither learns of the other": async ({ open }) => {
    const engine = await open(app);
    const { queue } = engine;
    const identity = { source: "/shop", id: "order-1" };
    for (const [index, tenant] of ["acme", "other", undefined].entries()) {
      const options = { ...identity, ...(tenant === undefined ? {} : { tenant }) };
      assert.deepEqual(await queue.publish(plain, { n: index }, options), { id: "order-1", duplicate: false });
      assert.deepEqual(await queue.publish(plain, { n: index }, options), { id: "order-1", duplicate: true });
      await rejects(queue.publish(plain, { n: 99 }, options), "IDENTITY_REUSED");
    }
    await engine.restart("clean");
    assert.equal((await engine.queue.publish(plain, { n: 1 }, { ...identity, tenant: "other" })).duplicate, true);
    const stored = await engine.queue.inspect.events({ id: "order-1", after: 0 });
    assert.deepEqual(
      stored.map(({ source, tenant, data }) => [source, tenant, data]),
      [
        ["/shop", "acme", { n: 0 }],
        ["/shop", "other", { n: 1 }],
        ["/shop", undefined, { n: 2 }],
      ],
    );
  },
  "what is emitted under one id for two tenants, in one batch or not, is two events": async ({ open }) => {
    const engine = await open(namingApp);
    const { queue } = engine;
    await queue.publish(plain, { n: 1 }, { tenant: "acme" });
    await queue.publish(plain, { n: 2 }, { tenant: "other" });
    await engine.settle();
    await queue.publish(plain, { n: 3 });
    await queue.publish(plain, { n: 4 }, { tenant: "acme" }); // the same tenant's id with other data
    await engine.settle();
    assert.deepEqual(
      new Map((await queue.inspect.events({ type: follow.name })).map(({ tenant, data }) => [tenant, data])),
      new Map([
        ["acme", { n: 1 }],
        ["other", { n: 2 }],
        [undefined, { n: 3 }],
      ]),
    );
    assert.deepEqual(
      (await queue.inspect.deadLetters()).map(({ sequence, failure }) => [sequence, failure?.code]),
      [[(await queue.inspect.events({ type: plain.name, limit: 1 }))[0]?.sequence, "IDENTITY_REUSED"]],
    );
  },
  "a filter by tenant finds what is that tenant's, and nothing else": async ({ open }) => {
    const engine = await open(app);
    const { queue } = engine;
    const [mine, theirs] = [await queue.publish(plain, { n: 13 }, { tenant: "acme" }), await queue.publish(plain, { n: 13 }, { tenant: "other" })];
    await engine.settle();
    await queue.operate.pause("answer", { reason: "to look at what waits" });
    const waiting = await queue.publish(plain, { n: 2 }, { tenant: "acme" });
    await queue.publish(plain, { n: 3 }, { tenant: "other" });
    assert.deepEqual(
      (await queue.inspect.events({ tenant: "acme", after: 0 })).map(({ id }) => id),
      [mine.id, waiting.id],
    );
    assert.deepEqual(
      (await queue.inspect.deliveries({ tenant: "acme" })).map(({ eventId, state }) => [eventId, state]),
      [
        [mine.id, "dead"],
        [waiting.id, "ready"],
      ],
    );
    assert.deepEqual(await queue.inspect.deliveries({ tenant: "acme", eventId: theirs.id }), []);
    assert.deepEqual(
      (await queue.inspect.deadLetters({ tenant: "acme" })).map(({ eventId }) => eventId),
      [mine.id],
    );
    const redriven = await queue.operate.redrive({ tenant: "acme" }, { reason: "all of one tenant", dryRun: true });
    assert.equal(redriven.count, 1);
  },
});
