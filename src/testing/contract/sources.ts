import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineHandler } from "../../core/handler.ts";
import { NonRetryableError } from "../../core/retry-errors.ts";
import { follow, plain, single } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const keys = new Set<string>();
const answer = defineHandler("answer", {
  on: plain,
  emits: [follow],
  handle({ data }, ctx) {
    keys.add(ctx.idempotencyKey("charge"));
    if (data.n === 13) throw new NonRetryableError("13");
    ctx.emit(follow, { n: data.n });
  },
});
const app = defineApp("contract", { handlers: [answer], unhandled: [follow] });

/** Emits under one id for every event, from data that differs. */
const named = defineHandler("named", {
  on: plain,
  emits: [follow],
  retry: { attempts: 1 },
  handle: ({ data }, ctx) => {
    ctx.emit(follow, data, { id: "one" });
  },
});
const namingApp = defineApp("contract", { handlers: [named], unhandled: [follow] });

export const sourceCases = casesOf("sources", {
  "with one id: inspection shows all of them, or those of the source and tenant that are named": async ({ open }) => {
    keys.clear();
    const engine = await open(app);
    const { queue } = engine;
    const identities = [{ source: "/a" }, { source: "/b" }, { source: "/b", tenant: "acme" }];
    for (const [n, identity] of identities.entries()) await queue.publish(plain, { n }, { id: "same", ...identity });
    await engine.settle();
    assert.equal(keys.size, 3); // what is done outside for one is not taken for done for another
    const chosen = { source: "/b", tenant: "acme" };
    assert.deepEqual(
      (await queue.inspect.events({ id: "same", source: "/b", after: 0 })).map(({ data }) => data),
      [{ n: 1 }, { n: 2 }],
    );
    assert.equal((await queue.inspect.deliveries({ eventId: "same" })).length, 3);
    assert.equal((await queue.inspect.deliveries({ eventId: "same", source: "/b" })).length, 2);
    assert.equal(single(await queue.inspect.deliveries({ eventId: "same", ...chosen })).sequence, single(await queue.inspect.events(chosen)).sequence);
    assert.deepEqual(await queue.inspect.deliveries({ eventId: "same", source: "/nobody" }), []);

    const emitted = async (choice: { source?: string; tenant?: string }): Promise<readonly unknown[]> =>
      (await queue.inspect.trace("same", choice)).map((node) => [
        node.event.data,
        node.deliveries.map((delivery) => delivery.emitted.map(({ event }) => event.tenant)),
      ]);
    assert.equal((await emitted({})).length, 3);
    assert.deepEqual(
      (await emitted({ source: "/a" })).map((tree) => (tree as unknown[])[0]),
      [{ n: 0 }],
    );
    assert.deepEqual(await emitted(chosen), [[{ n: 2 }, [["acme"]]]]);
    assert.deepEqual(await emitted({ tenant: "acme" }), [[{ n: 2 }, [["acme"]]]]);
    assert.deepEqual(await emitted({ source: "/nobody" }), []);
  },
  "with one id: a filter of dead letters names one of them": async ({ open }) => {
    const engine = await open(app);
    const { queue } = engine;
    for (const source of ["/a", "/b"]) await queue.publish(plain, { n: 13 }, { id: "bad", source });
    await engine.settle();
    const filter = { eventId: "bad", source: "/b" };
    assert.equal(single(await queue.inspect.deadLetters(filter)).event.source, "/b");
    assert.equal((await queue.operate.discard(filter, { reason: "one of them" })).count, 1);
    assert.equal(single(await queue.inspect.deadLetters()).event.source, "/a");
  },
  "with one id in one batch: the one that emits under a taken identity fails, the other does not": async ({ open }) => {
    for (const sources of [
      ["/a", "/b"],
      ["/b", "/a"],
    ] as const) {
      const engine = await open(namingApp);
      const { queue } = engine;
      await Promise.all(sources.map((source, n) => queue.publish(plain, { n }, { id: "same", source })));
      await engine.settle();
      assert.deepEqual(
        (await queue.inspect.deadLetters()).map(({ event, failure }) => [event.source, failure?.code]),
        [[sources[1], "IDENTITY_REUSED"]],
      );
      assert.deepEqual(single(await queue.inspect.events({ type: follow.name })).data, { n: 0 });
      await queue.close();
    }
  },
});
