/** One atomic write of a batch or a request, and what its cancellation means. */
import type { NewEvent } from "../../../core/envelope.ts";
import type { Commit, CommitResult, Guard, RowWrite, Settlement } from "../../../core/ports.ts";
import { toItem } from "../items/attributes.ts";
import { deliveryItem, deliveryKey, type DeliveryRecord } from "../items/deliveries.ts";
import { isSameEvent, readEvent } from "../items/journal.ts";
import { rowItem, rowKeyOf } from "../items/rows.ts";
import { answerAction } from "./answers.ts";
import { headActions, placed, putEvent, type PlacedEvent } from "./events.ts";
import { check, hasVersion, put, remove, transact, type Action } from "./transaction.ts";
import type { AwsDelivery, StoreContext } from "./types.ts";

const what = "DynamoDB refused a commit";

/** All or nothing. Throws as `transact` does. */
export async function commitAll(context: StoreContext, commit: Commit<AwsDelivery>): Promise<CommitResult<AwsDelivery>> {
  const unique = distinct(context, commit);
  if ("clash" in unique) return { outcome: "identity-reused", index: commit.events.indexOf(unique.clash) };
  let { events } = unique;
  const settled = commit.settled.map((settlement) => settleAction(context, settlement));
  const rows = rowActions(context, commit);
  const answers = commit.answer === undefined ? [] : [answerAction(context, commit.answer)];
  const fixed = [...settled, ...rows, ...answers];
  for (;;) {
    const failed = await transact(context, what, [...fixed, ...events.map((event) => putEvent(context, event)), ...headActions(context, events)]);
    if (failed.size === 0) return { outcome: "committed" };
    const lost = commit.settled.filter((_settlement, index) => failed.has(index)).map(({ delivery }) => delivery);
    if (lost.length > 0) return { outcome: "lost", deliveries: lost };
    if ([...failed.keys()].some((index) => index < fixed.length)) return { outcome: "conflict" };
    const taken = events.map(({ event }, index) => ({ event, there: failed.get(fixed.length + index) }));
    const clash = taken.find(({ event, there }) => there !== undefined && !isSameEvent(readEvent(context.system.hash, there).event, event));
    if (clash !== undefined) return { outcome: "identity-reused", index: commit.events.indexOf(clash.event) };
    // What was emitted before with the same data is emitted: the rest is committed without it.
    events = events.filter((_event, index) => !failed.has(fixed.length + index));
  }
}

/** Each identity once, since a transaction takes an item once; or an event that says something else than one before it. */
function distinct(context: StoreContext, commit: Commit<AwsDelivery>): { readonly events: readonly PlacedEvent[] } | { readonly clash: NewEvent } {
  const events = new Map<string, PlacedEvent>();
  // Behind the event that caused them, and behind what was emitted with the rows that they follow from: those have later versions.
  const cause = Math.max(-1, ...commit.settled.map(({ delivery }) => delivery.sequence), ...commit.guards.map(({ version }) => version));
  for (const event of commit.events) {
    const one = placed(context, event, cause);
    const other = events.get(one.key);
    if (other === undefined) events.set(one.key, one);
    else if (!isSameEvent(other.event, event)) return { clash: event };
  }
  return { events: [...events.values()] };
}

function settleAction(context: StoreContext, settlement: Settlement<AwsDelivery>): Action {
  return recordAction(context, settlement.delivery, settledRecord(context, settlement));
}

/** Writes the record of a delivery, if it is still what was read. */
export function recordAction({ deployment }: StoreContext, delivery: AwsDelivery, record: DeliveryRecord): Action {
  const key = deliveryKey(delivery.handler, delivery.journalKey, delivery.run);
  return put(deployment.deliveries, deliveryItem(key, record), hasVersion(delivery.record?.version));
}

/** What a delivery's record says whatever comes of it. */
export function recordOf(context: StoreContext, delivery: AwsDelivery): Pick<DeliveryRecord, "handler" | "run" | "redrives" | "version" | "event"> {
  const { handler, run, journalKey, sequence, record, event } = delivery;
  return {
    handler,
    run,
    redrives: record?.redrives ?? 0,
    version: context.next(record?.version),
    event: { journalKey, sequence, id: event.id, type: event.type, key: event.key, tenant: event.tenant },
  };
}

function settledRecord(context: StoreContext, { delivery, status, wrote, milliseconds }: Settlement<AwsDelivery>): DeliveryRecord {
  const common = { ...recordOf(context, delivery), milliseconds };
  const now = context.system.clock.now();
  switch (status.state) {
    case "done":
      return { ...common, state: "done", attempts: delivery.attempt, wrote, endedAt: now };
    case "dead":
      return { ...common, state: "dead", attempts: status.attempts, failure: status.failure, endedAt: now };
    default:
      return {
        ...common,
        state: status.state,
        attempts: status.attempts,
        dueAt: wholeSeconds(status.failure.at, status.dueAt),
        failure: status.failure,
        received: delivery.received,
      };
  }
}

/** A queue counts whole seconds: when a delivery that failed at `from` may start again is said as its queue keeps it. Times in milliseconds since 1970. */
export function wholeSeconds(from: number, dueAt: number): number {
  return from + Math.ceil(Math.max(0, dueAt - from) / 1_000) * 1_000;
}

function rowActions(context: StoreContext, { guards, writes }: Pick<Commit, "guards" | "writes">): readonly Action[] {
  const guarded = new Map(guards.map((guard) => [rowId(guard), guard.version]));
  const written = new Set(writes.map(rowId));
  // Another version than any before: above those that were read, whatever the clocks of others say.
  const version = writes.length === 0 ? 0 : context.next(Math.max(-1, ...guards.map((guard) => guard.version)));
  return [
    ...writes.map((write) => writeAction(context, write, guarded.get(rowId(write)), version)),
    ...guards
      .filter((guard) => !written.has(rowId(guard)))
      .map(({ table, key, version: read }) => check(tableName(context, table), toItem(rowKeyOf(key)), hasVersion(read))),
  ];
}

function rowId({ table, key }: Pick<Guard, "table" | "key">): string {
  return `${table}/${key}`;
}

function writeAction(context: StoreContext, write: RowWrite, guard: number | undefined, version: number): Action {
  const table = tableName(context, write.table);
  const condition = guard === undefined ? undefined : hasVersion(guard);
  const { body } = write;
  return body === undefined ? remove(table, toItem(rowKeyOf(write.key)), condition) : put(table, rowItem({ ...write, body }, version), condition);
}

export function tableName({ deployment }: Pick<StoreContext, "deployment">, table: string): string {
  return deployment.tables.get(table) ?? table;
}
