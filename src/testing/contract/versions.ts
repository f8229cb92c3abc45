import assert from "node:assert/strict";
import { defineApp, type App } from "../../core/app.ts";
import { defineEvent, type AnyEvent } from "../../core/event.ts";
import { defineHandler } from "../../core/handler.ts";
import { plain, follow, shape, single } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const first = defineEvent("thing.changed", { schema: shape({ n: "number" }) });
const second = defineEvent("thing.changed", {
  version: 2,
  schema: shape({ count: "number" }),
  upcast: (data) => {
    const n: unknown = typeof data === "object" && data !== null && "n" in data ? data.n : undefined;
    if (typeof n !== "number" || n < 0) throw new Error("there is no such count");
    return { count: n };
  },
});

/** The app as it was before and after `thing.changed` got its second version. */
function apps(): { readonly before: App; readonly after: App; readonly seen: unknown[] } {
  const seen: unknown[] = [];
  const appOf = (event: AnyEvent): App =>
    defineApp("contract", { handlers: [defineHandler("note", { on: event, handle: ({ version, data }) => void seen.push({ version, data }) })] });
  return { before: appOf(first), after: appOf(second), seen };
}

export const versionCases = casesOf("versions", {
  "an older event reaches the handler through upcast": async ({ open }) => {
    const { before, after, seen } = apps();
    const engine = await open(before, { start: false });
    await engine.queue.publish(first, { n: 7 });
    await engine.restart("clean", { app: after });
    await engine.queue.publish(second, { count: 8 });
    await engine.settle();
    assert.deepEqual(seen, [
      { version: 1, data: { count: 7 } },
      { version: 2, data: { count: 8 } },
    ]);
  },
  "an upcast that fails is a dead letter at once, with the data as it was accepted": async ({ open }) => {
    const { before, after } = apps();
    const engine = await open(before, { start: false });
    await engine.queue.publish(first, { n: -1 });
    await engine.restart("clean", { app: after });
    await engine.settle();
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.deepEqual([dead.failure?.code, dead.attempts, dead.event.version, dead.event.data], ["UPCAST_FAILED", 1, 1, { n: -1 }]);
  },
  "an unknown newer version waits without using attempts, until an app knows it": async ({ open }) => {
    const { before, after, seen } = apps();
    const engine = await open(after, { start: false });
    await engine.queue.publish(second, { count: 9 });
    await engine.restart("clean", { app: before });
    await engine.pass("6h");
    assert.deepEqual(seen, []);
    assert.deepEqual(await engine.queue.inspect.deadLetters(), []);
    const waiting = single(await engine.queue.inspect.deliveries());
    assert.deepEqual([waiting.state, waiting.attempts, waiting.failure?.code], ["scheduled", 0, "VERSION_UNKNOWN"]);
    await engine.queue.publish(first, { n: 1 });
    await engine.drain();
    assert.deepEqual(seen, [{ version: 1, data: { n: 1 } }]);
    await engine.restart("clean", { app: after });
    await engine.pass("5m");
    assert.deepEqual(seen, [
      { version: 1, data: { n: 1 } },
      { version: 2, data: { count: 9 } },
    ]);
  },
});

export const hopCases = casesOf("hops", {
  "a flow that goes in a circle ends at maxHops": async ({ open }) => {
    const seen: number[] = [];
    const there = defineHandler("there", {
      on: plain,
      emits: [follow],
      maxHops: 5,
      handle: ({ data }, ctx) => {
        seen.push(data.n);
        ctx.emit(follow, { n: data.n + 1 });
      },
    });
    const back = defineHandler("back", {
      on: follow,
      emits: [plain],
      handle: ({ data }, ctx) => {
        seen.push(data.n);
        ctx.emit(plain, { n: data.n + 1 });
      },
    });
    const engine = await open(defineApp("contract", { handlers: [there, back] }));
    await engine.queue.publish(plain, { n: 0 });
    await engine.settle();
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.deepEqual([dead.handler, dead.failure?.code, dead.attempts], ["there", "HOPS_EXCEEDED", 1]);
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
  },
});
