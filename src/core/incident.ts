/** How far an incident reached: from where it began along what caused what. */
import { PulseQueueError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import type { Json } from "./json.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { personalValues, redacted } from "./personal-data.ts";
import type { EventView, IncidentFilter, IncidentScope, Inspect, TraceNode } from "./queue.ts";
import type { Topology } from "./topology.ts";

export interface IncidentOptions {
  /** Every event that this principal published. */
  readonly eventsOf: (principal: string) => Promise<readonly EventView[]>;
  readonly inspect: Pick<Inspect, "events" | "trace">;
  readonly ledger: Pick<Ledger, "entries">;
  readonly topology: Pick<Topology, "events">;
}

const page = 1_000;

export async function incidentScope(options: IncidentOptions, filter: IncidentFilter): Promise<IncidentScope> {
  if (Object.values(filter).every((value) => value === undefined))
    throw new PulseQueueError("OPERATION_INVALID", "An incident needs a principal, an event or a time where it began");
  const events = new Map<number, EventView>();
  const effects = new Set<string>();
  const handlers = new Set<string>();
  const add = ({ event, deliveries }: TraceNode): void => {
    events.set(event.sequence, event);
    for (const { handler, wrote, emitted } of deliveries) {
      handlers.add(handler);
      for (const row of wrote) effects.add(row);
      for (const node of emitted) add(node);
    }
  };
  for (const root of await rootsOf(options, filter)) {
    if (events.has(root.sequence)) continue; // caused by one that was looked at
    for (const node of await options.inspect.trace(root.correlationId)) for (const found of nodesOf(node, root)) add(found);
  }
  const found = [...events.values()].sort((left, right) => left.sequence - right.sequence);
  return {
    events: found.map(({ data: _personal, ...event }) => event),
    effects: [...effects].sort(),
    handlers: [...handlers].sort(),
    keys: [...new Set(found.flatMap(({ key }) => key ?? []))].sort(),
    subjects: [...new Set(found.flatMap((event) => subjectOf(options.topology.events.get(event.type), event.data) ?? []))].sort(),
    tenants: [...new Set(found.flatMap(({ tenant }) => tenant ?? []))].sort(),
    actions: await actionsOf(options, filter),
  };
}

/** Whom an event's data is about. */
function subjectOf(event: AnyEvent | undefined, data: Json): string | undefined {
  if (event?.subject === undefined) return undefined;
  try {
    const subject = event.subject(data as never);
    return typeof subject !== "string" || personalValues(data, event.pii).includes(subject) ? redacted : subject;
  } catch {
    return undefined; // data of another version
  }
}

/** The nodes of a flow that are `root`: once, and once more for each handler that a merged flow shows it under. */
function nodesOf(node: TraceNode, root: EventView): readonly TraceNode[] {
  if (node.event.sequence === root.sequence) return [node];
  return node.deliveries.flatMap(({ emitted }) => emitted.flatMap((next) => nodesOf(next, root)));
}

async function rootsOf(options: IncidentOptions, { principal, event, since }: IncidentFilter): Promise<readonly EventView[]> {
  const roots = await (principal !== undefined ? options.eventsOf(principal) : ofJournal(options, event, since));
  if (event !== undefined && roots.length === 0 && principal === undefined) throw new PulseQueueError("NOT_FOUND", "There is no such event");
  return roots.filter((root) => (event === undefined || root.id === event) && (since === undefined || Date.parse(root.time) >= since));
}

async function ofJournal({ inspect }: IncidentOptions, event: string | undefined, since: number | undefined): Promise<readonly EventView[]> {
  if (event !== undefined) return await inspect.events({ id: event });
  const found: EventView[] = [];
  for (let after = 0; ;) {
    const events = await inspect.events({ after, limit: page, ...(since === undefined ? {} : { from: since }) });
    found.push(...events);
    after = events.at(-1)?.sequence ?? after;
    if (events.length < page) return found;
  }
}

/** What was recorded by the principal or about its key; of an event alone nothing is. */
async function actionsOf({ ledger }: IncidentOptions, { principal, event, since }: IncidentFilter): Promise<readonly LedgerEntry[]> {
  if (principal === undefined && event !== undefined) return [];
  const key = principal?.startsWith("key:") === true ? principal.slice("key:".length) : undefined;
  const found: LedgerEntry[] = [];
  for (let after = 0; ;) {
    const entries = await ledger.entries({ after, limit: page, ...(since === undefined ? {} : { from: since }) });
    const isOfIt = ({ by, action, subject }: LedgerEntry): boolean =>
      principal === undefined ||
      by === principal ||
      (key !== undefined && (subject === key || (action === "contain" && subject.includes(JSON.stringify(key)))));
    found.push(...entries.filter(isOfIt));
    after = entries.at(-1)?.sequence ?? after;
    if (entries.length < page) return found;
  }
}
