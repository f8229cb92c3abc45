/** What should not come and does, and what should be there and is not: a code with a way out, never a lost record, never an endless loop. */
import { expect, test } from "vitest";
import { defineApp } from "../../src/core/app.ts";
import { errorCatalogue, PulseQueueError } from "../../src/core/errors.ts";
import { defineHandler } from "../../src/core/handler.ts";
import { handlerEntry } from "../../src/engines/aws/entries/handler.ts";
import type { BatchResponse, SqsRecord } from "../../src/engines/aws/entries/lambda.ts";
import { readDelivery, type DeliveryRecord } from "../../src/engines/aws/items/deliveries.ts";
import { journalKey } from "../../src/engines/aws/items/journal.ts";
import { encodeMessage } from "../../src/engines/aws/message.ts";
import { relayEntry } from "../../src/engines/aws/relay/relay.ts";
import { appOf, awsFailure, changed, count, counted, deploy, eventOf, type Deployed } from "./fixture.ts";

interface Bench extends Deployed {
  /** Seconds until each message comes again. */
  readonly waits: Map<string, number>;
  run(...records: readonly SqsRecord[]): Promise<BatchResponse>;
  records(): readonly DeliveryRecord[];
}

function bench(handler = count): Bench {
  const app = appOf(handler);
  const shop = deploy(app);
  const waits = new Map<string, number>();
  const sqs = {
    send: (command: { readonly input: { readonly Entries: readonly { readonly ReceiptHandle: string; readonly VisibilityTimeout: number }[] } }) => {
      for (const { ReceiptHandle, VisibilityTimeout } of command.input.Entries) waits.set(ReceiptHandle, VisibilityTimeout);
      return Promise.resolve({});
    },
  };
  const entry = handlerEntry(app, handler.name, { ...shop.options, sqs });
  return {
    ...shop,
    waits,
    run: (...records) => shop.settle(entry({ Records: records }, { getRemainingTimeInMillis: () => 60_000 })),
    records: () => shop.items(shop.runtime.deployment.deliveries).map(readDelivery),
  };
}

function raw(body: string, receives = 1): SqsRecord {
  return { messageId: "m-1", receiptHandle: "m-1", body, attributes: { ApproximateReceiveCount: String(receives) } };
}

function messageOf({ runtime }: Deployed, event = eventOf(), receives = 1): SqsRecord {
  const stored = { key: journalKey(runtime.system.hash, event), sequence: runtime.next(), event, dueAt: undefined, principal: undefined };
  return raw(JSON.stringify({ "detail-type": event.type, source: event.source, detail: JSON.parse(encodeMessage(stored)) as unknown }), receives);
}

const givenBack = { batchItemFailures: [{ itemIdentifier: "m-1" }] };
const taken = { batchItemFailures: [] };

test("a message of a newer form waits for a newer deployment without using attempts, and is a dead letter with its bytes where none comes", async () => {
  const shop = bench();
  const body = '{"pulsequeue":2,"of":"a newer version"}';
  for (let receives = 1; receives <= 20; receives += 1) {
    expect(await shop.run(raw(body, receives))).toEqual(givenBack);
    expect(shop.waits.get("m-1")).toBe(30);
  }
  expect(shop.records()).toEqual([]);
  expect(await shop.run(raw(body, 21))).toEqual(taken);
  expect(shop.records()).toMatchObject([{ state: "dead", attempts: 0, raw: body, failure: { code: "ENVELOPE_UNKNOWN" } }]);
});

test("a body that no dead letter here can hold stays with its queue, which keeps it whole in its own", async () => {
  const shop = bench();
  expect(await shop.run(raw(`not ours: ${"x".repeat(360 * 1_024)}`))).toEqual(givenBack);
  expect(shop.waits.get("m-1")).toBe(30);
  expect(shop.records()).toEqual([]);
  expect(shop.facts).toContainEqual(expect.objectContaining({ level: "error", fields: expect.objectContaining({ code: "RECORD_FOREIGN" }) as unknown }));
});

const refusals = [
  ["a missing table", "ResourceNotFoundException", "AWS_RESOURCE_MISSING"],
  ["a denied action", "AccessDeniedException", "AWS_DENIED"],
  ["an expired credential", "ExpiredTokenException", "AWS_CREDENTIALS"],
] as const;

test.each(refusals)("%s: the batch comes back later, with no attempt used, and is done once it is put right", async (_what, name, code) => {
  const shop = bench();
  const event = eventOf();
  shop.fail(() => ({ when: "before", error: awsFailure(name) }));
  for (const receives of [1, 2, 3]) {
    const answer = await shop.run(messageOf(shop, event, receives)).catch((thrown: unknown) => thrown);
    // Where not even what is known of it can be read the whole invocation fails, and the queue keeps the batch.
    if (answer instanceof PulseQueueError) expect([answer.code, answer.fix]).toEqual([code, errorCatalogue[code].fix]);
    else expect([answer, shop.waits.get("m-1")]).toEqual([givenBack, 30]);
  }
  shop.fail(undefined);
  expect(shop.records()).toEqual([]);
  expect(await shop.run(messageOf(shop, event, 4))).toEqual(taken);
  expect(shop.records()).toMatchObject([{ state: "done", attempts: 1 }]);
});

test.each([
  ["bus", "events", "ResourceNotFoundException"],
  ["bus that may not be used", "events", "AccessDeniedException"],
  ["queue", "sqs", "QueueDoesNotExist"],
  ["queue, with an expired credential,", "sqs", "ExpiredToken"],
] as const)("a missing %s: the stream keeps its records, in their order, until it is put right", async (_what, service, name) => {
  const handler = service === "events" ? count : defineHandler("ordered", { on: changed, ordered: true, handle: () => undefined });
  const app = appOf(handler);
  const shop = deploy(app);
  let isMissing = true;
  let sent = 0;
  const send = ({ input }: { readonly input: { readonly Entries: readonly unknown[] } }): Promise<object> => {
    if (isMissing) return Promise.reject(awsFailure(name));
    sent += input.Entries.length;
    return Promise.resolve({
      FailedEntryCount: 0,
      Entries: input.Entries.map(() => ({ EventId: "1" })),
      Successful: input.Entries.map((_, index) => ({ Id: String(index) })),
    });
  };
  const other = { send: () => Promise.reject(new Error("nothing goes here")) };
  const clients = { events: other, sqs: other, scheduler: other, [service]: { send } };
  const relay = relayEntry(app, { ...shop.options, ...clients });
  await shop.settle(shop.runtime.store.append([eventOf({ key: "a" }), eventOf({ key: "b" })]));
  const Records = shop.stream(shop.runtime.deployment.journal) as Parameters<typeof relay>[0]["Records"];
  const [first] = (await shop.settle(relay({ Records }))).batchItemFailures;
  expect(first).toBeDefined();
  expect(sent).toBe(0);
  isMissing = false;
  expect(await shop.settle(relay({ Records }))).toEqual(taken);
  expect(sent).toBe(2);
});

test("a function whose handler the app does not declare does not start", () => {
  const shop = deploy(appOf(count));
  const sqs = { send: () => Promise.reject(new Error("nothing goes here")) };
  const start = (): unknown => handlerEntry(appOf(count), "renamed", { ...shop.options, sqs });
  expect(start).toThrow(expect.objectContaining({ code: "DEPLOYMENT_MISMATCH", message: "App shop declares no handler renamed" }));
});

test("an event that the rule still sends and the handler takes no more is a dead letter, and what it takes goes on", async () => {
  const now = defineHandler("count", { on: counted, handle: () => undefined });
  const app = defineApp("shop", { handlers: [now, defineHandler("other", { on: changed, handle: () => undefined })] });
  const shop = deploy(app);
  const sqs = { send: () => Promise.resolve({}) };
  const entry = handlerEntry(app, "count", { ...shop.options, sqs });
  const wanted = { ...messageOf(shop, eventOf({ type: "counted" })), messageId: "m-2" };
  const answer = await shop.settle(entry({ Records: [messageOf(shop, eventOf()), wanted] }, { getRemainingTimeInMillis: () => 60_000 }));
  expect(answer).toEqual(taken);
  const records = shop.items(shop.runtime.deployment.deliveries).map(readDelivery);
  expect(records.map(({ state, failure }) => [state, failure?.code]).sort()).toEqual([
    ["dead", "EVENT_UNKNOWN"],
    ["done", undefined],
  ]);
});
