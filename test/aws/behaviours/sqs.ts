/** SQS as its developer guide and API reference describe it. */
import assert from "node:assert/strict";
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type Message,
  type SendMessageCommandInput,
} from "@aws-sdk/client-sqs";
import { failure, type Behaviour, type Place } from "./behaviour.ts";

interface Tools {
  readonly url: string;
  send(body: string, more?: Partial<SendMessageCommandInput>): Promise<unknown>;
  receive(limit?: number): Promise<readonly Message[]>;
  remove(message: Message | undefined): Promise<unknown>;
  hide(message: Message | undefined, seconds: number): Promise<unknown>;
}

async function openQueue(place: Place, isFifo: boolean, attributes: Record<string, string> = {}): Promise<Tools> {
  const { sqs } = place;
  const name = place.unique("queue") + (isFifo ? ".fifo" : "");
  const { QueueUrl: url = "" } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: "2", ...(isFifo ? { FifoQueue: "true" } : {}), ...attributes } }),
  );
  return {
    url,
    send: (body, more = {}) => sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, ...more })),
    receive: async (limit = 10) =>
      (await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: limit, MessageSystemAttributeNames: ["All"] }))).Messages ?? [],
    remove: (message) => sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle })),
    hide: (message, seconds) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: seconds })),
  };
}

const bodies = (messages: readonly Message[]): (string | undefined)[] => messages.map(({ Body }) => Body);

function onQueue(name: string, run: (tools: Tools, place: Place) => Promise<void>): Behaviour {
  return { name, run: async (place) => run(await openQueue(place, false), place) };
}

function onFifo(name: string, run: (tools: Tools, place: Place) => Promise<void>, more: Partial<Behaviour> = {}): Behaviour {
  return { name, run: async (place) => run(await openQueue(place, true), place), ...more };
}

const inGroup = (group: string, id: string): Partial<SendMessageCommandInput> => ({ MessageGroupId: group, MessageDeduplicationId: id });

export const queueBehaviours: readonly Behaviour[] = [
  onQueue(
    "a received message is hidden for the visibility timeout, then comes again, counted, until it is deleted",
    async ({ send, receive, remove }, { wait }) => {
      await send("a");
      assert.equal((await receive())[0]?.Attributes?.ApproximateReceiveCount, "1");
      assert.deepEqual(await receive(), []);
      await wait(2_100);
      const [again] = await receive();
      assert.equal(again?.Attributes?.ApproximateReceiveCount, "2");
      await remove(again);
      await wait(2_100);
      assert.deepEqual(await receive(), []);
    },
  ),

  onQueue("visibility 0 gives a message back at once", async ({ send, receive, hide }) => {
    await send("a");
    await hide((await receive())[0], 0);
    assert.deepEqual(bodies(await receive()), ["a"]);
  }),

  onQueue("a message is delayed for its own time", async ({ send, receive }, { wait }) => {
    await send("later", { DelaySeconds: 1 });
    assert.deepEqual(await receive(), []);
    await wait(1_100);
    assert.deepEqual(bodies(await receive()), ["later"]);
  }),

  onQueue("a queue counts what is visible, in flight and delayed", async ({ send, receive, url }, { sqs }) => {
    await send("a");
    await send("b");
    await send("c", { DelaySeconds: 60 });
    await receive(1);
    const { Attributes: counts } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }));
    assert.deepEqual(
      [counts?.ApproximateNumberOfMessages, counts?.ApproximateNumberOfMessagesNotVisible, counts?.ApproximateNumberOfMessagesDelayed],
      ["1", "1", "1"],
    );
  }),

  onQueue("a batch has at most 10 entries, with distinct ids", async ({ url }, { sqs }) => {
    const send = (ids: readonly string[]) => sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: ids.map((Id) => ({ Id, MessageBody: Id })) }));
    assert.equal((await send(["1", "2"])).Successful?.length, 2);
    assert.equal((await failure(send(["1", "1"]))).name, "BatchEntryIdsNotDistinct");
    assert.equal((await failure(send(Array.from({ length: 11 }, (_, index) => String(index))))).name, "TooManyEntriesInBatchRequest");
  }),

  {
    name: "a message that was received too often goes to the dead-letter queue",
    run: async (place) => {
      const dead = await openQueue(place, false);
      const { Attributes: found } = await place.sqs.send(new GetQueueAttributesCommand({ QueueUrl: dead.url, AttributeNames: ["QueueArn"] }));
      const policy = JSON.stringify({ deadLetterTargetArn: found?.QueueArn, maxReceiveCount: 1 });
      const { send, receive, hide } = await openQueue(place, false, { RedrivePolicy: policy });
      await send("poison");
      await hide((await receive())[0], 0);
      assert.deepEqual(await receive(), []);
      assert.deepEqual(bodies(await dead.receive()), ["poison"]);
    },
  },

  onFifo("a group's next message is not received while one is in flight; other groups go on", async ({ send, receive, remove }) => {
    await send("a1", inGroup("a", "1"));
    await send("a2", inGroup("a", "2"));
    await send("b1", inGroup("b", "3"));
    const [first] = await receive(1);
    assert.equal(first?.Body, "a1");
    assert.deepEqual(bodies(await receive()), ["b1"]);
    await remove(first);
    assert.deepEqual(bodies(await receive()), ["a2"]);
  }),

  onFifo("messages of a group come in their order, together", async ({ send, receive }) => {
    for (const id of ["1", "2", "3"]) await send(id, inGroup("a", id));
    assert.deepEqual(bodies(await receive()), ["1", "2", "3"]);
  }),

  onFifo("the same deduplication id again is accepted and not delivered", async ({ send, receive }) => {
    await send("a", inGroup("a", "1"));
    await send("b", inGroup("a", "1"));
    assert.deepEqual(bodies(await receive()), ["a"]);
  }),

  onFifo("a FIFO queue refuses a message without group, and a delay of one message", async ({ send }) => {
    assert.equal((await failure(send("a", { MessageDeduplicationId: "1" }))).name, "MissingParameter");
    assert.equal((await failure(send("a", { ...inGroup("a", "1"), DelaySeconds: 5 }))).name, "InvalidParameterValue");
  }),
];
