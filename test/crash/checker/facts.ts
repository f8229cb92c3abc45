/** The evidence, put in order once for all invariants. */
import type { Entry, Evidence, StoredDelivery, StoredEvent } from "../evidence.ts";
import type { Answer, Request } from "../protocol.ts";

export const app = "crash";

type Of<Kind extends Request["do"]> = Extract<Request, { do: Kind }>;

/** One request with what became of it. */
export interface Call<R extends Request = Request> {
  readonly number: number;
  readonly request: R;
  readonly outcome: { readonly type: "ok"; readonly answer: Answer } | { readonly type: "fail"; readonly code: string } | { readonly type: "unknown" };
}

export interface Facts extends Evidence {
  readonly publishes: ReadonlyMap<string, readonly Call<Of<"publish">>[]>;
  readonly batches: readonly Call<Of<"publish-many">>[];
  /** By `endpoint/key`. */
  readonly invokes: ReadonlyMap<string, readonly Call<Of<"invoke">>[]>;
  readonly operations: readonly Call<Of<"redrive" | "pause" | "resume">>[];
  readonly backups: readonly Call<Of<"backup">>[];
  /** Events by type. */
  readonly byType: ReadonlyMap<string, readonly StoredEvent[]>;
  /** Events that clients published, by id. */
  readonly published: ReadonlyMap<string, StoredEvent>;
  readonly deliveries: ReadonlyMap<string, StoredDelivery>;
  /** How often an operation that took effect sent an event again, by event id. */
  readonly redrives: ReadonlyMap<string, number>;
  /** Lives in which a simulated transport delivered again what was settled. */
  readonly duplicating: ReadonlySet<number>;
}

export type Report = (subject: string, message: string) => void;

export interface Invariant {
  readonly name: string;
  /** What holds, in words. */
  readonly statement: string;
  readonly check: (facts: Facts, report: Report) => void;
}

export function deliveryKey(handler: string, seq: number): string {
  return `${handler}/${String(seq)}`;
}

/** What the data of events holds; each type of event has some of it. */
interface EventFields {
  readonly token: string;
  readonly origin: string;
  readonly key: string;
  readonly number: number;
  readonly poison: "no" | "always" | "final";
  readonly orderId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly scheduledAt: string;
}

export function dataOf(event: StoredEvent): Partial<EventFields> {
  return JSON.parse(event.data) as Partial<EventFields>;
}

export function groupBy<Item>(items: Iterable<Item>, key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

export function collectFacts(evidence: Evidence): Facts {
  const calls = callsOf(evidence.history);
  const only = <Kind extends Request["do"]>(...kinds: readonly Kind[]): readonly Call<Of<Kind>>[] =>
    calls.filter((call): call is Call<Of<Kind>> => (kinds as readonly string[]).includes(call.request.do));
  const { file, history } = evidence;
  return {
    ...evidence,
    publishes: groupBy(only("publish"), ({ request }) => request.id),
    batches: only("publish-many"),
    invokes: groupBy(only("invoke"), ({ request }) => `${request.endpoint}/${request.key}`),
    operations: only("redrive", "pause", "resume"),
    backups: only("backup"),
    byType: groupBy(file.events, (event) => event.type),
    published: new Map(file.events.filter((event) => event.source === app).map((event) => [event.id, event])),
    deliveries: new Map(file.deliveries.map((delivery) => [deliveryKey(delivery.handler, delivery.seq), delivery])),
    redrives: redrivesOf(evidence),
    duplicating: new Set(history.flatMap((entry) => (entry.type === "start" && entry.duplicates ? [entry.life] : []))),
  };
}

/** A call that the history does not end is one whose outcome is unknown. */
function callsOf(history: readonly Entry[]): readonly Call[] {
  const outcomes = new Map<number, Call["outcome"]>();
  for (const entry of history) if (entry.type === "ok" || entry.type === "fail" || entry.type === "unknown") outcomes.set(entry.call, entry);
  return history.flatMap((entry): readonly Call[] =>
    entry.type === "call" ? [{ number: entry.call, request: entry.request, outcome: outcomes.get(entry.call) ?? { type: "unknown" } }] : [],
  );
}

function redrivesOf({ file }: Evidence): ReadonlyMap<string, number> {
  const redrives = new Map<string, number>();
  for (const { action, subject, count } of file.operations) {
    if (action !== "redrive") continue;
    const { eventId = "" } = JSON.parse(subject) as { readonly eventId?: string };
    redrives.set(eventId, (redrives.get(eventId) ?? 0) + count);
  }
  return redrives;
}
