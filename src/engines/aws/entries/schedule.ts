/**
 * The ticker: the function that appends the ticks of every schedule. It is started once a minute and appends what falls into the
 * minute to come, each tick as an event that is due at its time: so a schedule may be finer than EventBridge Scheduler is. A tick's id
 * is its schedule and time: appended twice it is one event.
 */
import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { App } from "../../../core/app.ts";
import type { NewEvent } from "../../../core/envelope.ts";
import { newEvent } from "../../../core/new-event.ts";
import { nextTick } from "../../../core/schedule.ts";
import type { ScheduleNode } from "../../../core/topology.ts";
import { numberOf, toItem } from "../items/attributes.ts";
import { retrying } from "../retry.ts";
import { openRuntime, type Runtime, type RuntimeOptions } from "./context.ts";

/** How far ahead ticks are appended, milliseconds: a minute, and what a late start of the next one may take. */
const ahead = 90_000;
/** Ticks of one schedule that one start looks through at most. */
const most = 10_000;

/** @example export const handler = tickerEntry(app, { dynamodb }); */
export function tickerEntry(app: App, options: RuntimeOptions): () => Promise<void> {
  const runtime = openRuntime(app, options);
  return async () => {
    for (const node of app.topology.schedules.values()) await appendTicks(runtime, node);
  };
}

async function appendTicks(runtime: Runtime, node: ScheduleNode): Promise<void> {
  const { system, store } = runtime;
  const { name } = node.schedule;
  const now = system.clock.now();
  const last = await lastTick(runtime, name);
  const ticks = ticksAfter(node, last ?? now, now);
  const latest = ticks.at(-1) ?? (last === undefined ? now : undefined);
  if (latest === undefined) return;
  for (const result of await store.append(ticks.map((tick) => tickEvent(runtime, node, tick)))) if (result instanceof Error) throw result;
  await keepTick(runtime, name, latest);
}

/** Those of the time to come, and the latest of those that were missed. */
function ticksAfter({ schedule }: ScheduleNode, last: number, now: number): readonly number[] {
  let missed: number | undefined;
  const coming: number[] = [];
  let tick = nextTick(schedule, last);
  for (let seen = 0; tick !== undefined && tick <= now + ahead && seen < most; seen += 1) {
    if (tick <= now) missed = tick;
    else coming.push(tick);
    tick = nextTick(schedule, tick);
  }
  return missed === undefined ? coming : [missed, ...coming];
}

function tickEvent({ system, topology }: Runtime, { schedule, tick: event }: ScheduleNode, tick: number): NewEvent {
  const scheduledAt = new Date(tick).toISOString();
  return newEvent(system, event, { scheduledAt }, { source: topology.app, id: `${schedule.name}/${scheduledAt}`, at: tick }, undefined);
}

/** `p` and `s` of a schedule's last tick in the system table. */
function tickKey(schedule: string): { readonly p: string; readonly s: string } {
  return { p: `tick#${schedule}`, s: "t" };
}

async function lastTick({ dynamodb, system, deployment }: Runtime, schedule: string): Promise<number | undefined> {
  const command = new GetItemCommand({ TableName: deployment.system, Key: toItem({ ...tickKey(schedule) }), ConsistentRead: true });
  const { Item } = await retrying(system, "DynamoDB refused to read a schedule", () => dynamodb.send(command));
  return Item === undefined ? undefined : numberOf(Item, "m");
}

async function keepTick({ dynamodb, system, deployment }: Runtime, schedule: string, tick: number): Promise<void> {
  const command = new PutItemCommand({ TableName: deployment.system, Item: toItem({ ...tickKey(schedule), m: tick }) });
  await retrying(system, "DynamoDB refused to keep a schedule", () => dynamodb.send(command));
}
