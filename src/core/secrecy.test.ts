import { type } from "arktype";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "./event.ts";
import { encodeJson } from "./json.ts";
import { newEvent } from "./new-event.ts";
import { checkPaths, personalValues, scrub, scrubDeep } from "./personal-data.ts";
import { parseWith } from "./schema.ts";
import { virtualClock } from "../testing/clock.ts";

const system = { clock: virtualClock(), newId: () => "e-1" };
const schema = z.object({ id: z.string(), email: z.string() });
const person = schema.extend({ home: z.object({ street: z.string(), city: z.string() }), lines: z.array(z.object({ note: z.string() })) });

function walkOn(data: unknown): string {
  let place: unknown = data;
  while (place !== undefined) place = (place as { readonly next?: unknown }).next;
  return "the end";
}

describe("what is declared as personal data", () => {
  test.each(["", ".", "customer.", ".name", "a..b"])("the path %j is refused", (path) => {
    expect(() => defineEvent("moved", { schema, pii: [path] })).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });

  type Data = z.infer<typeof person>;
  test.each<[string, (data: Data) => string, readonly string[]]>([
    ["itself", (data) => data.email, ["email"]],
    ["taken apart", ({ email }) => email, ["email"]],
    ["changed", (data) => data.email.trim().toLowerCase().split("@")[0] ?? "", ["email"]],
    ["within a text", (data) => `${data.id}/${data.email}`, ["email"]],
    ["below what is declared", (data) => data.home.street, ["home"]],
    ["in a list", (data) => data.lines[0]?.note ?? "", ["lines.note"]],
  ])("may not be declared as an event's key: %s", (_, key, pii) => {
    const refused = expect.objectContaining({ code: "DECLARATION_INVALID", message: expect.stringContaining("its key is made of ") as unknown }) as unknown;
    expect(() => defineEvent("moved", { schema: person, key, pii })).toThrow(refused);
  });

  test.each<[string, (data: Data) => string, readonly string[]]>([
    ["another field", (data) => data.id, ["email"]],
    ["a field beside it", (data) => data.home.city, ["home.street"]],
    ["a field whose name begins like it", (data) => data.id, ["i"]],
    ["a selector that only looks at it", (data) => (data.email === "" ? "none" : data.id), ["email"]],
    ["a selector that needs real data", (data) => data.lines.map(({ note }) => note).join(), ["lines.note"]],
    ["a selector that fails without it", (data) => Buffer.from(data.email).toString(), ["email"]],
    ["a selector that walks on and on", walkOn, ["email"]],
  ])("leaves the declared key alone where it is none, or where that is not seen: %s", (_, key, pii) => {
    expect(defineEvent("moved", { schema: person, key, pii }).key).toBe(key);
  });

  test("may not be an event's key, whether given or computed out of sight", () => {
    const unseen = defineEvent("moved", { schema, key: (data) => Buffer.from(data.email).toString(), pii: ["email"] });
    const byId = defineEvent("moved", { schema, key: (data) => data.id, pii: ["email"] });
    const data = { id: "c-1", email: "ada@x" };
    const refused = expect.objectContaining({ code: "KEY_PERSONAL", status: 400, message: expect.not.stringContaining("ada") as unknown }) as unknown;
    expect(() => newEvent(system, unseen, data, { source: "s" }, undefined)).toThrow(refused);
    expect(() => newEvent(system, byId, data, { source: "s", key: "ada@x" }, undefined)).toThrow(refused);
    expect(newEvent(system, byId, data, { source: "s" }, undefined).key).toBe("c-1");
  });

  test("may by chance be equal to a key that is none", () => {
    const byId = defineEvent("moved", { schema, key: (data) => data.id, pii: ["email"] });
    const data = { id: "same", email: "same" };
    expect(newEvent(system, byId, data, { source: "s" }, undefined).key).toBe("same");
    expect(newEvent(system, byId, data, { source: "s", key: "same" }, undefined).key).toBe("same");
  });

  test("belongs to the declared subject, which must be storable", () => {
    const event = defineEvent("moved", { schema, pii: ["email"], subject: (data) => data.id });
    expect(newEvent(system, event, { id: "c-1", email: "ada@x" }, { source: "s" }, undefined).subject).toBe("c-1");
    expect(() => newEvent(system, event, { id: "", email: "ada@x" }, { source: "s" }, undefined)).toThrow(expect.objectContaining({ code: "ID_INVALID" }));
  });

  test("is not in the message of a schema that quotes it", () => {
    const quoting = type({ id: "string", email: "string.email" });
    const data = { id: "c-1", email: "canary" };
    expect(() => parseWith(quoting, data, "PAYLOAD_INVALID", "Event moved")).toThrow(/canary/);
    const secret = (error: unknown): boolean => !JSON.stringify([(error as Error).message, (error as { issues: unknown }).issues]).includes("canary");
    expect(() => parseWith(quoting, data, "PAYLOAD_INVALID", "Event moved", ["email"])).toThrow(expect.toSatisfy(secret) as Error);
  });

  test("of a table's key or index is refused by its first field", () => {
    expect(() => checkPaths("Table t", ["customer.name"], ["customer"])).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
    expect(checkPaths("Table t", ["customer.name"], ["name"])).toEqual(["customer.name"]);
  });
});

describe("finding it in texts", () => {
  test("takes every text and number at a path and below, but none so short that it stands anywhere by chance", () => {
    const data = { who: { name: "Ada", age: 36, phone: 41791234, tags: ["x", "long"] }, other: "Bob" };
    expect(personalValues(data, ["who"])).toEqual(["Ada", "41791234", "long"]);
  });

  test("hides the longest first, so that a part of it leaves no rest", () => {
    expect(scrub("to ada@example.org", ["ada", "ada@example.org"])).toBe("to [redacted]");
  });

  test("hides in every text of a value, and leaves numbers, errors and names alone", () => {
    const error = new Error("ada");
    expect(scrubDeep({ ada: ["for ada", 5, null, { deep: "ada" }], error }, ["ada"])).toEqual({
      ada: ["for [redacted]", 5, null, { deep: "[redacted]" }],
      error,
    });
  });
});

test("data cannot pretend to be encrypted, at any depth", () => {
  for (const value of [{ $pq: "x" }, { a: [{ b: { $pq: "x" } }] }]) {
    expect(() => encodeJson(value, "It", 1_000)).toThrow(expect.objectContaining({ code: "PAYLOAD_UNSERIALISABLE" }));
  }
  expect(encodeJson({ a: "$pq", b: '"$pq"' }, "It", 1_000)).toBe('{"a":"$pq","b":"\\"$pq\\""}');
});
