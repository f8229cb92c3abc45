/** Personal data shown to an operator who says why: recorded before it is shown. */
import { PulseQueueError } from "./errors.ts";
import type { Json } from "./json.ts";
import type { Ledger } from "./ledger.ts";
import { checkReason, type OperationOptions } from "./operation.ts";
import type { EventChoice, EventView, Inspect } from "./queue.ts";
import type { AnyTable } from "./table.ts";

interface Revealing {
  readonly inspect: Inspect;
  readonly ledger: Ledger;
}

/** The one event with this id. Throws `NOT_FOUND`, `OPERATION_INVALID` where several sources or tenants have it and `choice` leaves it open. */
export async function eventNamed(inspect: Pick<Inspect, "events">, id: string, choice: EventChoice = {}): Promise<EventView> {
  const [event, other] = await inspect.events({ id, limit: 2, ...choice });
  if (event === undefined) throw new PulseQueueError("NOT_FOUND", "There is no such event");
  if (other !== undefined) throw new PulseQueueError("OPERATION_INVALID", "Several events have this id: name the source and, where there are any, the tenant");
  return event;
}

/** The event with this id, unredacted. Throws as `eventNamed`, and `OPERATION_INVALID` without a reason. */
export async function revealEvent({ inspect, ledger }: Revealing, id: string, choice: EventChoice, options: OperationOptions): Promise<EventView> {
  checkReason(options);
  const event = await eventNamed(inspect, id, choice);
  await record(ledger, `event ${event.id} of ${event.source}`.slice(0, 2_000), options);
  return event;
}

/** The first row that there is with one of the keys, unredacted. Throws `OPERATION_INVALID` without a reason, `NOT_FOUND`. */
export async function revealRow({ inspect, ledger }: Revealing, table: AnyTable, keys: readonly Json[], options: OperationOptions): Promise<Json> {
  checkReason(options);
  const { key, row } = await rowNamed(inspect, table, keys);
  await record(ledger, `row ${table.name} ${JSON.stringify(key)}`.slice(0, 2_000), options);
  return row;
}

/** The first row that there is with one of the keys. Throws `NOT_FOUND`. */
export async function rowNamed(inspect: Pick<Inspect, "table">, table: AnyTable, keys: readonly Json[]): Promise<{ readonly key: Json; readonly row: Json }> {
  for (const key of keys) {
    const row = await inspect.table(table).get(key as never);
    if (row !== undefined) return { key, row: row as Json };
  }
  throw new PulseQueueError("NOT_FOUND", `Table ${table.name} has no row with this key`);
}

async function record(ledger: Ledger, subject: string, { by = "local", reason }: OperationOptions): Promise<void> {
  await ledger.append({ by, action: "reveal", subject, reason, detail: { count: 1 } });
}
