/**
 * What operators do. They write DynamoDB only, each act in one transaction with its entry in the ledger: what is to be delivered
 * again gets a record with `send`, and the relay sends it. Only the event source mappings are switched beside it, after the record.
 */
import { PulseQueueError } from "../../../core/errors.ts";
import type { LedgerAction } from "../../../core/ledger.ts";
import { checkReason, replayRange, type OperationOptions, type OperationResult } from "../../../core/operation.ts";
import type { System } from "../../../core/ports.ts";
import type { DeadLetterFilter, Operate } from "../../../core/queue.ts";
import type { Topology } from "../../../core/topology.ts";
import { toItem } from "../items/attributes.ts";
import { deliveryItem, deliveryKey, type DeliveryRecord } from "../items/deliveries.ts";
import type { StoredEvent } from "../items/journal.ts";
import { sequenceAt } from "../sequence.ts";
import { deadLetters, type DeadLetter } from "./dead-letters.ts";
import type { DeliveryReader } from "./delivery-reader.ts";
import { pausedHandlers, pauseWrite, resumeWrite } from "./handler-states.ts";
import type { JournalReader } from "./journal-reader.ts";
import type { AwsKeyStore } from "./keys.ts";
import type { AwsLedger } from "./ledger.ts";
import type { Mappings } from "./mappings.ts";
import { handlerNamed } from "./names.ts";
import type { SystemTable, Write } from "./system-table.ts";

export interface OperateOptions {
  readonly system: System;
  readonly topology: Topology;
  readonly journal: JournalReader;
  readonly deliveries: DeliveryReader;
  readonly systemTable: SystemTable;
  /** Name of the table of deliveries. */
  readonly table: string;
  readonly mappings: Mappings;
  readonly ledger: AwsLedger;
  readonly keys: AwsKeyStore;
  /** Versions of records, numbers of replays. */
  readonly next: () => number;
}

/** Records that one transaction takes beside the ledger's head and entry. */
const chunk = 98;
/** Clocks of those who publish may differ: how far a position may be ahead of its event's time, milliseconds. */
const slack = 60 * 60_000;
/** Rounds in which others changed the same records at the same time. */
const mostRounds = 20;

export function createOperate(options: OperateOptions): Operate {
  const { system, topology, journal, systemTable, table, mappings, ledger, keys, next } = options;
  const entry = (action: LedgerAction, subject: string, { reason, by = "local" }: OperationOptions, detail: Readonly<Record<string, number>>) => ({
    by,
    action,
    subject,
    reason,
    detail,
  });
  const change = ({ found: { key, record } }: DeadLetter, changed: Partial<DeliveryRecord>): Write => ({
    Put: {
      TableName: table,
      Item: deliveryItem(key, { ...record, ...changed, version: next() }),
      ConditionExpression: "v = :before",
      ExpressionAttributeValues: toItem({ ":before": record.version }),
    },
  });

  /** Applies `act` to the dead letters that match, as many at a time as a transaction takes. */
  const onDead = async (
    action: "redrive" | "discard",
    filter: DeadLetterFilter,
    given: OperationOptions,
    act: (letter: DeadLetter) => Partial<DeliveryRecord>,
  ): Promise<OperationResult> => {
    checkReason(given);
    if (Object.values(filter).every((value) => value === undefined))
      throw new PulseQueueError("OPERATION_INVALID", `${action} needs a filter; { all: true } names every dead letter`);
    const most = filter.limit ?? Number.MAX_SAFE_INTEGER;
    if (given.dryRun === true) return { count: (await deadLetters(options, filter, most)).length, dryRun: true };
    let count = 0;
    for (let rounds = 0; count < most;) {
      const letters = await deadLetters(options, filter, most - count);
      if (letters.length === 0) break;
      let changed = 0;
      for (let start = 0; start < letters.length; start += chunk) {
        const some = letters.slice(start, start + chunk);
        const record = entry(action, JSON.stringify(filter), given, { count: some.length });
        if (
          await ledger.record(
            record,
            some.map((letter) => change(letter, act(letter))),
          )
        )
          changed += some.length;
      }
      count += changed;
      if (changed === letters.length) break;
      rounds += 1;
      if (rounds === mostRounds || !(await systemTable.pause(1)))
        throw new PulseQueueError("STORE_UNAVAILABLE", `${action}: others change the same dead letters; ${String(count)} were changed`, { retryAfter: 1_000 });
    }
    return { count, dryRun: false };
  };

  /** Switches a mapping as its record says. Of two operators at once the last to switch looks last: so record and mapping agree in the end. */
  const follow = async (name: string): Promise<void> => {
    const isWanted = async (): Promise<boolean> => !(await pausedHandlers(systemTable)).has(name);
    for (let enabled = await isWanted(); ;) {
      await mappings.enable(name, enabled);
      const wanted = await isWanted();
      if (wanted === enabled) return;
      enabled = wanted;
    }
  };

  const setPaused = async (action: "pause" | "resume", name: string, given: OperationOptions): Promise<OperationResult> => {
    checkReason(given);
    handlerNamed(topology, name);
    const isPaused = (await pausedHandlers(systemTable)).has(name);
    const count = isPaused === (action === "pause") ? 0 : 1;
    if (given.dryRun === true) return { count, dryRun: true };
    const write = action === "pause" ? pauseWrite(system, name, given.reason, given.by ?? "local") : resumeWrite(name);
    const isDone = count === 1 && (await ledger.record(entry(action, name, given, { count: 1 }), [write]));
    // Also where it was so before: so that whoever tries again after a failure gets what was recorded.
    await follow(name);
    return { count: isDone ? 1 : 0, dryRun: false };
  };

  const replayWrite = (handler: string, run: number, { event, key, sequence }: StoredEvent): Write => {
    const { id, type, key: eventKey, tenant } = event;
    const delivered = { journalKey: key, id, type, key: eventKey, tenant, sequence };
    const record: DeliveryRecord = { handler, run, state: "ready", attempts: 0, redrives: 0, version: next(), event: delivered, send: 1 };
    return { Put: { TableName: table, Item: deliveryItem(deliveryKey(handler, key, run), record), ConditionExpression: "attribute_not_exists(p)" } };
  };

  return {
    redrive: (filter, given) =>
      onDead("redrive", filter, given, ({ found: { record } }) => {
        const redrives = record.redrives + 1;
        // A message that could not be read is sent as it was; where it fails again it is another dead letter.
        return record.event === undefined ? { state: "done", redrives, send: redrives } : { state: "ready", attempts: 0, redrives, send: redrives };
      }),
    discard: (filter, given) => onDead("discard", filter, given, () => ({ state: "discarded", endedAt: system.clock.now(), send: undefined })),
    pause: (handler, given) => setPaused("pause", handler, given),
    resume: (handler, given) => setPaused("resume", handler, given),
    async replay(given) {
      checkReason(given);
      const { name, on } = handlerNamed(topology, given.handler);
      const [from, to] = replayRange(given);
      const types = new Set(on.map((event) => event.name));
      const run = next();
      let count = 0;
      let writes: Write[] = [];
      const flush = async (): Promise<void> => {
        const detail = { count: count + writes.length };
        if (!(await ledger.record(entry("replay", `${name} ${String(from)}..${String(to)}`, given, detail), writes)))
          throw new PulseQueueError("INTERNAL", "A replay met deliveries with its own number");
        count += writes.length;
        writes = [];
      };
      for await (const stored of journal.walk({ after: sequenceAt(from) - 1, before: sequenceAt(Math.min(to, system.clock.now()) + slack), ascending: true })) {
        const { event, dueAt } = stored;
        if (!types.has(event.type) || event.time < from || event.time >= to || (dueAt ?? 0) > system.clock.now()) continue;
        if (given.dryRun === true) count += 1;
        else writes.push(replayWrite(name, run, stored));
        if (writes.length === chunk) await flush();
      }
      if (given.dryRun !== true && (writes.length > 0 || count === 0)) await flush();
      return { count, dryRun: given.dryRun === true };
    },
    async contain({ handlers = [], keys: ids = [] }, given) {
      checkReason(given);
      if (handlers.length + ids.length === 0) throw new PulseQueueError("OPERATION_INVALID", "Name a handler to pause or a key to revoke");
      const names = [...new Set(handlers)].map((name) => handlerNamed(topology, name).name);
      const { by = "local", reason } = given;
      for (let round = 1; ; round += 1) {
        const before = await pausedHandlers(systemTable);
        const paused = names.filter((name) => !before.has(name));
        const revocations = await keys.revocations([...new Set(ids)]);
        const revoked = [...revocations.keys()];
        if (given.dryRun === true) return { paused, revoked, dryRun: true };
        if (paused.length + revoked.length > chunk)
          throw new PulseQueueError("OPERATION_INVALID", `At most ${String(chunk)} handlers and keys are contained in one step`);
        const record = entry("contain", JSON.stringify({ handlers: paused, keys: revoked }), given, { handlers: paused.length, keys: revoked.length });
        if (await ledger.record(record, [...paused.map((name) => pauseWrite(system, name, reason, by)), ...revocations.values()])) {
          for (const name of names) await follow(name);
          return { paused, revoked, dryRun: false };
        }
        if (!(await systemTable.pause(round)))
          throw new PulseQueueError("STORE_UNAVAILABLE", "Others change the same handlers and keys: nothing was done", { retryAfter: 1_000 });
      }
    },
  };
}
