import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "./event.ts";
import { defineSecret } from "./secret.ts";

const schema = z.object({ id: z.string() });

describe("defineEvent", () => {
  test("has version 1, no key and nothing personal by default, and cannot be changed", () => {
    const event = defineEvent("order.placed", { schema });
    expect(event).toMatchObject({ kind: "event", name: "order.placed", version: 1, key: undefined, pii: [], upcast: undefined });
    expect(Object.isFrozen(event) && Object.isFrozen(event.pii)).toBe(true);
  });

  test("does not follow a list that changes later", () => {
    const pii = ["id"];
    const event = defineEvent("e", { schema, pii });
    pii.push("other");
    expect(event.pii).toEqual(["id"]);
  });

  test.each([
    ["a name with a space", "order placed", { schema }],
    ["version 0", "e", { schema, version: 0 }],
    ["half a version", "e", { schema, version: 1.5 }],
    ["a second version without a way from the first", "e", { schema, version: 2 }],
    ["no schema", "e", {}],
    ["a schema that is null", "e", { schema: null }],
    ["a JSON Schema instead of a Standard Schema", "e", { schema: { type: "object" } }],
    ["a function that is no schema", "e", { schema: () => true }],
  ])("refuses %s", (_what, name, options) => {
    expect(() => defineEvent(name, options as never)).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });

  test("takes a second version with an upcast", () => {
    expect(defineEvent("e", { schema, version: 2, upcast: (data, version) => ({ id: `${String(data)}${version}` }) }).upcast?.("x", 1)).toEqual({ id: "x1" });
  });
});

describe("defineSecret", () => {
  test("is a name and nothing else", () => {
    expect(defineSecret("stripe-key")).toEqual({ kind: "secret", name: "stripe-key" });
    expect(() => defineSecret("")).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });
});
