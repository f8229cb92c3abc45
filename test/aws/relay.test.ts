import { expect, test } from "vitest";
import { defineHandler, type HandlerDefinition } from "../../src/core/handler.ts";
import type { BatchResponse, SqsRecord } from "../../src/engines/aws/entries/lambda.ts";
import { deliveryItem, deliveryKey, type DeliveryRecord } from "../../src/engines/aws/items/deliveries.ts";
import { journalKey } from "../../src/engines/aws/items/journal.ts";
import { decodeMessage } from "../../src/engines/aws/message.ts";
import { relayEntry, type StreamRecord } from "../../src/engines/aws/relay/relay.ts";
import { appOf, awsFailure, changed, count, deploy, eventOf, type Deployed } from "./fixture.ts";

interface Entry {
  readonly Detail?: string;
  readonly MessageBody?: string;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly DelaySeconds?: number;
}
interface Sent extends Entry {
  readonly to: string;
}

interface Bench extends Deployed {
  readonly delivered: Sent[];
  readonly schedules: { readonly Name: string; readonly ScheduleExpression: string; readonly Target: { readonly Input: string } }[];
  /** Requests to the bus and to queues. */
  readonly requests: string[];
  relay(records: readonly object[]): Promise<BatchResponse>;
  /** Answers which entries of a request fail. */
  refuse(fails: (entries: readonly Entry[]) => readonly boolean[]): void;
}

const ordered = defineHandler("ordered", { on: changed, ordered: true, handle: () => undefined });

function bench(...handlers: readonly HandlerDefinition[]): Bench {
  const app = appOf(...handlers);
  const shop = deploy(app);
  const delivered: Sent[] = [];
  const requests: string[] = [];
  const schedules: Bench["schedules"] = [];
  let fails: (entries: readonly Entry[]) => readonly boolean[] = (entries) => entries.map(() => false);
  const keep = (to: string, entries: readonly Entry[]): readonly boolean[] => {
    requests.push(to);
    const failing = fails(entries);
    for (const [index, entry] of entries.entries()) if (failing[index] !== true) delivered.push({ to, ...entry });
    return failing;
  };
  const events = {
    send({ input }: { readonly input: { readonly Entries: readonly Entry[] } }) {
      const failing = keep("bus", input.Entries);
      return Promise.resolve({
        FailedEntryCount: failing.filter(Boolean).length,
        Entries: failing.map((isFailed) => (isFailed ? { ErrorCode: "InternalFailure" } : { EventId: "1" })),
      });
    },
  };
  const sqs = {
    send({ input }: { readonly input: { readonly QueueUrl: string; readonly Entries: readonly Entry[] } }) {
      const failing = keep(input.QueueUrl.split("/").at(-1) ?? "", input.Entries);
      const ids = failing.map((isFailed, index) => ({ isFailed, Id: String(index) }));
      return Promise.resolve({ Successful: ids.filter(({ isFailed }) => !isFailed), Failed: ids.filter(({ isFailed }) => isFailed) });
    },
  };
  const scheduler = {
    send({ input }: { readonly input: Bench["schedules"][number] }) {
      if (schedules.some(({ Name }) => Name === input.Name)) return Promise.reject(awsFailure("ConflictException"));
      schedules.push(input);
      return Promise.resolve({});
    },
  };
  const entry = relayEntry(app, {
    ...shop.options,
    events,
    sqs,
    scheduler,
  });
  return {
    ...shop,
    delivered,
    requests,
    schedules,
    relay: (records) => shop.settle(entry({ Records: records })),
    refuse: (next) => {
      fails = next;
    },
  };
}

/** Publishes, and gives the relay what the journal's stream has of it. */
async function publish(shop: Bench, ...events: readonly Parameters<typeof eventOf>[0][]): Promise<BatchResponse> {
  const { store, deployment } = shop.runtime;
  await shop.settle(store.append(events.map(eventOf)));
  return shop.relay(shop.stream(deployment.journal));
}

const delayMessage = (body: string | undefined): SqsRecord => ({
  messageId: "delayed",
  receiptHandle: "delayed",
  body: body ?? "",
  attributes: { ApproximateReceiveCount: "1" },
});

const idOf = ({ runtime }: Deployed, body: string | undefined): string | undefined => {
  const message = decodeMessage(runtime.system.hash, body ?? "");
  return message.kind === "event" ? message.event.id : undefined;
};

test("an event is one entry on the bus, whatever number of handlers take it, in requests of 10", async () => {
  const other = defineHandler("other", { on: changed, handle: () => undefined });
  const shop = bench(count, other);
  expect(await publish(shop, ...Array.from({ length: 25 }, () => ({})))).toEqual({ batchItemFailures: [] });
  expect(shop.delivered).toHaveLength(25);
  expect(shop.requests).toEqual(["bus", "bus", "bus"]);
});

test("an event that nobody takes goes nowhere", async () => {
  const shop = bench(count);
  await publish(shop, { type: "counted", source: "shop/count" });
  expect(shop.requests).toEqual([]);
});

test("an entry that fails in a request which succeeds is sent again", async () => {
  const shop = bench(count);
  let calls = 0;
  shop.refuse((entries) => {
    calls += 1;
    return entries.map((_entry, index) => calls === 1 && index === 1);
  });
  expect(await publish(shop, { id: "1" }, { id: "2" }, { id: "3" })).toEqual({ batchItemFailures: [] });
  expect(shop.delivered).toHaveLength(3);
  expect(new Set(shop.delivered.map(({ Detail }) => idOf(shop, Detail)))).toEqual(new Set(["1", "2", "3"]));
});

test("an entry that fails again and again gives its record back, and those after it", async () => {
  const shop = bench(count);
  shop.refuse((entries) => entries.map(({ Detail }) => idOf(shop, Detail) !== "1"));
  const answer = await publish(shop, { id: "1" }, { id: "2" }, { id: "3" });
  expect(shop.delivered).toHaveLength(1);
  expect(answer.batchItemFailures).toHaveLength(1);
  const sequences = (shop.stream(shop.runtime.deployment.journal) as StreamRecord[]).map(({ dynamodb }) => dynamodb?.SequenceNumber);
  expect(sequences).toContain(answer.batchItemFailures[0]?.itemIdentifier);
});

test("events of a key reach those who take them in order by the key's head, in the order of their commits", async () => {
  const shop = bench(ordered);
  for (const id of ["1", "2", "3"]) await shop.settle(shop.runtime.store.append([eventOf({ id }), eventOf({ id: `b${id}`, key: "b" })]));
  await shop.relay(shop.stream(shop.runtime.deployment.journal));
  const ofKey = (prefix: string): readonly (string | undefined)[] =>
    shop.delivered.map(({ MessageBody }) => idOf(shop, MessageBody)).filter((id) => id?.startsWith("b") === (prefix === "b"));
  expect(ofKey("a")).toEqual(["1", "2", "3"]);
  expect(ofKey("b")).toEqual(["b1", "b2", "b3"]);
  expect(new Set(shop.delivered.map(({ MessageGroupId }) => MessageGroupId)).size).toBe(2);
  expect(shop.requests.every((to) => to === "shop-dev-ordered.fifo")).toBe(true);
});

test("once a message of a key cannot be sent, no later one of that key is; other keys go on", async () => {
  const shop = bench(ordered);
  for (const id of ["1", "2", "3"]) await shop.settle(shop.runtime.store.append([eventOf({ id }), eventOf({ id: `b${id}`, key: "b" })]));
  shop.refuse((entries) => entries.map(({ MessageBody }) => idOf(shop, MessageBody) === "2"));
  const answer = await shop.relay(shop.stream(shop.runtime.deployment.journal));
  expect(answer.batchItemFailures).toHaveLength(1);
  expect(shop.delivered.map(({ MessageBody }) => idOf(shop, MessageBody)).sort()).toEqual(["1", "b1", "b2", "b3"]);
});

test("an event without a key goes to them by itself, in a group of its own", async () => {
  const shop = bench(ordered);
  await publish(shop, { key: undefined }, { key: undefined });
  expect(new Set(shop.delivered.map(({ MessageGroupId }) => MessageGroupId)).size).toBe(2);
});

test.each([
  ["that its source does not declare", { type: "changed", source: "shop/count" }, "ACCESS_UNDECLARED"],
  ["of a source in this app that is not declared", { source: "shop/nobody" }, "ACCESS_UNDECLARED"],
  ["that is not known here", { type: "renamed" }, "DEPLOYMENT_MISMATCH"],
])("an event %s is not carried, and raises the alarm", async (_what, event, code) => {
  const shop = bench(count);
  expect(await publish(shop, event)).toEqual({ batchItemFailures: [] });
  expect(shop.requests).toEqual(["shop-dev-pq-relay-failures"]);
  expect(JSON.parse(shop.delivered[0]?.MessageBody ?? "{}")).toMatchObject({ code });
  expect(shop.facts.some((fact) => fact.type === "log" && fact.level === "error")).toBe(true);
});

test("an event that is altered in the journal is not carried", async () => {
  const shop = bench(count);
  await shop.settle(shop.runtime.store.append([eventOf()]));
  const records = structuredClone(shop.stream(shop.runtime.deployment.journal)) as StreamRecord[];
  Object.assign(records[0]?.dynamodb?.NewImage?.["b"] ?? {}, { S: '{"sku":"a","n":9}' });
  await shop.relay(records);
  expect(JSON.parse(shop.delivered[0]?.MessageBody ?? "{}")).toMatchObject({ code: "STORE_CORRUPT" });
});

test("an event that is too large for an entry is sent by its key", async () => {
  const shop = bench(count);
  const data = JSON.stringify({ sku: "x".repeat(250_000), n: 1 });
  await publish(shop, { data });
  expect(shop.delivered[0]?.Detail?.length).toBeLessThan(1_000);
  expect(decodeMessage(shop.runtime.system.hash, shop.delivered[0]?.Detail ?? "")).toMatchObject({ kind: "reference" });
});

test("an event for later waits in the delay queue, and longer than it can by a schedule", async () => {
  const shop = bench(count, ordered);
  const now = shop.clock.now();
  await publish(shop, { id: "soon", dueAt: now + 60_500 });
  expect(shop.delivered).toMatchObject([{ to: "shop-dev-pq-delay", DelaySeconds: 61 }]);
  const soon = delayMessage(shop.delivered.pop()?.MessageBody);
  expect(await shop.relay([soon])).toEqual({ batchItemFailures: [] });
  expect(shop.delivered).toMatchObject([{ to: "shop-dev-pq-delay" }]);
  shop.delivered.length = 0;
  shop.clock.advance("61s");
  await shop.relay([soon]);
  expect(shop.delivered.map(({ to }) => to).sort()).toEqual(["bus", "shop-dev-ordered.fifo"]);

  await shop.settle(shop.runtime.store.append([eventOf({ id: "late", dueAt: now + 24 * 60 * 60_000 })]));
  const late = (shop.stream(shop.runtime.deployment.journal) as StreamRecord[]).filter(({ dynamodb }) => dynamodb?.NewImage?.["i"]?.S === "late");
  await shop.relay(late);
  await shop.relay(late);
  expect(shop.schedules).toHaveLength(1);
  expect(shop.schedules[0]).toMatchObject({ ScheduleExpression: "at(2026-01-01T23:55:00)" });
  shop.delivered.length = 0;
  shop.clock.advance(1_438 * 60_000);
  await shop.relay([delayMessage(shop.schedules[0]?.Target.Input)]);
  expect(shop.delivered).toMatchObject([{ to: "shop-dev-pq-delay", DelaySeconds: 59 }]);
});

test("a delivery that an operator sends is a message to its handler alone, once for each sending", async () => {
  const shop = bench(count, ordered);
  const { system, deployment, next, store } = shop.runtime;
  const event = eventOf();
  await shop.settle(store.append([event]));
  const key = journalKey(system.hash, event);
  const record: DeliveryRecord = {
    handler: "ordered",
    run: 0,
    state: "ready",
    attempts: 0,
    redrives: 1,
    version: next(),
    event: { journalKey: key, id: event.id, type: event.type, key: event.key, tenant: undefined, sequence: 1 },
    send: 1,
  };
  const streamed = (changes: Partial<DeliveryRecord>): object => ({
    eventName: "MODIFY",
    dynamodb: { SequenceNumber: "1", NewImage: deliveryItem(deliveryKey("ordered", key, 0), { ...record, ...changes }) },
  });
  await shop.relay([streamed({}), streamed({ send: 2 }), streamed({ send: undefined }), streamed({ raw: "bytes", event: undefined })]);
  expect(shop.delivered.map(({ to }) => to)).toEqual(Array.from({ length: 3 }, () => deployment.handlers.get("ordered")?.queue));
  expect(new Set(shop.delivered.map(({ MessageDeduplicationId }) => MessageDeduplicationId)).size).toBe(3);
  expect(decodeMessage(system.hash, shop.delivered.find(({ MessageBody }) => MessageBody !== "bytes")?.MessageBody ?? "")).toMatchObject({
    recorded: true,
    run: 0,
  });
  expect(shop.delivered.some(({ MessageBody }) => MessageBody === "bytes")).toBe(true);
});

test("an event that is named and is not in the journal raises the alarm", async () => {
  const shop = bench(count);
  await shop.relay([delayMessage(JSON.stringify({ key: "e#shop#none", dueAt: 1 })), { ...delayMessage("?"), messageId: "foreign" }]);
  expect(shop.delivered.map(({ MessageBody }) => (JSON.parse(MessageBody ?? "{}") as { code: string }).code).sort()).toEqual(["NOT_FOUND", "RECORD_FOREIGN"]);
});
