/** How many messages a queue holds. SQS counts approximately, and is exact only once nothing changes for a minute. */
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import type { Deployment } from "../../../core/deployment.ts";
import type { System } from "../../../core/ports.ts";
import type { Sqs } from "../clients.ts";
import type { Resources } from "../resources.ts";
import { retrying } from "../retry.ts";

export interface QueueCounts {
  /** Messages that may be received. */
  readonly visible: number;
  /** Messages that were received and are neither deleted nor visible again: their handler runs, or they wait for another attempt. */
  readonly inFlight: number;
}

export interface Queues {
  counts(handler: string): Promise<QueueCounts>;
}

export function openQueues(sqs: Sqs, resources: Resources, deployment: Deployment, system: Pick<System, "clock" | "random">): Queues {
  return {
    async counts(handler) {
      const queue = deployment.handlers.get(handler)?.queue ?? handler;
      const command = new GetQueueAttributesCommand({
        QueueUrl: resources.queueUrl(queue),
        AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
      });
      const { Attributes = {} } = await retrying(system, `SQS refused to count the messages of ${queue}`, () => sqs.send(command));
      return { visible: Number(Attributes.ApproximateNumberOfMessages ?? 0), inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0) };
    },
  };
}
