/** What the relay has to send for a record that it was given: all of it, or the record comes again. */
import type { StoredEvent } from "../items/journal.ts";

/** An entry on the bus, for all handlers that take events in any order. */
export interface BusParcel {
  readonly to: "bus";
  readonly stored: StoredEvent;
}

/** A message for one queue. */
export interface QueueParcel {
  readonly to: "queue";
  readonly queueUrl: string;
  readonly body: string;
  /** For a FIFO queue: what shares a group keeps its order; what shares an id within 5 minutes is sent once. */
  readonly fifo?: { readonly group: string; readonly id: string } | undefined;
  /** Seconds until it is seen, at most 900. @default 0 */
  readonly delay?: number;
}

/** A message for the delay queue at a time that is too far for its own delay. */
export interface ScheduleParcel {
  readonly to: "schedule";
  readonly name: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type Parcel = BusParcel | QueueParcel | ScheduleParcel;
