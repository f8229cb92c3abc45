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

describe("what is declared as personal data", () => {
  test.each(["", ".", "customer.", ".name", "a..b"])("the path %j is refused", (path) => {
    expect(() => defineEvent("moved", { schema, pii: [path] })).toThrow(expect.objectContaining({ code: "DECLARATION_INVALID" }));
  });

  test("may not be an event's key, whether computed or given", () => {
    const byMail = defineEvent("moved", { schema, key: (data) => data.email, pii: ["email"] });
    const byId = defineEvent("moved", { schema, key: (data) => data.id, pii: ["email"] });
    const data = { id: "c-1", email: "ada@x" };
    const refused = expect.objectContaining({ code: "DECLARATION_INVALID", message: expect.not.stringContaining("ada") as unknown }) as unknown;
    expect(() => newEvent(system, byMail, data, { source: "s" }, undefined)).toThrow(refused);
    expect(() => newEvent(system, byId, data, { source: "s", key: "ada@x" }, undefined)).toThrow(refused);
    expect(newEvent(system, byId, data, { source: "s" }, undefined).key).toBe("c-1");
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
