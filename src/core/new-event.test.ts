import { describe, expect, test } from "vitest";
import { testSystem } from "../../test/support/memory-store.ts";
import { placed } from "../../test/support/shop.ts";
import { defineConfig } from "./config.ts";
import { newEvent, type NewEventOptions } from "./new-event.ts";

const system = testSystem();
const make = (options: Partial<NewEventOptions> = {}): ReturnType<typeof newEvent> =>
  newEvent(system, placed, { sku: "s", count: 1 }, { source: "shop", ...options }, undefined);
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("a new event", () => {
  test("has a new id, the key that its declaration computes, and the data as it was given", () => {
    expect(make()).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      type: "placed",
      source: "shop",
      time: system.clock.now(),
      data: '{"sku":"s","count":1}',
      version: 1,
      key: "s",
      correlationId: undefined,
      causationId: undefined,
      hops: 0,
      traceparent: undefined,
      dueAt: undefined,
      chosenId: false,
    });
    expect(make().id > make().id).toBe(false);
  });

  test("takes what the publisher chooses", () => {
    const chosen = { id: "o-1", key: "k", correlationId: "flow", traceparent, source: "https://example.org/shop" };
    expect(make(chosen)).toMatchObject({ ...chosen, chosenId: true });
  });

  test.each([
    ["an empty id", { id: "" }],
    ["a key that is too long", { key: "x".repeat(257) }],
    ["a source that is no URI reference", { source: "my shop" }],
    ["a correlation id with a line break", { correlationId: "a\nb" }],
    ["a trace context that is none", { traceparent: "00-1" }],
  ])("refuses %s", (_what, options) => {
    expect(() => make(options)).toThrow(expect.objectContaining({ code: "ID_INVALID" }));
  });
});

test("defineConfig gives its options back, frozen", () => {
  const config = defineConfig({ app: "./shop.ts" });
  expect(config).toEqual({ app: "./shop.ts" });
  expect(Object.isFrozen(config)).toBe(true);
});
