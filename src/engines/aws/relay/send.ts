/** Sends parcels. What was asked to be sent is not sent until its own result says so: requests succeed while entries of theirs fail. */
import { PutEventsCommand, type PutEventsCommandOutput } from "@aws-sdk/client-eventbridge";
import { CreateScheduleCommand } from "@aws-sdk/client-scheduler";
import { SendMessageBatchCommand, type SendMessageBatchCommandOutput } from "@aws-sdk/client-sqs";
import type { EventBridge, Scheduler, Sqs } from "../clients.ts";
import type { Runtime } from "../entries/context.ts";
import { entryBytes, encodeMessage } from "../message.ts";
import { backOff, retrying } from "../retry.ts";
import type { BusParcel, Parcel, QueueParcel, ScheduleParcel } from "./parcels.ts";

export interface Sender {
  readonly runtime: Runtime;
  readonly sqs: Sqs;
  readonly events: EventBridge;
  readonly scheduler: Scheduler;
}

/** Entries and bytes of one request, to the bus as to a queue. */
const batchEntries = 10;
const batchBytes = 256 * 1024;
/** Tries of an entry before its record is given back. */
const tries = 5;

/** Answers those that could not be sent. */
export async function sendAll(sender: Sender, parcels: readonly Parcel[]): Promise<ReadonlySet<Parcel>> {
  const failed = new Set<Parcel>();
  await toBus(
    sender,
    parcels.filter((parcel) => parcel.to === "bus"),
    failed,
  );
  const messages = parcels.filter((parcel) => parcel.to === "queue");
  for (const queueUrl of new Set(messages.map((parcel) => parcel.queueUrl))) {
    await toQueue(
      sender,
      queueUrl,
      messages.filter((parcel) => parcel.queueUrl === queueUrl),
      failed,
    );
  }
  for (const parcel of parcels.filter((one) => one.to === "schedule")) await schedule(sender, parcel, failed);
  return failed;
}

async function toBus(sender: Sender, parcels: readonly BusParcel[], failed: Set<Parcel>): Promise<void> {
  const { runtime, events } = sender;
  const detail = new Map(parcels.map((parcel) => [parcel, encodeMessage(parcel.stored)]));
  const bytesOf = (parcel: BusParcel): number => entryBytes(parcel.stored.event, detail.get(parcel) ?? "");
  for (const batch of batches(parcels, bytesOf)) {
    await sendBatch(runtime, batch, failed, async (left) => {
      const entries = left.map((parcel) => ({
        EventBusName: runtime.deployment.bus,
        Source: parcel.stored.event.source,
        DetailType: parcel.stored.event.type,
        Detail: detail.get(parcel) ?? "",
      }));
      const answer: PutEventsCommandOutput = await events.send(new PutEventsCommand({ Entries: entries }));
      return left.filter((_parcel, index) => answer.Entries?.[index]?.EventId === undefined);
    });
  }
}

/** FIFO: one of each group in a request, since of several that fail in part a later one could stand before an earlier one. */
async function toQueue(sender: Sender, queueUrl: string, parcels: readonly QueueParcel[], failed: Set<Parcel>): Promise<void> {
  const blocked = new Set<string>();
  for (let left = parcels; left.length > 0;) {
    const groups = new Set<string>();
    const round: QueueParcel[] = [];
    const later: QueueParcel[] = [];
    for (const parcel of left) {
      const group = parcel.fifo?.group;
      if (group !== undefined && blocked.has(group)) failed.add(parcel);
      else if (group !== undefined && groups.has(group)) later.push(parcel);
      else {
        if (group !== undefined) groups.add(group);
        round.push(parcel);
      }
    }
    for (const batch of batches(round, ({ body }) => Buffer.byteLength(body))) await sendMessages(sender, queueUrl, batch, failed);
    for (const parcel of round) if (parcel.fifo !== undefined && failed.has(parcel)) blocked.add(parcel.fifo.group);
    left = later;
  }
}

async function sendMessages({ runtime, sqs }: Sender, queueUrl: string, batch: readonly QueueParcel[], failed: Set<Parcel>): Promise<void> {
  await sendBatch(runtime, batch, failed, async (left) => {
    const entries = left.map(({ body, fifo, delay }, index) => ({
      Id: String(index),
      MessageBody: body,
      ...(fifo === undefined ? {} : { MessageGroupId: fifo.group, MessageDeduplicationId: fifo.id }),
      ...(delay === undefined ? {} : { DelaySeconds: delay }),
    }));
    const answer: SendMessageBatchCommandOutput = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    const sent = new Set(answer.Successful?.map(({ Id }) => Id));
    return left.filter((_parcel, index) => !sent.has(String(index)));
  });
}

async function schedule({ runtime, scheduler }: Sender, parcel: ScheduleParcel, failed: Set<Parcel>): Promise<void> {
  const { deployment, resources } = runtime;
  const command = new CreateScheduleCommand({
    Name: parcel.name,
    GroupName: deployment.scheduleGroup,
    ScheduleExpression: `at(${new Date(Math.ceil(parcel.at / 1_000) * 1_000).toISOString().slice(0, 19)})`,
    FlexibleTimeWindow: { Mode: "OFF" },
    ActionAfterCompletion: "DELETE",
    Target: { Arn: resources.queueArn(deployment.delayQueue), RoleArn: resources.roleArn(`${deployment.prefix}-pq-scheduler`), Input: parcel.body },
  });
  await sendBatch(runtime, [parcel], failed, async () => {
    try {
      await scheduler.send(command);
    } catch (thrown) {
      // Its name says what it is: it is there already.
      if (!(thrown instanceof Error) || thrown.name !== "ConflictException") throw thrown;
    }
    return [];
  });
}

/** Sends until `send` answers that nothing is left, or it was tried often enough. */
async function sendBatch<One extends Parcel>(
  { system }: Runtime,
  batch: readonly One[],
  failed: Set<Parcel>,
  send: (left: readonly One[]) => Promise<readonly One[]>,
): Promise<void> {
  let left = batch;
  try {
    for (let attempt = 1; left.length > 0; attempt += 1) {
      const now = left;
      left = await retrying(system, "The relay could not send", () => send(now));
      if (left.length > 0 && (attempt === tries || !(await backOff(system, attempt)))) break;
    }
    if (left.length > 0) system.observe({ type: "log", level: "error", message: "the relay could not send some entries", fields: { entries: left.length } });
  } catch (error) {
    system.observe({ type: "log", level: "error", message: "the relay could not send", fields: { error } });
  }
  for (const parcel of left) failed.add(parcel);
}

function* batches<One>(list: readonly One[], bytesOf: (one: One) => number): Generator<readonly One[]> {
  let batch: One[] = [];
  let bytes = 0;
  for (const one of list) {
    const size = bytesOf(one);
    if (batch.length > 0 && (batch.length === batchEntries || bytes + size > batchBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(one);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
