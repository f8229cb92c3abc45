/** SQS in this process: queues, and the service that answers a client. */
import type {
  ChangeMessageVisibilityBatchCommandInput,
  ChangeMessageVisibilityBatchCommandOutput,
  ChangeMessageVisibilityCommandInput,
  ChangeMessageVisibilityCommandOutput,
  CreateQueueCommandInput,
  CreateQueueCommandOutput,
  DeleteMessageBatchCommandInput,
  DeleteMessageBatchCommandOutput,
  DeleteMessageCommandInput,
  DeleteMessageCommandOutput,
  GetQueueAttributesCommandInput,
  GetQueueAttributesCommandOutput,
  GetQueueUrlCommandInput,
  GetQueueUrlCommandOutput,
  ReceiveMessageCommandInput,
  ReceiveMessageCommandOutput,
  SendMessageBatchCommandInput,
  SendMessageBatchCommandOutput,
  SendMessageBatchRequestEntry,
  SendMessageCommandInput,
  SendMessageCommandOutput,
} from "@aws-sdk/client-sqs";
import type { VirtualClock } from "../../clock.ts";
import { AwsError } from "../service/errors.ts";
import { operation, type Note, type Operation, type Service } from "../service/service.ts";
import { checkBatch, checkSend, invalid, missingQueue, mostSeconds, specOf } from "./check.ts";
import { createQueue, type Message, type Queue, type QueueFaults, type QueueSpec } from "./queue.ts";

export interface Sqs {
  readonly service: Service;
  /** By name. */
  readonly queues: ReadonlyMap<string, Queue>;
  create(spec: QueueSpec): Queue;
  byArn(arn: string): Queue | undefined;
}

export interface SqsHost {
  readonly clock: VirtualClock;
  readonly faults: QueueFaults;
  readonly region: string;
  readonly account: string;
  readonly hash: (text: string) => string;
}

interface FailedEntry {
  readonly Id: string;
  readonly Code: string;
  readonly Message: string;
  readonly SenderFault: boolean;
}

export function createSqs({ clock, faults, region, account, hash }: SqsHost): Sqs {
  const queues = new Map<string, Queue>();
  let count = 0;
  const queueByArn = (arn: string): Queue | undefined => [...queues.values()].find((queue) => queue.arn === arn);
  const newId = (): string => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, "0")}`;
  const create = (spec: QueueSpec): Queue => {
    const arn = `arn:aws:sqs:${region}:${account}:${spec.name}`;
    const queue = createQueue(spec, arn, `https://sqs.${region}.amazonaws.com/${account}/${spec.name}`, { clock, faults, newId, queueByArn });
    queues.set(spec.name, queue);
    return queue;
  };
  const open = (url: string | undefined, action: string, note: Note): Queue => {
    const queue = [...queues.values()].find((known) => known.url === url);
    if (queue === undefined) throw missingQueue();
    note.access(`sqs:${action}`, queue.arn);
    return queue;
  };
  const send = (queue: Queue, entry: Omit<SendMessageBatchRequestEntry, "Id">, note: Note): Omit<SendMessageCommandOutput, "$metadata"> => {
    const message = queue.send(checkSend(queue.spec, entry, hash));
    note.count(1, Buffer.byteLength(message.body));
    return { MessageId: message.id, ...(queue.spec.isFifo ? { SequenceNumber: message.sequence } : {}) };
  };
  const remove = (queue: Queue, receipt: string | undefined): void => {
    const message = queue.byReceipt(receipt ?? "");
    if (message !== undefined) queue.remove(message);
    else if (receipt?.includes("#") !== true)
      throw new AwsError("ReceiptHandleIsInvalid", `The input receipt handle "${receipt ?? ""}" is not a valid receipt handle.`);
  };
  const changeVisibility = (queue: Queue, receipt: string | undefined, seconds = -1): void => {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > mostSeconds.visibility)
      throw invalid(`Value ${String(seconds)} for parameter VisibilityTimeout is invalid.`);
    const message = queue.byReceipt(receipt ?? "");
    if (message === undefined)
      throw invalid("Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.");
    if (!message.isInFlight) throw new AwsError("MessageNotInflight", "The message referred to is not in flight.");
    queue.changeVisibility(message, seconds);
  };
  const batch = <Entry extends { readonly Id: string | undefined }, Result extends object>(
    entries: readonly Entry[],
    note: Note,
    one: (entry: Entry) => Result,
  ) => {
    checkBatch(entries.map(({ Id }) => Id));
    const Successful: (Result & { readonly Id: string })[] = [];
    const Failed: FailedEntry[] = [];
    for (const entry of entries) {
      const Id = entry.Id ?? "";
      const fault = note.entryFault();
      if (fault !== undefined) {
        Failed.push({ Id, Code: fault, Message: "We encountered an internal error. Please try again.", SenderFault: false });
        continue;
      }
      try {
        Successful.push({ ...one(entry), Id });
      } catch (thrown) {
        if (!(thrown instanceof AwsError)) throw thrown;
        Failed.push({ Id, Code: thrown.name, Message: thrown.message, SenderFault: true });
      }
    }
    return { Successful, Failed };
  };

  const sendFields = ["MessageBody", "DelaySeconds", "MessageAttributes", "MessageGroupId", "MessageDeduplicationId"] as const;
  const operations: Readonly<Record<string, Operation>> = {
    CreateQueue: operation<CreateQueueCommandInput, CreateQueueCommandOutput>(["QueueName", "Attributes"], (input, note) => {
      const queue = create(specOf(input.QueueName ?? "", input.Attributes ?? {}));
      note.access("sqs:CreateQueue", queue.arn);
      return { QueueUrl: queue.url };
    }),
    GetQueueUrl: operation<GetQueueUrlCommandInput, GetQueueUrlCommandOutput>(["QueueName"], ({ QueueName: name = "" }, note) => {
      const queue = queues.get(name);
      if (queue === undefined) throw missingQueue();
      note.access("sqs:GetQueueUrl", queue.arn);
      return { QueueUrl: queue.url };
    }),
    GetQueueAttributes: operation<GetQueueAttributesCommandInput, GetQueueAttributesCommandOutput>(["QueueUrl", "AttributeNames"], (input, note) => {
      const queue = open(input.QueueUrl, "GetQueueAttributes", note);
      const { visible, inFlight, delayed } = queue.counts();
      const all: Readonly<Record<string, string>> = {
        QueueArn: queue.arn,
        ApproximateNumberOfMessages: String(visible),
        ApproximateNumberOfMessagesNotVisible: String(inFlight),
        ApproximateNumberOfMessagesDelayed: String(delayed),
        VisibilityTimeout: String(queue.spec.visibilityTimeout),
        DelaySeconds: String(queue.spec.delay),
      };
      const wanted: readonly string[] = input.AttributeNames ?? [];
      return { Attributes: Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes("All") || wanted.includes(name))) };
    }),
    SendMessage: operation<SendMessageCommandInput, SendMessageCommandOutput>(["QueueUrl", ...sendFields], (input, note) =>
      send(open(input.QueueUrl, "SendMessage", note), input, note),
    ),
    SendMessageBatch: operation<SendMessageBatchCommandInput, SendMessageBatchCommandOutput>(["QueueUrl", "Entries"], (input, note) => {
      const queue = open(input.QueueUrl, "SendMessage", note);
      const { Entries: entries = [] } = input;
      checkBatch(
        entries.map(({ Id }) => Id),
        entries.map(({ MessageBody: body = "" }) => body),
      );
      return batch(entries, note, (entry) => ({ MessageId: undefined, MD5OfMessageBody: undefined, ...send(queue, entry, note) }));
    }),
    ReceiveMessage: operation<ReceiveMessageCommandInput, ReceiveMessageCommandOutput>(
      ["QueueUrl", "MaxNumberOfMessages", "VisibilityTimeout", "MessageSystemAttributeNames", "AttributeNames", "MessageAttributeNames"],
      (input, note) => {
        const queue = open(input.QueueUrl, "ReceiveMessage", note);
        const limit = input.MaxNumberOfMessages ?? 1;
        if (limit < 1 || limit > 10)
          throw invalid(`Value ${String(limit)} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`);
        const found = queue.receive(limit, input.VisibilityTimeout);
        for (const { body } of found) note.count(1, Buffer.byteLength(body));
        return found.length === 0 ? {} : { Messages: found.map(received) };
      },
    ),
    DeleteMessage: operation<DeleteMessageCommandInput, DeleteMessageCommandOutput>(["QueueUrl", "ReceiptHandle"], (input, note) => {
      remove(open(input.QueueUrl, "DeleteMessage", note), input.ReceiptHandle);
      return {};
    }),
    DeleteMessageBatch: operation<DeleteMessageBatchCommandInput, DeleteMessageBatchCommandOutput>(["QueueUrl", "Entries"], (input, note) => {
      const queue = open(input.QueueUrl, "DeleteMessage", note);
      return batch(input.Entries ?? [], note, ({ ReceiptHandle: receipt }) => {
        remove(queue, receipt);
        return {};
      });
    }),
    ChangeMessageVisibility: operation<ChangeMessageVisibilityCommandInput, ChangeMessageVisibilityCommandOutput>(
      ["QueueUrl", "ReceiptHandle", "VisibilityTimeout"],
      (input, note) => {
        changeVisibility(open(input.QueueUrl, "ChangeMessageVisibility", note), input.ReceiptHandle, input.VisibilityTimeout);
        return {};
      },
    ),
    ChangeMessageVisibilityBatch: operation<ChangeMessageVisibilityBatchCommandInput, ChangeMessageVisibilityBatchCommandOutput>(
      ["QueueUrl", "Entries"],
      (input, note) => {
        const queue = open(input.QueueUrl, "ChangeMessageVisibility", note);
        return batch(input.Entries ?? [], note, (entry) => {
          changeVisibility(queue, entry.ReceiptHandle, entry.VisibilityTimeout);
          return {};
        });
      },
    ),
  };
  return { queues, create, byArn: queueByArn, service: { name: "sqs", operations } };
}

function received(message: Message): NonNullable<ReceiveMessageCommandOutput["Messages"]>[number] {
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    Body: message.body,
    Attributes: {
      ApproximateReceiveCount: String(message.receives),
      SentTimestamp: String(message.sentAt),
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
      ...(message.group === undefined ? {} : { MessageGroupId: message.group, SequenceNumber: message.sequence }),
      ...(message.deduplicationId === undefined ? {} : { MessageDeduplicationId: message.deduplicationId }),
    },
  };
}
