import { describe, expect, test } from "vitest";
import { z } from "zod";
import { asApp, defineApp } from "./app.ts";
import { defineEndpoint, type EndpointDefinition } from "./endpoint.ts";
import type { Issue, PulseQueueError } from "./errors.ts";
import { defineEvent, type AnyEvent } from "./event.ts";
import { defineHandler, type HandlerDefinition } from "./handler.ts";
import { defineSchedule } from "./schedule.ts";
import { defineSecret } from "./secret.ts";
import { defineTable } from "./table.ts";
import type { AppOptions } from "./topology.ts";

const schema = z.object({ id: z.string() });
const event = (name: string): AnyEvent => defineEvent(name, { schema });
const handler = (name: string, on: AnyEvent | readonly AnyEvent[], emits: readonly AnyEvent[] = [], maxHops?: number): HandlerDefinition =>
  defineHandler(name, { on, emits, ...(maxHops === undefined ? {} : { maxHops }), handle() {} });
const endpoint = (name: string, path: string, emits: readonly AnyEvent[] = []): EndpointDefinition =>
  defineEndpoint(name, { method: "POST", path, auth: "public", emits, handle: () => ({}) });

const [a, b, c] = [event("a"), event("b"), event("c")];

function problems(options: AppOptions): readonly Issue[] {
  try {
    defineApp("shop", options);
  } catch (error) {
    expect(error).toMatchObject({ code: "TOPOLOGY_INVALID" });
    return (error as PulseQueueError).issues;
  }
  return [];
}

describe("a sound app", () => {
  const orders = defineTable("orders", { schema, key: "id" });
  const key = defineSecret("key");
  const one = defineHandler("one", { on: [a, b], writes: [orders], emits: [c], secrets: [key], handle() {} });
  const two = handler("two", a);
  const place = endpoint("place", "/orders", [a, b]);
  const sweep = defineSchedule("sweep", { every: "1m", emits: [b] });
  const app = defineApp("shop", { handlers: [one, two], endpoints: [place], schedules: [sweep], unhandled: [c] });

  test("has every event, table, secret, handler and endpoint by name", () => {
    const { topology } = app;
    expect(topology.app).toBe("shop");
    expect([...topology.events.keys()].sort()).toEqual(["a", "b", "c", "pulsequeue.schedule.sweep"]);
    expect([...topology.tables.values()]).toEqual([orders]);
    expect([...topology.secrets.values()]).toEqual([key]);
    expect([...topology.handlers.keys()]).toEqual(["one", "two", "sweep"]);
    expect([...topology.endpoints.values()]).toEqual([place]);
  });

  test("knows who handles and who may emit each event", () => {
    const { subscribers, emitters } = app.topology;
    expect(subscribers.get("a")).toEqual([one, two]);
    expect(subscribers.get("b")).toEqual([one]);
    expect(subscribers.get("c")).toBeUndefined();
    expect(emitters.get("b")).toEqual(["sweep", "place"]);
    expect(emitters.get("c")).toEqual(["one"]);
  });

  test("delivers the tick of a schedule to a handler of the schedule's name", async () => {
    const { schedules, subscribers, handlers } = app.topology;
    const tick = schedules.get("sweep")?.tick;
    expect(subscribers.get(tick?.name ?? "")).toEqual([handlers.get("sweep")]);
    expect(handlers.get("sweep")).toMatchObject({ grants: { emits: [b] }, concurrency: { limit: 1 } });
    const emitted: unknown[] = [];
    await handlers.get("sweep")?.handle({ data: { scheduledAt: "now" } } as never, { emit: (...call: readonly unknown[]) => emitted.push(call) } as never);
    expect(emitted).toEqual([[b, { scheduledAt: "now" }]]);
  });

  test("a tick's schema takes what the engine writes, and nothing else", () => {
    const standard = app.topology.schedules.get("sweep")?.tick.schema["~standard"];
    expect(standard?.validate({ scheduledAt: "2026-01-01T00:00:00.000Z" })).toEqual({ value: { scheduledAt: "2026-01-01T00:00:00.000Z" } });
    for (const bad of [null, "x", {}, { scheduledAt: 5 }]) expect(standard?.validate(bad)).toMatchObject({ issues: [{}] });
  });

  test("may be empty", () => {
    expect(problems({})).toEqual([]);
  });

  test("is recognised by asApp, and nothing else is", () => {
    expect(asApp(app)).toBe(app);
    for (const value of [undefined, null, {}, { kind: "app" }, app.topology, "shop"])
      expect(() => asApp(value)).toThrow(expect.objectContaining({ code: "APP_NOT_LOADED" }));
  });
});

describe("each problem is reported with its way out", () => {
  test("an app name that is none", () => {
    expect(() => defineApp("my shop", {})).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });

  test.each<readonly [string, AppOptions, string, RegExp]>([
    ["two handlers of one name", { handlers: [handler("h", a), handler("h", b)], unhandled: [] }, "h", /two handlers.*rename/],
    ["two endpoints of one name", { endpoints: [endpoint("e", "/a"), endpoint("e", "/b")] }, "e", /two endpoints.*rename/],
    [
      "a handler and a schedule of one name",
      { handlers: [handler("h", a)], schedules: [defineSchedule("h", { every: "1m", emits: [a] })] },
      "h",
      /a handler and a schedule.*rename/,
    ],
    ["a handler and an endpoint of one name", { handlers: [handler("h", a)], endpoints: [endpoint("h", "/")] }, "h", /a handler and an endpoint.*rename/],
    [
      "an endpoint and a schedule of one name",
      { endpoints: [endpoint("h", "/")], schedules: [defineSchedule("h", { every: "1m" })] },
      "h",
      /an endpoint and a schedule.*rename/,
    ],
    ["two declarations of one event", { handlers: [handler("h", a), handler("i", event("a"))] }, "a", /two declarations of a event.*export one and import it/],
    ["an event that nobody handles", { endpoints: [endpoint("e", "/", [a])] }, "a", /no handler.*`unhandled`/],
    ["a waived event that somebody handles", { handlers: [handler("h", a)], unhandled: [a] }, "a", /listed in `unhandled`.*remove it/],
    ["a cycle", { handlers: [handler("h", a, [b]), handler("i", b, [a])] }, "h", /a cycle without an end: h → i → h;.*maxHops/],
    ["a handler that emits its own event", { handlers: [handler("h", a, [a])] }, "h", /a cycle without an end: h → h/],
    ["two endpoints that answer the same", { endpoints: [endpoint("e", "/orders/:id"), endpoint("f", "/orders/:order")] }, "f", /same method and path as e/],
    ["an event with the engine's own prefix", { handlers: [handler("h", event("pulsequeue.x"))] }, "pulsequeue.x", /engine's own: rename/],
    ["such an event that looks like a handler's tick", { handlers: [handler("h", event("pulsequeue.schedule.h"))] }, "pulsequeue.schedule.h", /engine's own/],
    ["a schedule that does nothing", { schedules: [defineSchedule("s", { every: "1m" })] }, "s", /neither emits nor writes/],
    ["an undefined handler", { handlers: [undefined as never] }, "handler", /not the result of defineHandler\(\).*undefined import/],
    ["a schedule among the handlers", { handlers: [defineSchedule("s", { every: "1m", emits: [a] }) as never] }, "handler", /defineHandler\(\)/],
    ["a name among the waived events", { unhandled: ["a" as never] }, "event", /not the result of defineEvent\(\)/],
  ])("%s", (_what, options, path, message) => {
    const found = problems(options);
    expect(found).toContainEqual({ path, message: expect.stringMatching(message) as string });
  });

  test("all of them at once, each once", () => {
    const twin = event("a");
    const found = problems({
      handlers: [handler("h", a, [b]), handler("i", b, [a]), handler("j", [a, c]), handler("k", [twin])],
      endpoints: [endpoint("e", "/x"), endpoint("f", "/x")],
      unhandled: [c],
    });
    expect(found.map((issue) => issue.path).sort()).toEqual(["a", "c", "f", "h"]);
  });
});

describe("cycles", () => {
  test("are found however long, and each is named by its way", () => {
    const events = Array.from({ length: 20 }, (_, index) => event(`e${index}`));
    const handlers = events.map((on, index) => handler(`h${index}`, on, [events[(index + 1) % 20] ?? on]));
    expect(problems({ handlers })).toEqual([{ path: "h0", message: expect.stringMatching(/h0 → h1 → .* → h19 → h0/) as string }]);
  });

  test("are allowed where a handler on them declares maxHops", () => {
    expect(problems({ handlers: [handler("h", a, [b]), handler("i", b, [a], 3)] })).toEqual([]);
  });

  test("are refused where a second way round has no bound", () => {
    const found = problems({ handlers: [handler("h", a, [b]), handler("i", b, [a], 3), handler("j", b, [a])] });
    expect(found).toEqual([{ path: "h", message: expect.stringContaining("h → j → h") as string }]);
  });

  test("are not seen in a diamond, where two ways meet again", () => {
    const d = event("d");
    expect(problems({ handlers: [handler("h", a, [b, c]), handler("i", b, [d]), handler("j", c, [d]), handler("k", d)] })).toEqual([]);
  });
});

test("the names of an app and of what emits are short enough for the source of an event", () => {
  const long = "n".repeat(128);
  expect(() => defineApp(long, { handlers: [handler(long, a, [b])], unhandled: [b] })).toThrow(expect.objectContaining({ code: "TOPOLOGY_INVALID" }));
  expect(() => defineApp(long, { handlers: [handler("n".repeat(127), a, [b])], unhandled: [b] })).not.toThrow();
});
