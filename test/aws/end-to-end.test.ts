import { expect, test } from "vitest";
import { defineApp } from "../../src/core/app.ts";
import { defineHandler } from "../../src/core/handler.ts";
import { defineTable } from "../../src/core/table.ts";
import { readDelivery } from "../../src/engines/aws/items/deliveries.ts";
import { shape } from "../../src/testing/contract/fixtures.ts";
import { changed, counted, stock } from "./fixture.ts";
import { wayOf, type Way } from "./way.ts";

const notes = defineTable("notes", { schema: shape({ id: "string", n: "number" }), key: "id" });

const count = defineHandler("count", {
  on: changed,
  writes: [stock],
  emits: [counted],
  async handle({ data }, ctx) {
    const row = await ctx.tables.stock.get(data.sku);
    const n = (row?.n ?? 0) + data.n;
    ctx.tables.stock.put({ sku: data.sku, shelf: "a", n, note: "" });
    ctx.emit(counted, { sku: data.sku, n });
  },
});

const ten = Array.from({ length: 10 }, () => ({ sku: "a", n: 1 }));

async function stockOf(way: Way): Promise<number> {
  const row = await way.settle(way.runtime.store.get("stock", "sa\u0000"));
  return (JSON.parse(row?.body ?? "{}") as { n: number }).n;
}

/** Without the relay's note that this hour has events, which it writes once an hour whatever the number of events. */
function withoutNotes(sent: readonly string[]): readonly string[] {
  const note = sent.indexOf("PutItem");
  return note < 0 ? sent : sent.toSpliced(note, 1);
}

test("ten events on one hot row, and the ten that follow: 0.2 requests to DynamoDB and 1 entry on the bus for each", async () => {
  const seen: number[] = [];
  const note = defineHandler("note", {
    on: counted,
    writes: [notes],
    handle({ id, data }, ctx) {
      seen.push(data.n);
      ctx.tables.notes.put({ id, n: data.n });
    },
  });
  const way = wayOf(defineApp("shop", { handlers: [count, note] }));
  await way.settle(way.publish(changed, ten));
  await way.run();
  expect(seen.sort((left, right) => left - right)).toEqual(ten.map((_event, index) => index + 1));
  const requests = withoutNotes(way.sent);
  // Publishing; the row of the first batch, and its commit with what it emits; the commit of the second batch.
  expect(requests).toEqual(["TransactWriteItems", "GetItem", "TransactWriteItems", "TransactWriteItems"]);
  expect(requests.length / 20).toBeLessThanOrEqual(0.3);
  expect(way.counts).toMatchObject({ entries: 20, busRequests: 2 });
  expect(await stockOf(way)).toBe(10);
  const records = way.items(way.runtime.deployment.deliveries).map(readDelivery);
  expect(records.map(({ state }) => state)).toEqual(Array.from({ length: 20 }, () => "done"));
});

test("ten events of one key for a handler that takes them in order are one batch and one transaction", async () => {
  const seen: number[] = [];
  const inOrder = defineHandler("in-order", {
    on: changed,
    ordered: true,
    writes: [stock],
    async handle({ data }, ctx) {
      const row = await ctx.tables.stock.get(data.sku);
      seen.push(data.n);
      ctx.tables.stock.put({ sku: data.sku, shelf: "a", n: (row?.n ?? 0) + 1, note: "" });
    },
  });
  const way = wayOf(defineApp("shop", { handlers: [inOrder] }));
  await way.settle(
    way.publish(
      changed,
      ten.map((event, index) => ({ ...event, n: index })),
    ),
  );
  await way.run();
  expect(seen).toEqual(ten.map((_event, index) => index));
  expect(withoutNotes(way.sent)).toEqual(["TransactWriteItems", "GetItem", "TransactWriteItems"]);
  expect(way.counts.entries).toBe(0);
  expect(await stockOf(way)).toBe(10);
});
