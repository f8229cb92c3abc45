/** What the store works with. */
import type { Deployment } from "../../../core/deployment.ts";
import type { Delivery, System } from "../../../core/ports.ts";
import type { Topology } from "../../../core/topology.ts";
import type { DynamoDb } from "../clients.ts";
import type { DeliveryRecord } from "../items/deliveries.ts";
import type { SequenceMaker } from "../sequence.ts";

export interface AwsDelivery extends Delivery {
  readonly handler: string;
  /** `p` of its event in the journal. */
  readonly journalKey: string;
  /** Position of its event in the journal. */
  readonly sequence: number;
  /** 0 for the delivery that came with the event; else the number of the replay. */
  readonly run: number;
  /** How often its message was received, this time included. */
  readonly received: number;
  /** Its record as it was read or written last; `undefined`: it has none. What it commits holds only if that is still so. */
  readonly record: DeliveryRecord | undefined;
}

export interface StoreContext {
  readonly dynamodb: DynamoDb;
  readonly system: Pick<System, "clock" | "random" | "newId" | "hash">;
  readonly topology: Topology;
  readonly deployment: Deployment;
  /** Positions, versions, fences. */
  readonly next: SequenceMaker;
}
