/** Gives messages back to their queue, each for its time. */
import { ChangeMessageVisibilityBatchCommand } from "@aws-sdk/client-sqs";
import type { System } from "../../../core/ports.ts";
import type { Sqs } from "../clients.ts";
import type { SqsRecord } from "./lambda.ts";

/** Longest wait that SQS takes, seconds: 12 hours from the receive, less what a function runs. Who waits longer is looked at then and waits again. */
const longestWait = 42_000;
/** Messages of one request. */
const batch = 10;

export interface Returned {
  readonly record: SqsRecord;
  /** Milliseconds until it may be received again. */
  readonly delay: number;
}

/** Never rejects: a message whose time could not be set comes back when its visibility ends. */
export async function giveBack(sqs: Sqs, system: Pick<System, "observe">, queueUrl: string, returned: readonly Returned[]): Promise<void> {
  for (let start = 0; start < returned.length; start += batch) {
    const entries = returned.slice(start, start + batch).map(({ record, delay }, index) => ({
      Id: String(index),
      ReceiptHandle: record.receiptHandle,
      VisibilityTimeout: Math.min(longestWait, Math.max(0, Math.ceil(delay / 1_000))),
    }));
    try {
      const { Failed = [] } = await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
      if (Failed.length > 0) warn(system, Failed[0]?.Code);
    } catch (error) {
      warn(system, error);
    }
  }
}

function warn(system: Pick<System, "observe">, error: unknown): void {
  system.observe({ type: "log", level: "warn", message: "messages were not given back at once", fields: { error } });
}
