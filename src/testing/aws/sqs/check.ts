/** What SQS refuses (developer guide, "Message quotas"; API reference). */
import type { SendMessageBatchRequestEntry } from "@aws-sdk/client-sqs";
import { AwsError, UnsupportedByFake } from "../service/errors.ts";
import type { NewMessage, QueueSpec } from "./queue.ts";

export const mostSeconds = { delay: 900, visibility: 43_200 } as const;
/** Of one message, and of all of a batch together. */
const mostBytes = 1024 * 1024;
const mostEntries = 10;

export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValue", message);
}

export function missingQueue(): AwsError {
  return new AwsError("QueueDoesNotExist", "The specified queue does not exist.");
}

export function specOf(name: string, attributes: Readonly<Partial<Record<string, string>>>): QueueSpec {
  const known = ["FifoQueue", "VisibilityTimeout", "DelaySeconds", "MessageRetentionPeriod", "RedrivePolicy", "ContentBasedDeduplication", "DeduplicationScope"];
  const unknown = Object.keys(attributes).find((attribute) => !known.includes(attribute));
  if (unknown !== undefined) throw new UnsupportedByFake(`the attribute ${unknown} of a queue`);
  const isFifo = attributes["FifoQueue"] === "true";
  if (isFifo !== name.endsWith(".fifo"))
    throw invalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix");
  const policy = JSON.parse(attributes["RedrivePolicy"] ?? "{}") as { readonly deadLetterTargetArn?: string; readonly maxReceiveCount?: number | string };
  return {
    name,
    isFifo,
    visibilityTimeout: Number(attributes["VisibilityTimeout"] ?? 30),
    delay: Number(attributes["DelaySeconds"] ?? 0),
    retention: Number(attributes["MessageRetentionPeriod"] ?? 345_600),
    redrive:
      policy.deadLetterTargetArn === undefined ? undefined : { deadLetterArn: policy.deadLetterTargetArn, maxReceiveCount: Number(policy.maxReceiveCount) },
    deduplicatesByContent: attributes["ContentBasedDeduplication"] === "true",
    deduplicatesByGroup: attributes["DeduplicationScope"] === "messageGroup",
  };
}

export function checkSend(spec: QueueSpec, entry: Omit<SendMessageBatchRequestEntry, "Id">, hash: (text: string) => string): NewMessage {
  const { MessageBody: body = "", DelaySeconds: delay, MessageGroupId: group, MessageDeduplicationId: deduplicationId, MessageAttributes: attributes } = entry;
  if (body === "") throw new AwsError("MissingParameter", "The request must contain the parameter MessageBody.");
  if (Buffer.byteLength(body) > mostBytes)
    throw invalid(`One or more parameters are invalid. Reason: Message must be shorter than ${String(mostBytes)} bytes.`);
  if (delay !== undefined && (!Number.isInteger(delay) || delay < 0 || delay > mostSeconds.delay)) {
    throw invalid(`Value ${String(delay)} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.`);
  }
  if (!spec.isFifo) return { body, attributes, group, delay };
  if (delay !== undefined && delay > 0)
    throw invalid(`Value ${String(delay)} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type`);
  if (group === undefined || group === "") throw new AwsError("MissingParameter", "The request must contain the parameter MessageGroupId.");
  if (deduplicationId === undefined && !spec.deduplicatesByContent) {
    throw invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
  }
  if (group.length > 128 || (deduplicationId?.length ?? 0) > 128) throw invalid("MessageGroupId and MessageDeduplicationId have at most 128 characters.");
  return { body, attributes, group, deduplicationId: deduplicationId ?? hash(body) };
}

/** Throws for a batch that is refused as a whole. */
export function checkBatch(ids: readonly (string | undefined)[], bodies: readonly string[] = []): void {
  if (ids.length === 0) throw new AwsError("EmptyBatchRequest", "There should be at least one entry in the request.");
  if (ids.length > mostEntries) throw new AwsError("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.");
  if (new Set(ids).size < ids.length) throw new AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
  if (ids.some((id) => !/^[\w-]{1,80}$/.test(id ?? ""))) {
    throw new AwsError(
      "InvalidBatchEntryId",
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    );
  }
  let bytes = 0;
  for (const body of bodies) bytes += Buffer.byteLength(body);
  if (bytes > mostBytes) throw new AwsError("BatchRequestTooLong", `Batch requests cannot be longer than ${String(mostBytes)} bytes.`);
}
