import { expect, test } from "vitest";
import { defineHandler, type HandlerDefinition } from "../../src/core/handler.ts";
import type { NewEvent } from "../../src/core/envelope.ts";
import { NonRetryableError, RetryAfterError } from "../../src/core/retry-errors.ts";
import { handlerEntry } from "../../src/engines/aws/entries/handler.ts";
import type { BatchResponse, SqsRecord } from "../../src/engines/aws/entries/lambda.ts";
import { readDelivery, type DeliveryRecord } from "../../src/engines/aws/items/deliveries.ts";
import { journalKey } from "../../src/engines/aws/items/journal.ts";
import { encodeMessage } from "../../src/engines/aws/message.ts";
import { appOf, awsFailure, changed, count, counted, deploy, eventOf, stock, type Deployed } from "./fixture.ts";

interface Bench extends Deployed {
  /** Waits that were asked of the queue, in seconds, by message. */
  readonly waits: Map<string, number>;
  run(records: readonly SqsRecord[], remaining?: () => number): Promise<BatchResponse>;
  /** Runs as far as it goes without any time passing. */
  start(records: readonly SqsRecord[], remaining: number): Promise<void>;
  record(id: string): DeliveryRecord | undefined;
}

function bench(handler: HandlerDefinition): Bench {
  const shop = deploy(appOf(handler));
  const waits = new Map<string, number>();
  const sqs = {
    send: (command: { readonly input: { readonly Entries: readonly { readonly ReceiptHandle: string; readonly VisibilityTimeout: number }[] } }) => {
      for (const { ReceiptHandle, VisibilityTimeout } of command.input.Entries) waits.set(ReceiptHandle, VisibilityTimeout);
      return Promise.resolve({});
    },
  };
  const entry = handlerEntry(appOf(handler), handler.name, { ...shop.options, sqs });
  return {
    ...shop,
    waits,
    run: (records, remaining = () => 60_000) => shop.settle(entry({ Records: records }, { getRemainingTimeInMillis: remaining })),
    async start(records, remaining) {
      void entry({ Records: records }, { getRemainingTimeInMillis: () => remaining });
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    },
    record: (id) =>
      shop
        .items(shop.runtime.deployment.deliveries)
        .map(readDelivery)
        .find((record) => record.event?.id === id),
  };
}

function message({ runtime }: Deployed, event: NewEvent, given: { readonly count?: number; readonly group?: string; readonly body?: string } = {}): SqsRecord {
  const stored = { key: journalKey(runtime.system.hash, event), sequence: runtime.next(), event, dueAt: undefined, principal: undefined };
  const detail = encodeMessage(stored);
  const body = given.body ?? JSON.stringify({ version: "0", "detail-type": event.type, source: event.source, detail: JSON.parse(detail) as unknown });
  const attributes = { ApproximateReceiveCount: String(given.count ?? 1), ...(given.group === undefined ? {} : { MessageGroupId: given.group }) };
  return { messageId: event.id, receiptHandle: event.id, body, attributes };
}

const failed = ({ batchItemFailures }: BatchResponse): readonly string[] => batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

const blind = defineHandler("blind", {
  on: changed,
  writes: [stock],
  handle: ({ id }, ctx) => ctx.tables.stock.put({ sku: id, shelf: "a", n: 1, note: "" }),
});

test("a batch of first attempts costs one request; one hot row costs one more", async () => {
  const shop = bench(blind);
  const batch = Array.from({ length: 10 }, () => message(shop, eventOf()));
  expect(failed(await shop.run(batch))).toEqual([]);
  expect(shop.sent).toEqual(["TransactWriteItems"]);
  const hot = bench(count);
  await hot.run(Array.from({ length: 10 }, () => message(hot, eventOf())));
  expect(hot.sent).toEqual(["GetItem", "TransactWriteItems"]);
  const row = await hot.settle(hot.runtime.store.get("stock", "sa\u0000"));
  expect(JSON.parse(row?.body ?? "{}")).toMatchObject({ n: 10 });
});

test("a failed delivery comes again when its retry is due, the others of its batch are done", async () => {
  const flaky = defineHandler("flaky", {
    on: changed,
    handle({ data }, ctx) {
      if (data.n === 2 && ctx.attempt === 1) throw new RetryAfterError("90s", "not yet");
    },
  });
  const shop = bench(flaky);
  const [one, two] = [eventOf(), eventOf({ data: '{"sku":"a","n":2}' })];
  expect(failed(await shop.run([message(shop, one), message(shop, two)]))).toEqual([two.id]);
  expect(shop.waits).toEqual(new Map([[two.id, 90]]));
  expect(shop.record(two.id)).toMatchObject({ state: "retrying", attempts: 1, failure: { code: "RETRY_AFTER" } });
  expect(failed(await shop.run([message(shop, two, { count: 2 })]))).toEqual([two.id]);
  shop.clock.advance("90s");
  expect(failed(await shop.run([message(shop, two, { count: 3 })]))).toEqual([]);
  expect(shop.record(two.id)).toMatchObject({ state: "done", attempts: 2 });
});

test("a message of what is done is removed; one that comes while its delivery waits elsewhere is not", async () => {
  const shop = bench(count);
  const event = eventOf();
  await shop.run([message(shop, event)]);
  expect(failed(await shop.run([message(shop, event)]))).toEqual([event.id]);
  expect(failed(await shop.run([message(shop, event, { count: 2 })]))).toEqual([]);
  expect(JSON.parse((await shop.settle(shop.runtime.store.get("stock", "sa\u0000")))?.body ?? "{}")).toMatchObject({ n: 1 });
});

test("two messages of one delivery in a batch run once", async () => {
  const shop = bench(count);
  const event = eventOf();
  const [first, second] = [message(shop, event), { ...message(shop, event), messageId: "again", receiptHandle: "again" }];
  expect(failed(await shop.run([first, second]))).toEqual([]);
  expect(JSON.parse((await shop.settle(shop.runtime.store.get("stock", "sa\u0000")))?.body ?? "{}")).toMatchObject({ n: 1 });
});

test.each([
  ["that is not JSON", "not JSON", "RECORD_FOREIGN"],
  ["of somebody else", '{"detail-type":"changed","detail":{"hello":1}}', "RECORD_FOREIGN"],
  ["without a whole event", '{"pulsequeue":1,"sequence":1,"event":{"id":"x"}}', "RECORD_FOREIGN"],
  ["that names an event which is not there", '{"pulsequeue":1,"ref":"e#shop#none","type":"changed","sequence":1}', "NOT_FOUND"],
])("a message %s becomes a dead letter with its bytes", async (_what, body, code) => {
  const shop = bench(count);
  expect(failed(await shop.run([message(shop, eventOf(), { body }), message(shop, eventOf())]))).toEqual([]);
  const records = shop.items(shop.runtime.deployment.deliveries).map(readDelivery);
  expect(records.find(({ raw }) => raw === body)).toMatchObject({ state: "dead", handler: "count", failure: { code } });
  expect(records.filter(({ state }) => state === "done")).toHaveLength(1);
});

test("an event that was too large for a message is read from the journal", async () => {
  const seen: string[] = [];
  const shop = bench(defineHandler("reader", { on: changed, handle: ({ data }) => void seen.push(data.sku) }));
  const event = eventOf({ data: JSON.stringify({ sku: "x".repeat(250_000), n: 1 }) });
  await shop.settle(shop.runtime.store.append([event]));
  const record = message(shop, event);
  expect(record.body.length).toBeLessThan(1_000);
  expect(failed(await shop.run([record]))).toEqual([]);
  expect(seen[0]).toHaveLength(250_000);
});

test("what is not started in time is given back at once", async () => {
  const shop = bench(
    defineHandler("slow", {
      on: changed,
      timeout: "10s",
      async handle() {
        await new Promise<void>((resolve) => shop.clock.timer(20, resolve));
      },
    }),
  );
  const events = Array.from({ length: 4 }, () => eventOf());
  const left = [15_000, 14_999];
  const answer = await shop.run(
    events.map((event) => message(shop, event)),
    () => left.shift() ?? 0,
  );
  expect(failed(answer)).toEqual(events.slice(2).map(({ id }) => id));
  expect([...shop.waits.values()]).toEqual([0, 0]);
});

test("while one takes long, those that came with it are given back for other functions", async () => {
  let open: () => void = () => undefined;
  const door = new Promise<void>((resolve) => (open = resolve));
  const shop = bench(defineHandler("slow", { on: changed, handle: ({ data }) => (data.n === 1 ? door : undefined) }));
  const events = [1, 2, 3].map((n) => eventOf({ data: JSON.stringify({ sku: "a", n }) }));
  const [first, ...others] = events.map(({ id }) => id);
  const running = shop.run(events.map((event) => message(shop, event)));
  while (shop.waits.size === 0) await new Promise((resolve) => setImmediate(resolve));
  expect([...shop.waits.keys()]).toEqual(others);
  open();
  expect(failed(await running)).toEqual(others);
  expect(shop.record(first ?? "")).toMatchObject({ state: "done" });
});

test("a handler that kills its process has its delivery claimed, and ends as a dead letter", async () => {
  let kills = true;
  const shop = bench(
    defineHandler("poison", {
      on: changed,
      retry: { attempts: 2, min: "1s", max: "1s" },
      handle: ({ data }) => (data.n === 13 && kills ? new Promise<void>(() => undefined) : undefined),
      timeout: "15m",
    }),
  );
  const [poison, other] = [eventOf({ data: '{"sku":"a","n":13}' }), eventOf()];
  /** The process is killed while it runs: nothing of it is heard again. */
  const killed = (count: number): Promise<void> => shop.start([message(shop, poison, { count })], 30_000);
  await killed(1);
  expect(shop.record(poison.id)).toBeUndefined();
  await killed(2);
  expect(shop.record(poison.id)).toMatchObject({ state: "running", attempts: 1 });
  expect(failed(await shop.run([message(shop, poison, { count: 3 }), message(shop, other)]))).toEqual([poison.id]);
  shop.clock.advance("31s");
  await shop.run([message(shop, poison, { count: 4 })]);
  expect(shop.record(poison.id)).toMatchObject({ state: "retrying", failure: { code: "HANDLER_CRASHED" } });
  shop.clock.advance("2s");
  await killed(5);
  shop.clock.advance("31s");
  kills = false;
  expect(failed(await shop.run([message(shop, poison, { count: 6 })]))).toEqual([]);
  expect(shop.record(poison.id)).toMatchObject({ state: "dead", attempts: 2, failure: { code: "HANDLER_CRASHED" } });
});

test("a store that refuses uses up no attempt", async () => {
  const shop = bench(count);
  const event = eventOf();
  shop.fail((command) => (command === "TransactWriteItems" ? { when: "before", error: awsFailure("ThrottlingException") } : undefined));
  expect(failed(await shop.run([message(shop, event, { count: 3 })]))).toEqual([event.id]);
  shop.fail((command, input) =>
    command === "TransactWriteItems" && JSON.stringify(input).includes('"stock') ? { when: "before", error: awsFailure("ThrottlingException") } : undefined,
  );
  expect(failed(await shop.run([message(shop, event, { count: 4 })]))).toEqual([event.id]);
  expect(shop.record(event.id)).toMatchObject({ state: "ready", attempts: 0 });
  shop.fail(undefined);
  expect(failed(await shop.run([message(shop, event, { count: 5 })]))).toEqual([]);
  expect(shop.record(event.id)).toMatchObject({ state: "done", attempts: 1 });
});

test("what is too large together commits alone, what is too large alone is a dead letter", async () => {
  const wide = defineHandler("wide", {
    on: changed,
    writes: [stock],
    handle({ id, data }, ctx) {
      for (let index = 0; index < 40; index += 1) ctx.tables.stock.put({ sku: `${id}/${String(index)}`, shelf: "a", n: index, note: "x".repeat(data.n) });
    },
  });
  const shop = bench(wide);
  const [small, medium, large] = [10, 80_000, 120_000].map((n) => eventOf({ data: JSON.stringify({ sku: "a", n }) }));
  const events = [small, medium, large].filter((event) => event !== undefined);
  const noIndex = events.map((event) => message(shop, event));
  expect(failed(await shop.run(noIndex))).toEqual([]);
  expect(shop.record(small?.id ?? "")).toMatchObject({ state: "done" });
  expect(shop.record(medium?.id ?? "")).toMatchObject({ state: "done" });
  expect(shop.record(large?.id ?? "")).toMatchObject({ state: "dead", failure: { code: "COMMIT_TOO_LARGE" } });
});

test("a zombie that finishes late finds its delivery changed and writes nothing", async () => {
  const doors: (() => void)[] = [];
  const handler = defineHandler("count", {
    on: changed,
    writes: [stock],
    timeout: "15m",
    async handle(_event, ctx) {
      const row = await ctx.tables.stock.get("a");
      if (doors.length === 0) await new Promise<void>((resolve) => doors.push(resolve));
      ctx.tables.stock.put({ sku: "a", shelf: "a", n: (row?.n ?? 0) + 1, note: "" });
    },
  });
  const shop = bench(handler);
  const event = eventOf();
  const zombie = shop.run([message(shop, event)]);
  while (doors.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(failed(await shop.run([message(shop, event, { count: 2 })]))).toEqual([]);
  doors[0]?.();
  expect(failed(await zombie)).toEqual([event.id]);
  expect(JSON.parse((await shop.settle(shop.runtime.store.get("stock", "sa\u0000")))?.body ?? "{}")).toMatchObject({ n: 1 });
});

test("a group of a FIFO queue is one transaction, and stops after its first failure", async () => {
  const seen: number[] = [];
  const ordered = defineHandler("ordered", {
    on: [changed, counted],
    ordered: true,
    writes: [stock],
    async handle({ data }, ctx) {
      if (data.n === 3 && ctx.attempt === 1) throw new Error("not now");
      if (data.n === 4 && data.sku === "b") throw new NonRetryableError("never");
      const row = await ctx.tables.stock.get(data.sku);
      ctx.tables.stock.put({ sku: data.sku, shelf: "a", n: (row?.n ?? 0) + 1, note: "" });
      seen.push(data.n);
    },
  });
  const shop = bench(ordered);
  const of = (sku: string, n: number): SqsRecord => message(shop, eventOf({ key: sku, data: JSON.stringify({ sku, n }) }), { group: sku });
  const hot = [1, 2].map((n) => of("a", n));
  expect(failed(await shop.run(hot))).toEqual([]);
  expect(shop.sent).toEqual(["GetItem", "TransactWriteItems"]);
  seen.length = 0;
  const batch = [of("a", 2), of("b", 4), of("a", 3), of("a", 5), of("b", 6), of("a", 7)];
  const [, , third, fifth, , seventh] = batch.map(({ messageId }) => messageId);
  expect(failed(await shop.run(batch))).toEqual([third, fifth, seventh]);
  expect(seen).toEqual([2, 6]);
  expect(shop.waits.get(fifth ?? "")).toBe(0);
  expect(shop.waits.get(third ?? "")).toBeGreaterThan(0);
});

test("the later ones of a group do not run where the first was taken over", async () => {
  const seen: number[] = [];
  const ordered = defineHandler("ordered", { on: changed, ordered: true, handle: ({ data }) => void seen.push(data.n) });
  const shop = bench(ordered);
  const of = (n: number, count: number): SqsRecord =>
    message(shop, eventOf({ id: `turn-${String(n)}`, data: JSON.stringify({ sku: "a", n }) }), { group: "a", count });
  await shop.run([of(1, 1)]);
  const answer = await shop.run([of(1, 1), of(2, 1), of(3, 1)]);
  expect(failed(answer)).toEqual(["turn-1", "turn-2", "turn-3"]);
  expect(shop.record("turn-2")).toBeUndefined();
  expect(failed(await shop.run([of(1, 2), of(2, 2), of(3, 2)]))).toEqual([]);
});
