import type { Database } from "better-sqlite3";
import type { EventFilter } from "../../../core/queue.ts";
import { checkedDeliveries, deliveryColumns, stored, type DeliveryRow, type StoredState } from "./deliveries.ts";
import { eventColumns, type EventRow } from "./journal.ts";

/** A condition of a WHERE clause with the value of its parameter. */
type Condition = readonly [sql: string, ...values: (string | number)[]];

/** A place in the order of deliveries. */
export interface DeliveryPlace {
  readonly seq: number;
  readonly handler: number;
  readonly run: number;
}

/** Names dead letters, in the numbers of the file. */
export interface DeadFilter {
  /** Handlers that it must be of, every one of them. */
  readonly handlers: readonly number[];
  readonly seq?: number;
  readonly run?: number;
  readonly eventId?: string;
  readonly source?: string;
  readonly type?: number;
  readonly key?: string;
  readonly tenant?: string;
  readonly code?: string;
  readonly after?: DeliveryPlace;
}

/** Narrows deliveries, in the numbers of the file. */
export interface RowFilter {
  readonly handler?: number;
  readonly states?: readonly StoredState[];
  /** Due by this time, or only later. */
  readonly dueBy?: number;
  readonly dueAfter?: number;
  readonly seq?: number;
  readonly source?: string;
  readonly key?: string;
  readonly tenant?: string;
  readonly type?: number;
  readonly after?: DeliveryPlace;
}

/** Events of one type past a handler's cursor that have no row of their own. */
export interface PendingFilter {
  readonly handler: number;
  readonly type: number;
  readonly after: number;
  readonly source?: string;
  readonly key?: string;
  readonly tenant?: string;
}

/** Queries for people, put together from filters: every value is a parameter. */
export interface InspectStatements {
  events(filter: EventFilter & { readonly typeId?: number }, limit: number): readonly EventRow[];
  /** Rows of `deliveries`, by journal position. */
  deliveries(filter: RowFilter, limit: number): readonly DeliveryRow[];
  /** What a handler's cursor has before it, oldest first. */
  pending(filter: PendingFilter, limit: number): readonly EventRow[];
  dead(filter: DeadFilter, limit: number): readonly DeliveryRow[];
  countByState(handler: number, now: number): ReadonlyMap<StoredState, number>;
  /** Time of the oldest event that may be handled now. */
  oldestReady(handler: number, now: number): number | undefined;
}

/** A source that no event has is no number. */
const ofSource = "e.source = (SELECT n.id FROM names n WHERE n.kind = 'source' AND n.name = ?)";

function afterPlace({ seq, handler, run }: DeliveryPlace): Condition {
  return ["(d.seq, d.handler, d.run) > (?, ?, ?)", seq, handler, run];
}

export function inspectStatements(db: Database): InspectStatements {
  const select = (sql: string, conditions: readonly Condition[], tail: string, limit: number): readonly unknown[] => {
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.map(([condition]) => condition).join(" AND ")}`;
    return db
      .prepare(`${sql} ${where} ${tail} LIMIT ?`)
      .raw()
      .all(...conditions.flatMap(([, ...values]) => values), limit);
  };
  const byState = db.prepare("SELECT d.state, count(*) FROM deliveries d WHERE d.handler = ? GROUP BY d.state").raw();
  const overdue = db.prepare("SELECT d.state, count(*) FROM deliveries d WHERE d.handler = ? AND d.state IN (1, 4, 7) AND d.due <= ? GROUP BY d.state").raw();
  const oldest = db
    .prepare("SELECT min(e.time) FROM deliveries d JOIN events e ON e.seq = d.seq WHERE d.handler = ? AND d.state IN (1, 2, 4, 7) AND d.due <= ?")
    .pluck();
  return {
    events(filter, limit) {
      const conditions: Condition[] = [];
      if (filter.typeId !== undefined) conditions.push(["e.type = ?", filter.typeId]);
      if (filter.key !== undefined) conditions.push(["e.key = ?", filter.key]);
      if (filter.tenant !== undefined) conditions.push(["e.tenant = ?", filter.tenant]);
      if (filter.id !== undefined) conditions.push(["e.id = ?", filter.id]);
      if (filter.source !== undefined) conditions.push([ofSource, filter.source]);
      if (filter.correlationId !== undefined) conditions.push(["coalesce(e.correlation, e.id) = ?", filter.correlationId]);
      if (filter.from !== undefined) conditions.push(["e.time >= ?", filter.from]);
      if (filter.to !== undefined) conditions.push(["e.time < ?", filter.to]);
      if (filter.after !== undefined) conditions.push(["e.seq > ?", filter.after]);
      if (filter.before !== undefined) conditions.push(["e.seq < ?", filter.before]);
      return select(
        `SELECT ${eventColumns} FROM events e`,
        conditions,
        `ORDER BY e.seq ${filter.after === undefined ? "DESC" : "ASC"}`,
        limit,
      ) as unknown as EventRow[];
    },
    deliveries(filter, limit) {
      const conditions: Condition[] = [];
      if (filter.handler !== undefined) conditions.push(["d.handler = ?", filter.handler]);
      if (filter.seq !== undefined) conditions.push(["d.seq = ?", filter.seq]);
      if (filter.after !== undefined) conditions.push(afterPlace(filter.after));
      if (filter.dueBy !== undefined) conditions.push(["d.due <= ?", filter.dueBy]);
      if (filter.dueAfter !== undefined) conditions.push(["d.due > ?", filter.dueAfter]);
      if (filter.source !== undefined) conditions.push([ofSource, filter.source]);
      if (filter.key !== undefined) conditions.push(["e.key = ?", filter.key]);
      if (filter.tenant !== undefined) conditions.push(["e.tenant = ?", filter.tenant]);
      if (filter.type !== undefined) conditions.push(["e.type = ?", filter.type]);
      if (filter.states !== undefined) conditions.push(["d.state IN (SELECT value FROM json_each(?))", JSON.stringify(filter.states)]);
      return checkedDeliveries(
        select(`SELECT ${deliveryColumns} FROM deliveries d JOIN events e ON e.seq = d.seq`, conditions, "ORDER BY d.seq, d.handler, d.run", limit),
      );
    },
    pending(filter, limit) {
      const conditions: Condition[] = [["e.due IS NULL AND e.type = ? AND e.seq > ?", filter.type, filter.after]];
      conditions.push(["NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.handler = ? AND d.seq = e.seq AND d.run = 0)", filter.handler]);
      if (filter.source !== undefined) conditions.push([ofSource, filter.source]);
      if (filter.key !== undefined) conditions.push(["e.key = ?", filter.key]);
      if (filter.tenant !== undefined) conditions.push(["e.tenant = ?", filter.tenant]);
      return select(`SELECT ${eventColumns} FROM events e`, conditions, "ORDER BY e.seq", limit) as unknown as EventRow[];
    },
    dead(filter, limit) {
      const conditions: Condition[] = [["d.state = ?", stored.dead]];
      if (filter.seq !== undefined) conditions.push(["d.seq = ?", filter.seq]);
      if (filter.run !== undefined) conditions.push(["d.run = ?", filter.run]);
      for (const handler of filter.handlers) conditions.push(["d.handler = ?", handler]);
      if (filter.after !== undefined) conditions.push(afterPlace(filter.after));
      if (filter.source !== undefined) conditions.push([ofSource, filter.source]);
      if (filter.eventId !== undefined) conditions.push(["e.id = ?", filter.eventId]);
      if (filter.type !== undefined) conditions.push(["e.type = ?", filter.type]);
      if (filter.key !== undefined) conditions.push(["e.key = ?", filter.key]);
      if (filter.tenant !== undefined) conditions.push(["e.tenant = ?", filter.tenant]);
      if (filter.code !== undefined) conditions.push(["json_extract(d.failure, '$.code') = ?", filter.code]);
      return checkedDeliveries(
        select(`SELECT ${deliveryColumns} FROM deliveries d JOIN events e ON e.seq = d.seq`, conditions, "ORDER BY d.seq, d.handler, d.run", limit),
      );
    },
    countByState(handler, now) {
      const counts = new Map(byState.all(handler) as [StoredState, number][]);
      for (const [state, count] of overdue.all(handler, now) as [StoredState, number][]) {
        counts.set(state, (counts.get(state) ?? 0) - count);
        counts.set(stored.ready, (counts.get(stored.ready) ?? 0) + count);
      }
      return counts;
    },
    oldestReady: (handler, now) => (oldest.get(handler, now) as number | null) ?? undefined,
  };
}
