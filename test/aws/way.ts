/** The way of an event by the real functions: journal, stream, relay, bus, rule, queue, function, and back into the journal. */
import { expect } from "vitest";
import type { App } from "../../src/core/app.ts";
import { createPublisher } from "../../src/core/publisher.ts";
import { handlerEntry } from "../../src/engines/aws/entries/handler.ts";
import type { SqsRecord } from "../../src/engines/aws/entries/lambda.ts";
import { relayEntry, type StreamRecord } from "../../src/engines/aws/relay/relay.ts";
import { deploy, type Deployed } from "./fixture.ts";

interface Message {
  readonly queue: string;
  readonly body: string;
  readonly group: string | undefined;
}

export interface Way extends Deployed {
  readonly publish: ReturnType<typeof createPublisher>["publishMany"];
  readonly counts: { entries: number; busRequests: number; queueEntries: number; calls: number };
  /** Carries and handles until nothing is on its way, in batches of 10. */
  run(): Promise<void>;
}

export function wayOf(app: App): Way {
  const shop = deploy(app);
  const { topology, deployment, system, store } = shop.runtime;
  const counts = { entries: 0, busRequests: 0, queueEntries: 0, calls: 0 };
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
      counts.queueEntries += input.Entries.length;
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
    counts.calls += 1;
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
