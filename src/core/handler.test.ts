import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEndpoint } from "./endpoint.ts";
import { defineEvent } from "./event.ts";
import { defineHandler } from "./handler.ts";
import { defineSecret } from "./secret.ts";
import { defineTable } from "./table.ts";

const schema = z.object({ id: z.string() });
const placed = defineEvent("placed", { schema });
const cancelled = defineEvent("cancelled", { schema });
const orders = defineTable("orders", { schema, key: "id" });
const token = defineSecret("token");
const handle = (): void => undefined;

describe("defineHandler", () => {
  test("has the documented defaults", () => {
    expect(defineHandler("h", { on: placed, handle })).toMatchObject({
      kind: "handler",
      name: "h",
      on: [placed],
      grants: { reads: [], writes: [], emits: [], secrets: [] },
      ordered: false,
      concurrency: { limit: 8, key: undefined },
      retry: { attempts: 5, min: 1_000, max: 300_000 },
      timeout: 30_000,
      maxHops: undefined,
    });
  });

  test("keeps what is declared, frozen", () => {
    const key = (event: { readonly key: string | undefined }): string => event.key ?? "";
    const handler = defineHandler("h", {
      on: [placed, cancelled],
      reads: [orders],
      writes: [orders],
      emits: [cancelled],
      secrets: [token],
      concurrency: { limit: 2, key },
      timeout: "1m",
      maxHops: 3,
      handle,
    });
    expect(handler).toMatchObject({ on: [placed, cancelled], concurrency: { limit: 2 }, timeout: 60_000, maxHops: 3 });
    expect(handler.grants).toEqual({ reads: [orders], writes: [orders], emits: [cancelled], secrets: [token] });
    expect([handler, handler.on, handler.grants, handler.grants.reads, handler.retry].every(Object.isFrozen)).toBe(true);
  });

  test("calls `handle` as a method of its options", async () => {
    let own = false;
    const options = {
      on: placed,
      handle(this: unknown): void {
        own = this === options;
      },
    };
    await defineHandler("h", options).handle({} as never, {} as never);
    expect(own).toBe(true);
  });

  test.each([
    ["a name that is none", "h 1", { on: placed, handle }],
    ["no event", "h", { on: [], handle }],
    ["an event that is undefined, as an import cycle leaves it", "h", { on: undefined, handle }],
    ["a list with such an event", "h", { on: [placed, undefined], handle }],
    ["a table in place of an event", "h", { on: orders, handle }],
    ["an event twice", "h", { on: [placed, placed], handle }],
    ["no handle", "h", { on: placed }],
    ["a handle that is no function", "h", { on: placed, handle: 5 }],
    ["concurrency 0", "h", { on: placed, concurrency: 0, handle }],
    ["concurrency over 1,000", "h", { on: placed, concurrency: 1_001, handle }],
    ["half a limit per key", "h", { on: placed, concurrency: { limit: 0.5, key: (): string => "" }, handle }],
    ["an ordered handler with a limit per key", "h", { on: placed, ordered: true, concurrency: { limit: 1, key: (): string => "" }, handle }],
    ["no time at all", "h", { on: placed, timeout: 0, handle }],
    ["more time than a function can have", "h", { on: placed, timeout: "16m", handle }],
    ["maxHops 0", "h", { on: placed, maxHops: 0, handle }],
    ["no attempts", "h", { on: placed, retry: { attempts: 0 }, handle }],
    ["a table that is undefined", "h", { on: placed, writes: [undefined], handle }],
    ["an event among the tables", "h", { on: placed, reads: [placed], handle }],
    ["a name among the secrets", "h", { on: placed, secrets: ["token"], handle }],
  ])("refuses %s", (_what, name, options) => {
    expect(() => defineHandler(name, options as never)).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });
});

describe("defineEndpoint", () => {
  const options = { method: "GET", path: "/orders/:id", auth: "public", handle: () => ({}) } as const;

  test("keeps what is declared, frozen", () => {
    const endpoint = defineEndpoint("get-order", { ...options, input: schema, output: schema, reads: [orders] });
    expect(endpoint).toMatchObject({
      kind: "endpoint",
      name: "get-order",
      method: "GET",
      path: "/orders/:id",
      auth: "public",
      grants: { reads: [orders], writes: [] },
    });
    expect(Object.isFrozen(endpoint)).toBe(true);
  });

  test.each(["/", "/a", "/a/b.c/~d", "/:a/:b2_c"])("accepts the path %s", (path) => {
    expect(defineEndpoint("e", { ...options, path }).path).toBe(path);
  });

  test.each(["", "a", "//", "/a/", "/a b", "/:", "/:1", "/a?b=c", "/a/*", undefined])("refuses the path %j", (path) => {
    expect(() => defineEndpoint("e", { ...options, path: path as string })).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });

  test.each([
    ["no auth", { auth: undefined }],
    ["an unknown auth", { auth: "none" }],
    ["an unknown method", { method: "get" }],
    ["no handle", { handle: undefined }],
    ["an input that is no schema", { input: {} }],
    ["an output that is no schema", { output: "text" }],
    ["an event that is undefined", { emits: [undefined] }],
  ])("refuses %s", (_what, change) => {
    expect(() => defineEndpoint("e", { ...options, ...change } as never)).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });
});
