/**
 * The validated graph of an application: the one input of engines, synthesis, audit, console and documents.
 * A schedule appears in it as a handler of its own tick event, so that ticks are delivered like any other event.
 */
import type { EndpointDefinition } from "./endpoint.ts";
import { PulseQueueError, type Issue } from "./errors.ts";
import { defineEvent, type AnyEvent } from "./event.ts";
import type { GrantSet } from "./grants.ts";
import type { EventMessage, HandlerDefinition } from "./handler.ts";
import { limits } from "./limits.ts";
import { retryPolicy } from "./retry.ts";
import type { ScheduleDefinition, Tick } from "./schedule.ts";
import type { Schema } from "./schema.ts";
import type { SecretDefinition } from "./secret.ts";
import type { AnyTable } from "./table.ts";

/** What `defineApp` takes. */
export interface AppOptions {
  readonly handlers?: readonly HandlerDefinition[];
  readonly endpoints?: readonly EndpointDefinition[];
  readonly schedules?: readonly ScheduleDefinition[];
  /** Events that are emitted for others and need no handler in this app. @default [] */
  readonly unhandled?: readonly AnyEvent[];
}

/** A schedule with the event that each of its ticks is. */
export interface ScheduleNode {
  readonly schedule: ScheduleDefinition;
  readonly tick: AnyEvent;
}

export interface Topology {
  readonly app: string;
  readonly events: ReadonlyMap<string, AnyEvent>;
  readonly tables: ReadonlyMap<string, AnyTable>;
  readonly secrets: ReadonlyMap<string, SecretDefinition>;
  /** Handlers by name, the schedules' own included. */
  readonly handlers: ReadonlyMap<string, HandlerDefinition>;
  readonly endpoints: ReadonlyMap<string, EndpointDefinition>;
  readonly schedules: ReadonlyMap<string, ScheduleNode>;
  /** Handlers of each event, by event name. */
  readonly subscribers: ReadonlyMap<string, readonly HandlerDefinition[]>;
  /** Names of the handlers, endpoints and schedules that may emit each event, by event name. */
  readonly emitters: ReadonlyMap<string, readonly string[]>;
}

/** Prefix of the names of events that the engine itself makes. */
const ownPrefix = "pulsequeue.";

export function buildTopology(app: string, options: AppOptions): Topology {
  const problems: Issue[] = [];
  const report = (path: string, message: string): void => {
    if (!problems.some((known) => known.path === path && known.message === message)) problems.push({ path, message });
  };
  const handlers = unique("handler", options.handlers ?? [], "handler", report);
  const endpoints = unique("endpoint", options.endpoints ?? [], "endpoint", report);
  for (const name of endpoints.keys()) if (handlers.has(name)) report(name, "a handler and an endpoint have the same name: rename one");
  const schedules = new Map<string, ScheduleNode>();
  for (const [name, schedule] of unique("schedule", options.schedules ?? [], "schedule", report)) {
    if (handlers.has(name)) report(name, "a handler and a schedule have the same name: rename one");
    if (endpoints.has(name)) report(name, "an endpoint and a schedule have the same name: rename one");
    const tick = tickEvent(name);
    schedules.set(name, { schedule, tick });
    handlers.set(name, scheduleHandler(schedule, tick));
  }
  const events = new Map<string, AnyEvent>();
  const tables = new Map<string, AnyTable>();
  const secrets = new Map<string, SecretDefinition>();
  const emitters = new Map<string, string[]>();
  for (const { name, grants, on } of [...handlers.values(), ...[...endpoints.values()].map((endpoint) => ({ ...endpoint, on: [] }))]) {
    for (const event of [...on, ...grants.emits]) collect("event", events, event, report);
    for (const table of [...grants.reads, ...grants.writes]) collect("table", tables, table, report);
    for (const secret of grants.secrets) collect("secret", secrets, secret, report);
    for (const event of grants.emits) listOf(emitters, event.name).push(name);
    if (grants.emits.length > 0 && app.length + 1 + name.length > limits.identifierLength)
      report(name, "its name and the app's name are too long together for the source of an event: shorten one");
  }
  for (const { webhook } of endpoints.values()) if (webhook !== undefined) collect("secret", secrets, webhook.secret, report);
  const unhandled = [...unique("event", options.unhandled ?? [], "event", report).values()];
  for (const event of unhandled) collect("event", events, event, report);
  const subscribers = new Map<string, HandlerDefinition[]>();
  for (const handler of handlers.values()) for (const event of handler.on) listOf(subscribers, event.name).push(handler);
  checkHandled(events, subscribers, schedules, new Set(unhandled.map((event) => event.name)), report);
  checkOwnNames(events, schedules, report);
  checkCycles(handlers, subscribers, report);
  checkPaths(endpoints, report);
  if (problems.length > 0) {
    const text = problems.map((problem) => `${problem.path}: ${problem.message}`).join("; ");
    throw new PulseQueueError("TOPOLOGY_INVALID", `App ${app} has ${String(problems.length)} problem(s): ${text}`, { issues: problems });
  }
  return Object.freeze({ app, events, tables, secrets, handlers, endpoints, schedules, subscribers, emitters });
}

type Report = (path: string, message: string) => void;

function listOf<Item>(map: Map<string, Item[]>, key: string): Item[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

function unique<Item extends { readonly kind: string; readonly name: string }>(
  kind: string,
  items: readonly Item[],
  expected: string,
  report: Report,
): Map<string, Item> {
  const map = new Map<string, Item>();
  for (const item of items as readonly (Item | undefined)[]) {
    if (item?.kind !== expected)
      report(kind, `an entry is not the result of define${kind[0]?.toUpperCase() ?? ""}${kind.slice(1)}(): check for an undefined import or a wrong list`);
    else if (map.has(item.name)) report(item.name, `two ${kind}s have this name: rename one`);
    else map.set(item.name, item);
  }
  return map;
}

function collect<Item extends { readonly name: string }>(kind: string, map: Map<string, Item>, item: Item, report: Report): void {
  const known = map.get(item.name) ?? item;
  if (known !== item) report(item.name, `two declarations of a ${kind} have this name: export one and import it where it is used`);
  map.set(item.name, known);
}

function checkOwnNames(events: ReadonlyMap<string, AnyEvent>, schedules: ReadonlyMap<string, ScheduleNode>, report: Report): void {
  const own = new Set([...schedules.values()].map((node) => node.tick));
  for (const [name, event] of events) {
    if (name.startsWith(ownPrefix) && !own.has(event)) report(name, `names that start with "${ownPrefix}" are the engine's own: rename the event`);
  }
}

function checkHandled(
  events: ReadonlyMap<string, AnyEvent>,
  subscribers: ReadonlyMap<string, readonly HandlerDefinition[]>,
  schedules: ReadonlyMap<string, ScheduleNode>,
  waived: ReadonlySet<string>,
  report: Report,
): void {
  for (const name of events.keys()) {
    const handled = subscribers.has(name);
    if (!handled && !waived.has(name)) report(name, "no handler handles this event: add one, or list the event in `unhandled` if others consume it");
    if (handled && waived.has(name)) report(name, "this event is listed in `unhandled`, but a handler handles it: remove it from the list");
  }
  for (const node of schedules.values()) {
    if (node.schedule.grants.emits.length + node.schedule.grants.writes.length === 0)
      report(node.schedule.name, "this schedule neither emits nor writes: declare what it does");
  }
}

/** A cycle is allowed only where a handler on it declares `maxHops`; the others together must form no cycle. */
function checkCycles(handlers: ReadonlyMap<string, HandlerDefinition>, subscribers: ReadonlyMap<string, readonly HandlerDefinition[]>, report: Report): void {
  const done = new Set<HandlerDefinition>();
  const path: HandlerDefinition[] = [];
  const visit = (handler: HandlerDefinition): void => {
    const start = path.indexOf(handler);
    if (start >= 0) {
      const names = [...path.slice(start), handler].map((node) => node.name).join(" → ");
      report(handler.name, `a cycle without an end: ${names}; break it, or give one of its handlers \`maxHops\``);
      return;
    }
    if (done.has(handler) || handler.maxHops !== undefined) return;
    path.push(handler);
    for (const event of handler.grants.emits) for (const next of subscribers.get(event.name) ?? []) visit(next);
    path.pop();
    done.add(handler);
  };
  for (const handler of handlers.values()) visit(handler);
}

function checkPaths(endpoints: ReadonlyMap<string, EndpointDefinition>, report: Report): void {
  const seen = new Map<string, string>();
  for (const endpoint of endpoints.values()) {
    const shape = `${endpoint.method} ${endpoint.path.replaceAll(/:\w+/g, ":")}`;
    const other = seen.get(shape);
    if (other !== undefined) report(endpoint.name, `it answers the same method and path as ${other}: change one`);
    seen.set(shape, endpoint.name);
  }
}

const tickPrefix = `${ownPrefix}schedule.`;

/** Accepts what the engine itself writes: `{ scheduledAt: "…" }`. */
const tickSchema: Schema<Tick> = {
  "~standard": {
    version: 1,
    vendor: "pulsequeue",
    validate: (value) => {
      const valid = typeof value === "object" && value !== null && "scheduledAt" in value && typeof value.scheduledAt === "string";
      return valid ? { value: value as Tick } : { issues: [{ message: "not a tick" }] };
    },
  },
};

function tickEvent(schedule: string): AnyEvent {
  return defineEvent(`${tickPrefix}${schedule}`, { schema: tickSchema });
}

function scheduleHandler(schedule: ScheduleDefinition, tick: AnyEvent): HandlerDefinition {
  return Object.freeze({
    kind: "handler" as const,
    name: schedule.name,
    on: [tick],
    grants: schedule.grants satisfies GrantSet,
    ordered: false,
    concurrency: { batches: 1, limit: 1, key: undefined },
    retry: retryPolicy(schedule.name),
    timeout: 30_000,
    maxHops: undefined,
    handle: (event: EventMessage, ctx: Parameters<HandlerDefinition["handle"]>[1]) => schedule.handle(event.data as Tick, ctx),
  });
}
