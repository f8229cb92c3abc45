/** An event source mapping of a queue: takes batches, starts a function for each, and deletes what the answer does not name. */
import type { VirtualClock } from "../../clock.ts";
import type { Call } from "../service/service.ts";
import type { Message, Queue } from "../sqs/queue.ts";
import { FunctionError, type Functions } from "./functions.ts";

export interface MappingFaults {
  /** Whether one message that is to be deleted stays. */
  keepsMessage(): boolean;
  /** Milliseconds that a record of a stream is on its way. */
  streamLag(): number;
  /** Whether a batch of a stream that was carried comes once more. */
  repeatsBatch(): boolean;
  /** Milliseconds that switching a mapping takes. */
  switching(): number;
}

export const noMappingFaults: MappingFaults = { keepsMessage: () => false, streamLag: () => 0, repeatsBatch: () => false, switching: () => 0 };

/** What feeds a function. */
export interface Mapping {
  readonly id: string;
  readonly function: string;
  readonly sourceArn: string;
  isEnabled: boolean;
  /** Looks whether there is something to do. */
  wake(): void;
  /** Records of a stream that are not carried yet. */
  behind(): number;
}

export interface MappingHost {
  readonly clock: VirtualClock;
  readonly functions: Functions;
  readonly faults: MappingFaults;
  readonly record: (call: Call) => void;
  /** Whether event sources are read at all. */
  readonly isOn: () => boolean;
}

export interface QueueMappingSpec {
  readonly id: string;
  readonly function: string;
  readonly queue: Queue;
  readonly batchSize: number;
  /** Functions at once. */
  readonly concurrency: number;
  readonly region: string;
}

/** Wait after a start that was refused or failed, milliseconds, and starts of one batch at most. */
const throttled = 1_000;
const mostStarts = 5;

export function createQueueMapping({ id, function: name, queue, batchSize, concurrency, region }: QueueMappingSpec, host: MappingHost): Mapping {
  const { clock, functions, faults, record } = host;
  let running = 0;
  const note = (action: string, messages: readonly Message[]): void => {
    const bytes = messages.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
    record({ function: name, operation: action, accesses: [{ action, resource: queue.arn }], items: messages.length, bytes });
  };
  const settle = (messages: readonly Message[], answer: unknown): void => {
    const failed = failuresOf(answer);
    const ids = new Set(messages.map((message) => message.id));
    // An answer that names what was not in the batch says nothing about it: all of it comes again.
    if (failed === undefined || failed.some((each) => !ids.has(each))) return;
    const done = messages.filter((message) => !failed.includes(message.id) && !faults.keepsMessage());
    if (done.length > 0) note("sqs:DeleteMessage", done);
    for (const message of done) queue.remove(message);
  };
  /** Tries again what is refused for now, a few times: then the messages come again when their visibility ends, as after any failure. */
  const start = async (messages: readonly Message[]): Promise<void> => {
    const Records = messages.map((message) => recordOf(message, queue.arn, region));
    for (let attempt = 1; ; attempt += 1) {
      try {
        settle(messages, await functions.invoke(name, { Records }));
        return;
      } catch (thrown) {
        const isRefused = thrown instanceof FunctionError && thrown.why === "throttled";
        await new Promise<void>((resolve) => void clock.timer(throttled, resolve));
        if (!isRefused || attempt === mostStarts) return;
      }
    }
  };
  const poll = (): void => {
    while (mapping.isEnabled && host.isOn() && running < concurrency) {
      const messages = queue.receive(batchSize);
      if (messages.length === 0) return;
      note("sqs:ReceiveMessage", messages);
      running += 1;
      void start(messages).then(() => {
        running -= 1;
        clock.soon(poll);
      });
    }
  };
  const mapping: Mapping = { id, function: name, sourceArn: queue.arn, isEnabled: true, wake: poll, behind: () => 0 };
  queue.listen(() => {
    clock.soon(poll);
  });
  return mapping;
}

/** Ids that an answer hands in again; `undefined`: it is none that Lambda understands. */
export function failuresOf(answer: unknown): readonly string[] | undefined {
  if (answer === undefined || answer === null) return [];
  if (typeof answer !== "object") return undefined;
  const list: unknown = "batchItemFailures" in answer ? answer.batchItemFailures : [];
  if (!Array.isArray(list)) return undefined;
  const ids = list.map((item: unknown) => (typeof item === "object" && item !== null && "itemIdentifier" in item ? item.itemIdentifier : undefined));
  return ids.every((each) => typeof each === "string" && each !== "") ? (ids as readonly string[]) : undefined;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
function recordOf(message: Message, arn: string, region: string): object {
  return {
    messageId: message.id,
    receiptHandle: message.receipt ?? "",
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receives),
      SentTimestamp: String(message.sentAt),
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
      ...(message.group === undefined ? {} : { MessageGroupId: message.group, SequenceNumber: message.sequence }),
      ...(message.deduplicationId === undefined ? {} : { MessageDeduplicationId: message.deduplicationId }),
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: arn,
    awsRegion: region,
  };
}
