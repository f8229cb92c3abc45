import type { Database } from "better-sqlite3";

/** A row of `events` as SQLite answers it. The order is that of `eventColumns`. */
export type EventRow = readonly [
  seq: number,
  type: number,
  source: number,
  id: string,
  time: number,
  key: string | null,
  tenant: string | null,
  version: number,
  correlation: string | null,
  causation: string | null,
  hops: number,
  traceparent: string | null,
  due: number | null,
  data: string,
  previous: string,
  hash: string,
];

/** Columns of `events`, with the alias `e`. */
export const eventColumns =
  "e.seq, e.type, e.source, e.id, e.time, e.key, e.tenant, e.version, e.correlation, e.causation, e.hops, e.traceparent, e.due, e.data, e.previous, e.hash";

/** Statements on `events`. */
export interface JournalStatements {
  /** Appends one event; `false` where its identity is there already. */
  insert(row: EventRow): boolean;
  byIdentity(id: string, source: number, tenant: string | null): EventRow | undefined;
  bySequence(seq: number): EventRow | undefined;
  /** Events of one type after a position that are due at once, in journal order. */
  ofType(type: number, after: number, limit: number): readonly EventRow[];
  countOfType(type: number, after: number): number;
  /** The position and hash at the end of the journal. */
  last(): readonly [seq: number, hash: string] | undefined;
  first(): readonly [seq: number, previous: string] | undefined;
  /** Events after a position, in order. */
  page(after: number, limit: number): readonly EventRow[];
  /** Events of a flow, in order: those that began it, and all that carry their id. */
  ofFlow(correlation: string): readonly EventRow[];
  /** The latest time among the last events: an event that a slow handler emitted carries an older time than those before it. */
  newestTime(): number | undefined;
}

export function journalStatements(db: Database): JournalStatements {
  const insert = db.prepare(
    `INSERT INTO events (seq, type, source, id, time, key, tenant, version, correlation, causation, hops, traceparent, due, data, previous, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, source, coalesce(tenant, '')) DO NOTHING`,
  );
  const byIdentity = db.prepare(`SELECT ${eventColumns} FROM events e WHERE e.id = ? AND e.source = ? AND coalesce(e.tenant, '') = ?`).raw();
  const bySequence = db.prepare(`SELECT ${eventColumns} FROM events e WHERE e.seq = ?`).raw();
  const ofType = db.prepare(`SELECT ${eventColumns} FROM events e WHERE e.due IS NULL AND e.type = ? AND e.seq > ? ORDER BY e.seq LIMIT ?`).raw();
  const countOfType = db.prepare("SELECT count(*) FROM events e WHERE e.due IS NULL AND e.type = ? AND e.seq > ?").pluck();
  const last = db.prepare("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").raw();
  const first = db.prepare("SELECT seq, previous FROM events ORDER BY seq LIMIT 1").raw();
  const page = db.prepare(`SELECT ${eventColumns} FROM events e WHERE e.seq > ? ORDER BY e.seq LIMIT ?`).raw();
  const ofFlow = db
    .prepare(`SELECT ${eventColumns} FROM events e WHERE e.id = ? UNION SELECT ${eventColumns} FROM events e WHERE e.correlation = ? ORDER BY 1`)
    .raw();
  const newestTime = db.prepare("SELECT max(time) FROM (SELECT time FROM events ORDER BY seq DESC LIMIT 1000)").pluck();
  return {
    insert: (row) => insert.run(...row).changes === 1,
    byIdentity: (id, source, tenant) => byIdentity.get(id, source, tenant ?? "") as EventRow | undefined,
    bySequence: (seq) => bySequence.get(seq) as EventRow | undefined,
    ofType: (type, after, limit) => ofType.all(type, after, limit) as unknown as EventRow[],
    countOfType: (type, after) => countOfType.get(type, after) as number,
    last: () => last.get() as [number, string] | undefined,
    first: () => first.get() as [number, string] | undefined,
    page: (after, limit) => page.all(after, limit) as unknown as EventRow[],
    ofFlow: (correlation) => ofFlow.all(correlation, correlation) as unknown as EventRow[],
    newestTime: () => (newestTime.get() as number | null) ?? undefined,
  };
}
