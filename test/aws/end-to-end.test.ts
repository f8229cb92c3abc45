import { expect, test } from "vitest";
import { defineApp, type App } from "../../src/core/app.ts";
import { defineHandler } from "../../src/core/handler.ts";
import { createPublisher } from "../../src/core/publisher.ts";
import { defineTable } from "../../src/core/table.ts";
import { handlerEntry } from "../../src/engines/aws/entries/handler.ts";
import type { SqsRecord } from "../../src/engines/aws/entries/lambda.ts";
import { readDelivery } from "../../src/engines/aws/items/deliveries.ts";
import { relayEntry, type StreamRecord } from "../../src/engines/aws/relay/relay.ts";
import { shape } from "../../src/testing/contract/fixtures.ts";
import { changed, counted, deploy, stock, type Deployed } from "./fixture.ts";

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

interface Message {
  readonly queue: string;
  readonly body: string;
  readonly group: string | undefined;
}

interface Way extends Deployed {
  readonly publish: ReturnType<typeof createPublisher>["publishMany"];
  readonly counts: { entries: number; busRequests: number };
  /** Carries and handles until nothing is on its way, in batches of 10. */
  run(): Promise<void>;
}

/** The way of an event: journal, stream, relay, bus, rule, queue, function, and back into the journal. */
function wayOf(app: App): Way {
  const shop = deploy(app);
  const { topology, deployment, system, store } = shop.runtime;
  const counts = { entries: 0, busRequests: 0 };
  let queued: Message[] = [];
  const events = {
    send({ input }: { readonly input: { readonly Entries: readonly { readonly Source: string; readonly DetailType: string; readonly Detail: string }[] } }) {
      counts.busRequests += 1;
      counts.entries += input.Entries.length;
      for (const { Source, DetailType, Detail } of input.Entries) {
        const body = JSON.stringify({ version: "0", "detail-type": DetailType, source: Source, detail: JSON.parse(Detail) as unknown });
        // The rule of each handler that takes events in any order.
        for (const handler of topology.subscribers.get(DetailType) ?? [])
          if (!handler.ordered) queued.push({ queue: deployment.handlers.get(handler.name)?.queue ?? "", body, group: undefined });
      }
      return Promise.resolve({ FailedEntryCount: 0, Entries: input.Entries.map(() => ({ EventId: "1" })) });
    },
  };
  const sqs = {
    send({
      input,
    }: {
      readonly input: {
        readonly QueueUrl: string;
        readonly Entries: readonly { readonly Id: string; readonly MessageBody: string; readonly MessageGroupId?: string }[];
      };
    }) {
      const queue = input.QueueUrl.split("/").at(-1) ?? "";
      queued.push(...input.Entries.map(({ MessageBody, MessageGroupId }) => ({ queue, body: MessageBody, group: MessageGroupId })));
      return Promise.resolve({ Successful: input.Entries.map(({ Id }) => ({ Id })) });
    },
  };
  const scheduler = { send: () => Promise.reject(new Error("nothing is for later here")) };
  const relay = relayEntry(app, { ...shop.options, events, sqs, scheduler });
  const functions = new Map(
    [...topology.handlers.keys()].map((name) => [deployment.handlers.get(name)?.queue ?? "", handlerEntry(app, name, { ...shop.options, sqs })]),
  );
  const carried = new Set<object>();
  let messages = 0;
  const handle = async (queue: string, batch: readonly Message[]): Promise<void> => {
    const records = batch.map(({ body, group }): SqsRecord => {
      messages += 1;
      const attributes = { ApproximateReceiveCount: "1", ...(group === undefined ? {} : { MessageGroupId: group }) };
      return { messageId: String(messages), receiptHandle: String(messages), body, attributes };
    });
    const answer = await functions.get(queue)?.({ Records: records }, { getRemainingTimeInMillis: () => 60_000 });
    expect(answer).toEqual({ batchItemFailures: [] });
  };
  return {
    ...shop,
    counts,
    publish: createPublisher({ system, topology, store, admit: () => undefined }).publishMany,
    async run() {
      for (let isMoving = true; isMoving;) {
        const records = shop.stream(deployment.journal).filter((record) => !carried.has(record)) as readonly StreamRecord[];
        for (const record of records) carried.add(record);
        if (records.length > 0) expect(await shop.settle(relay({ Records: records }))).toEqual({ batchItemFailures: [] });
        const now = queued;
        queued = [];
        for (const queue of new Set(now.map((message) => message.queue))) {
          const own = now.filter((message) => message.queue === queue);
          for (let start = 0; start < own.length; start += 10) await shop.settle(handle(queue, own.slice(start, start + 10)));
        }
        isMoving = records.length > 0 || now.length > 0;
      }
    },
  };
}

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
  expect(way.counts).toEqual({ entries: 20, busRequests: 2 });
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
