import { join } from "node:path";
import { expect, test } from "vitest";
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineTable } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { settle, virtualClock } from "pulsequeue/testing";
import { z } from "zod";
import { testFolder } from "../../../test/faults/folder.ts";
import { checksum } from "./checksum.ts";
import { openDatabase } from "./database.ts";
import { originStatements } from "./statements/origins.ts";

const data = z.object({ name: z.string() });
const placed = defineEvent("placed", { schema: data, key: ({ name }) => name, subject: ({ name }) => `of ${name}` });
const shipped = defineEvent("shipped", { schema: data, key: ({ name }) => name });
const parcels = defineTable("parcels", { schema: data, key: "name" });
const noticed = defineEvent("noticed", { schema: z.object({ email: z.string() }), pii: ["email"], subject: ({ email }) => email });
const bills = defineTable("bills", { schema: data, key: "name" });
const app = defineApp("shop", {
  handlers: [
    defineHandler("ship", {
      on: placed,
      writes: [parcels],
      emits: [shipped],
      handle: (event, ctx) => {
        ctx.tables.parcels.put(event.data);
        ctx.emit(shipped, event.data);
      },
    }),
    defineHandler("bill", { on: shipped, writes: [bills], handle: (event, ctx) => ctx.tables.bills.put(event.data) }),
  ],
  unhandled: [noticed],
  endpoints: [
    defineEndpoint("order", {
      method: "POST",
      path: "/orders",
      auth: "api-key",
      input: data,
      emits: [placed],
      handle: (request, ctx) => {
        ctx.emit(placed, request.input);
        return { status: 202 };
      },
    }),
  ],
});

test("the scope of a planted incident is exactly what it reached: nothing is missing, nothing else is in it", async () => {
  const clock = virtualClock();
  const queue = await openLocal(app, { file: ":memory:", clock });
  const order = app.topology.endpoints.get("order");
  if (order === undefined) throw new Error("no endpoint");
  const scope = { roles: ["publisher"], events: "*", endpoints: "*" } as const;
  const [thief, honest] = [
    await queue.keys.create({ name: "stolen", scope }, { reason: "a" }),
    await queue.keys.create({ name: "good", scope }, { reason: "b" }),
  ];
  const publish = (name: string, by: string, correlationId?: string) =>
    queue.publish(placed, { name }, { id: name, principal: `key:${by}`, ...(correlationId === undefined ? {} : { correlationId }) });
  for (let index = 0; index < 20; index += 1) await publish(`good-${String(index)}`, honest.key.id, "one flow");
  await publish("bad-0", thief.key.id);
  // In the same flow as the good ones: a flow is not what an incident reached.
  await publish("bad-1", thief.key.id, "one flow");
  await queue.invoke(order, { body: { name: "bad-2" }, principal: `key:${thief.key.id}` });
  await queue.invoke(order, { body: { name: "good-20" }, principal: `key:${honest.key.id}` });
  await queue.start();
  await settle(queue, clock);
  clock.advance("1h");
  await publish("bad-3", thief.key.id);
  await settle(queue, clock);
  await queue.operate.contain({ keys: [thief.key.id] }, { reason: "stolen", by: "ada" });

  const found = await queue.inspect.incident({ principal: `key:${thief.key.id}` });
  const bad = ["bad-0", "bad-1", "bad-2", "bad-3"];
  expect(found.keys).toEqual(bad);
  expect(found.subjects).toEqual(bad.map((name) => `of ${name}`));
  expect(found.events.map(({ type, key }) => `${type} ${key ?? ""}`).sort()).toEqual(
    ["placed", "shipped"].flatMap((type) => bad.map((name) => `${type} ${name}`)).sort(),
  );
  expect(found.effects.map((row) => row.replaceAll(/[^\w/-]/g, "")).map((row) => /(?:parcels|bills)\/.*bad-\d/.test(row))).toEqual(
    Array.from({ length: 8 }, () => true),
  );
  expect(found.handlers).toEqual(["bill", "ship"]);
  expect(found.actions.map(({ action, by }) => `${by} ${action}`)).toEqual(["local key-create", "ada contain"]);
  expect(JSON.stringify(found.events)).not.toContain('"data"');

  const since = clock.now() - 60_000;
  expect((await queue.inspect.incident({ principal: `key:${thief.key.id}`, since })).keys).toEqual(["bad-3"]);
  expect((await queue.inspect.incident({ since })).keys).toEqual(["bad-3"]);
  expect((await queue.inspect.incident({ event: "bad-1" })).events.map(({ type }) => type)).toEqual(["placed", "shipped"]);
  await queue.publish(noticed, { email: "ada@example.org" }, { id: "noticed" });
  expect((await queue.inspect.incident({ event: "noticed" })).subjects).toEqual(["[redacted]"]);
  await expect(queue.inspect.incident({})).rejects.toMatchObject({ code: "OPERATION_INVALID" });
  await expect(queue.inspect.incident({ event: "nothing" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect((await queue.verify()).problems).toEqual([]);
  await queue.close();
});

test("who published which of the events that came together is told, also after some of them were removed", async () => {
  const clock = virtualClock();
  const queue = await openLocal(app, { file: ":memory:", clock, retention: "1d" });
  await queue.start();
  const publish = (names: readonly string[]) =>
    Promise.all(names.map((name) => queue.publish(placed, { name }, { id: name, principal: `key:${name.slice(0, 1)}` })));
  await publish(["a-0", "a-1", "b-0", "a-2", "b-1", "b-2"]);
  await settle(queue, clock);
  const of = async (principal: string) => (await queue.inspect.incident({ principal })).keys;
  expect(await of("key:a")).toEqual(["a-0", "a-1", "a-2"]);
  expect(await of("key:b")).toEqual(["b-0", "b-1", "b-2"]);
  clock.advance("2d");
  await publish(["b-3", "b-4", "a-3"]);
  await settle(queue, clock);
  await queue.retain();
  expect(await of("key:a")).toEqual(["a-3"]);
  expect(await of("key:b")).toEqual(["b-3", "b-4"]);
  expect((await queue.verify()).problems).toEqual([]);
  await queue.close();
});

test("who published an event is kept when a file of an older format is opened", async () => {
  const file = join(testFolder(), "app.db");
  const db = openDatabase({ file });
  db.exec("DROP TABLE origins; CREATE TABLE origins (seq INTEGER PRIMARY KEY, principal TEXT NOT NULL, sum INTEGER NOT NULL) STRICT");
  db.exec("CREATE INDEX origins_by_principal ON origins (principal, seq)");
  for (const [seq, principal] of [
    [1, "key:b"],
    [2, "key:a"],
    [3, "key:b"],
    [4, "key:b"],
  ] as const)
    db.prepare("INSERT INTO origins VALUES (?, ?, ?)").run(seq, principal, checksum(seq, principal));
  db.pragma("user_version = 3");
  db.close();
  const migrated = openDatabase({ file });
  expect(originStatements(migrated).of("key:b", 0, 10)).toEqual([
    { first: 1, last: 1 },
    { first: 3, last: 4 },
  ]);
  migrated.close();
});
