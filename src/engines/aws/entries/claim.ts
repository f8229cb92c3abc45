/**
 * Claims of single deliveries. A handler that kills its process leaves nothing behind that tells so: its message is received again
 * and again. So a delivery whose receives nothing explains is claimed before it runs: its record counts the attempt and says until
 * when it may run. Who finds it after that time knows that it crashed; so it ends as a dead letter like any other failure.
 */
import { transition, type DeliveryStatus, type Failure } from "../../../core/delivery.ts";
import type { HandlerDefinition } from "../../../core/handler.ts";
import type { DeliveryRecord } from "../items/deliveries.ts";
import { recordAction, recordOf, wholeSeconds } from "../store/commit.ts";
import { transact } from "../store/transaction.ts";
import type { AwsDelivery } from "../store/types.ts";
import type { Runtime } from "./context.ts";
import { removed, returned, type Fate } from "./intake.ts";

/** What may be done with a delivery now: run it, or not. */
export async function admit(runtime: Runtime, handler: HandlerDefinition, delivery: AwsDelivery): Promise<Fate | "run"> {
  const { record } = delivery;
  const now = runtime.system.clock.now();
  switch (record?.state) {
    case "done":
    case "dead":
    case "discarded":
      return removed;
    case "scheduled":
    case "retrying":
      return waits(record, now) ? returned((record.dueAt ?? now) - now) : "run";
    case "running":
      return record.lease !== undefined && record.lease > now ? returned(record.lease - now) : settleCrash(runtime, handler, delivery, record);
    case "ready":
    case "parked":
    case undefined:
      return "run";
  }
}

/** Whether its time has not come. A queue hands nothing out early: a clock that says it failed in the future was set back, and does not count. */
function waits({ dueAt, failure }: DeliveryRecord, now: number): boolean {
  return dueAt !== undefined && dueAt > now && (failure === undefined || failure.at <= now);
}

/** Writes that an attempt begins, before it begins. `undefined`: it is no longer ours. */
export async function claim(runtime: Runtime, delivery: AwsDelivery, milliseconds: number): Promise<AwsDelivery | undefined> {
  const { received, attempt } = delivery;
  const lease = runtime.system.clock.now() + milliseconds;
  const record: DeliveryRecord = { ...recordOf(runtime, delivery), state: "running", attempts: attempt, lease, received };
  return (await write(runtime, delivery, record)) ? { ...delivery, record } : undefined;
}

/** Takes back a claim whose attempt did not run to its end through no fault of its own. */
export async function returnClaim(runtime: Runtime, delivery: AwsDelivery): Promise<void> {
  const { received, attempt } = delivery;
  await write(runtime, delivery, { ...recordOf(runtime, delivery), state: "ready", attempts: attempt - 1, received });
}

/** Counts an attempt that ended with its process. */
async function settleCrash(runtime: Runtime, handler: HandlerDefinition, delivery: AwsDelivery, { attempts, lease }: DeliveryRecord): Promise<Fate> {
  const { clock, random } = runtime.system;
  const now = clock.now();
  const failure: Failure = { code: "HANDLER_CRASHED", message: "The function ended while this delivery ran", at: lease ?? now };
  const running: DeliveryStatus = { state: "running", attempts, dueAt: undefined, failure: undefined };
  const { status } = transition(running, { type: "crashed", failure }, handler.retry, now, random);
  const { state } = status;
  const dueAt = status.dueAt === undefined ? undefined : wholeSeconds(now, status.dueAt);
  const ended = state === "dead" ? { endedAt: now } : {};
  const record: DeliveryRecord = { ...recordOf(runtime, delivery), state, attempts, dueAt, failure, received: delivery.received, ...ended };
  if (!(await write(runtime, delivery, record))) return returned(0);
  const { event } = delivery;
  runtime.system.observe({
    type: "settled",
    handler: handler.name,
    event: event.type,
    eventId: event.id,
    correlationId: event.correlationId ?? event.id,
    tenant: event.tenant,
    age: Math.max(0, now - event.time),
    state,
    attempt: attempts,
    milliseconds: 0,
    failure,
  });
  return dueAt === undefined ? removed : returned(dueAt - now);
}

async function write(runtime: Runtime, delivery: AwsDelivery, record: DeliveryRecord): Promise<boolean> {
  return (await transact(runtime, "DynamoDB refused to claim a delivery", [recordAction(runtime, delivery, record)])).size === 0;
}
