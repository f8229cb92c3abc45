import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEvent, defineHandler, defineTable, type App } from "pulsequeue";
import { breaksOf, contractOf, uncheckedOf, type Contract } from "./contract.ts";

type Shape = Readonly<Record<string, z.ZodType>>;
interface Parts {
  readonly version?: number;
  readonly event?: Shape;
  readonly hasKey?: boolean;
  readonly outside?: Shape;
  readonly row?: Shape;
  readonly key?: "id" | "sku";
  readonly extra?: boolean;
}

function appOf({
  version = 1,
  event = { id: z.string() },
  hasKey = true,
  outside = { id: z.string() },
  row = { id: z.string(), sku: z.string() },
  key = "id",
  extra = false,
}: Parts = {}): App {
  const placed = defineEvent("order.placed", {
    version,
    schema: z.object(event),
    ...(hasKey ? { key: (data: Readonly<Record<string, unknown>>) => String(data["id"]) } : {}),
    ...(version > 1 ? { upcast: (data: unknown) => data as never } : {}),
  });
  const shipped = defineEvent("order.shipped", { schema: z.object(outside) });
  const added = defineEvent("order.added", { schema: z.object({}) });
  const orders = defineTable("orders", { schema: z.object(row) as z.ZodObject<{ id: z.ZodString; sku: z.ZodString }>, key });
  const handler = defineHandler("ship", { on: extra ? [placed, added] : [placed], writes: [orders], emits: [shipped], handle: () => undefined });
  return defineApp("orders", { handlers: [handler], unhandled: [shipped] });
}

const committed = contractOf(appOf(), undefined);
const breaks = (parts: Parts): readonly string[] => breaksOf(appOf(parts), committed).map(({ subject, path, reason }) => `${subject} ${path}: ${reason}`);

describe("the contract is kept by", () => {
  test.each<readonly [name: string, parts: Parts]>([
    ["the same app", {}],
    ["a new event", { extra: true }],
    ["an optional field", { event: { id: z.string(), note: z.string().optional() } }],
    ["a narrower schema under a higher version", { version: 2, event: { id: z.string().min(5), note: z.string() } }],
    ["a field with a default in a table", { row: { id: z.string(), sku: z.string(), count: z.int().default(0) } }],
  ])("%s", (_name, parts) => {
    expect(breaks(parts)).toEqual([]);
  });
});

describe("the contract is broken by", () => {
  test.each<readonly [name: string, parts: Parts, found: readonly string[]]>([
    ["a narrower schema", { event: { id: z.string().min(5) } }, ["event order.placed version 1 id: smaller texts were accepted before"]],
    ["a lost key", { hasKey: false }, ["event order.placed version 1 : it had a key and has none, so its order per key is lost"]],
    [
      "a lost key under a higher version",
      { version: 2, hasKey: false },
      ["event order.placed version 2 : it had a key and has none, so its order per key is lost"],
    ],
    ["a table's other key", { key: "sku" }, ["table orders : its key changed from id to sku, so no stored row is found"]],
    ["a required field in a table", { row: { id: z.string(), sku: z.string(), count: z.int() } }, ["table orders count: it is now required"]],
    [
      "data that readers elsewhere do not know",
      { outside: { id: z.string().optional() } },
      ["event order.shipped version 1 id: for readers of this event elsewhere: it is now required"],
    ],
  ])("%s", (_name, parts, found) => {
    expect(breaks(parts)).toEqual(found);
  });

  test("a lower version, a missing event and a missing table", () => {
    const second = contractOf(appOf({ version: 2, extra: true }), committed);
    expect(breaksOf(appOf(), second).map(({ subject, reason }) => `${subject}: ${reason}`)).toEqual([
      "event order.added: it is no longer declared, but it may be stored and published",
      "event order.placed version 1: the contract has version 2 already",
    ]);
    const withTable: Contract = { ...committed, tables: { ...committed.tables, stock: { key: ["sku"], schema: {} } } };
    expect(breaksOf(appOf(), withTable).map(({ subject }) => subject)).toEqual(["table stock"]);
  });

  test("each says what to do", () => {
    for (const { fix } of breaksOf(appOf({ event: { id: z.number() }, key: "sku" }), committed)) expect(fix).toMatch(/^[A-Z].*\.$/);
  });
});

describe("the contract's file", () => {
  test("keeps the older versions of an event, and has its names in order", () => {
    const second = contractOf(appOf({ version: 2, event: { id: z.string(), note: z.string() } }), committed);
    expect(Object.keys(second.events["order.placed"] ?? {})).toEqual(["1", "2"]);
    expect(second.events["order.placed"]?.["1"]).toEqual(committed.events["order.placed"]?.["1"]);
    expect(Object.keys(second.events)).toEqual(["order.placed", "order.shipped"]);
    expect(contractOf(appOf(), committed)).toEqual(committed);
  });

  test("leaves out the events of the engine itself", () => {
    expect(Object.keys(committed.events).filter((name) => name.startsWith("pulsequeue."))).toEqual([]);
  });
});

describe("a library that does not tell its JSON Schema", () => {
  const plain = defineEvent("note.added", { schema: v.object({ text: v.string() }) });
  const app = defineApp("notes", { unhandled: [plain] });

  test("is named, and breaks a contract that could be compared", () => {
    expect(uncheckedOf(app)).toEqual([{ subject: "event note.added", library: "valibot" }]);
    const contract = contractOf(app, undefined);
    expect(contract.events["note.added"]).toEqual({ "1": { keyed: false, schema: null } });
    expect(breaksOf(app, contract)).toEqual([]);
    const comparable: Contract = { ...contract, events: { "note.added": { "1": { keyed: false, schema: { type: "object" } } } } };
    expect(breaksOf(app, comparable)).toMatchObject([
      { subject: "event note.added version 1", reason: "it can no longer be compared: its library does not tell its JSON Schema" },
    ]);
  });
});
