/** Everything that can go wrong in the simulated AWS, by the part that asks. */
import { noBusFaults, type BusFaults } from "./events/events.ts";
import { noLambdaFaults, type LambdaFaults } from "./lambda/functions.ts";
import { noMappingFaults, type MappingFaults } from "./lambda/queue-mapping.ts";
import { noSchedulerFaults, type SchedulerFaults } from "./scheduler/scheduler.ts";
import { noRequestFaults, type RequestFaults } from "./service/service.ts";
import { noQueueFaults, type QueueFaults } from "./sqs/queue.ts";

export interface AwsFaults {
  readonly requests: RequestFaults;
  readonly queues: QueueFaults;
  readonly bus: BusFaults;
  readonly scheduler: SchedulerFaults;
  readonly lambda: LambdaFaults;
  readonly mappings: MappingFaults;
  /** Milliseconds until an index of a table has the next change. */
  readonly indexLag: () => number;
}

export const noAwsFaults: AwsFaults = {
  requests: noRequestFaults,
  queues: noQueueFaults,
  bus: noBusFaults,
  scheduler: noSchedulerFaults,
  lambda: noLambdaFaults,
  mappings: noMappingFaults,
  indexLag: () => 0,
};
