/**
 * Buffered reads and writes of one batch. Nothing reaches the store before the commit, which carries a guard for every row
 * that was read by its key, and for every row that was found by a query and then written: if one changed meanwhile, the
 * commit is refused and the batch runs again on fresh rows. A savepoint per delivery lets one fail without the others.
 */
import type { NewEvent } from "./envelope.ts";
import type { Guard, RowQuery, RowWrite, Store, StoredRow } from "./ports.ts";
import { compareText } from "./table.ts";

interface Entry {
  readonly table: string;
  readonly key: string;
  /** The committed version that was read; `undefined` where the row was written without being read. */
  readonly version: number | undefined;
  /** Whether the version must still hold at the commit. */
  readonly guarded: boolean;
  readonly body: string | undefined;
  /** Index fields when it was written here. */
  readonly written: ReadonlyMap<string, string> | undefined;
  readonly subject?: string | undefined;
}

export interface UnitOfWork {
  read(table: string, key: string): Promise<string | undefined>;
  /** Rows that match, with what this batch wrote. */
  query(table: string, query: RowQuery): Promise<readonly string[]>;
  write(write: RowWrite): void;
  emit(event: NewEvent): void;
  /** Forgets what has been read, written and emitted since the last `keep`. */
  rollback(): void;
  /** Keeps what has been done so far; answers the `table/key` of the rows written since the last `keep`. */
  keep(): readonly string[];
  /** Guards, written rows and events of the whole batch so far. */
  readonly size: number;
  /** The same since the last `keep`. */
  readonly sizeSinceKeep: number;
  readonly guards: readonly Guard[];
  readonly writes: readonly RowWrite[];
  readonly events: readonly NewEvent[];
}

const none: readonly string[] = [];

export function openUnitOfWork(store: Pick<Store, "get" | "query">): UnitOfWork {
  const entries = new Map<string, Entry>();
  /** What each entry was before its first change since the last `keep`. */
  const undo = new Map<string, Entry | undefined>();
  const events: NewEvent[] = [];
  let keptEvents = 0;

  const touched = new Set<string>();

  const set = (id: string, entry: Entry): Entry => {
    if (!undo.has(id)) undo.set(id, entries.get(id));
    entries.set(id, entry);
    return entry;
  };
  /** The entry of a row that the store answered; what the batch knows already is newer. */
  const remember = (table: string, row: StoredRow): Entry => {
    const id = `${table}/${row.key}`;
    const body = row.version === 0 ? undefined : row.body;
    return entries.get(id) ?? set(id, { table, key: row.key, version: row.version, guarded: false, body, written: undefined });
  };
  const guard = (id: string, entry: Entry): void => {
    touched.add(id);
    if (!entry.guarded && entry.version !== undefined) set(id, { ...entry, guarded: true });
  };

  const writtenIn = (table: string): readonly Entry[] => [...entries.values()].filter((entry) => entry.table === table && entry.written !== undefined);

  return {
    async read(table, key) {
      const id = `${table}/${key}`;
      const entry = entries.get(id) ?? remember(table, (await store.get(table, key)) ?? { key, body: "", version: 0 });
      guard(id, entry);
      return entry.body;
    },
    async query(table, query) {
      const before = writtenIn(table).length;
      const rows = await store.query(table, { ...query, limit: query.limit + before });
      const found: { readonly order: string; readonly body: string }[] = [];
      for (const { row, order } of rows) {
        const entry = remember(table, row);
        if (entry.written === undefined && entry.body !== undefined) found.push({ order, body: entry.body });
      }
      for (const entry of writtenIn(table)) {
        const fields = query.index === undefined ? entry.key : entry.written?.get(query.index);
        if (entry.body !== undefined && fields?.startsWith(query.prefix) === true) found.push({ order: fields + entry.key, body: entry.body });
      }
      found.sort((left, right) => compareText(left.order, right.order));
      return found.slice(0, query.limit).map((row) => row.body);
    },
    write({ table, key, body, indexes, subject }) {
      const id = `${table}/${key}`;
      const version = entries.get(id)?.version;
      touched.add(id);
      set(id, { table, key, version, guarded: version !== undefined, body, written: indexes, ...(subject === undefined ? {} : { subject }) });
    },
    emit(event) {
      events.push(event);
    },
    rollback() {
      for (const [id, entry] of undo) {
        if (entry === undefined) entries.delete(id);
        else entries.set(id, entry);
      }
      undo.clear();
      touched.clear();
      events.length = keptEvents;
    },
    keep() {
      keptEvents = events.length;
      touched.clear();
      if (undo.size === 0) return none;
      const wrote: string[] = [];
      for (const id of undo.keys()) if (entries.get(id)?.written !== undefined) wrote.push(id);
      undo.clear();
      return wrote;
    },
    get size() {
      return entries.size + events.length;
    },
    get sizeSinceKeep() {
      return touched.size + events.length - keptEvents;
    },
    get guards() {
      const guards: Guard[] = [];
      for (const { table, key, version, guarded } of entries.values()) if (guarded && version !== undefined) guards.push({ table, key, version });
      return guards;
    },
    get writes() {
      const writes: RowWrite[] = [];
      for (const { table, key, body, written, subject } of entries.values()) {
        if (written !== undefined) writes.push({ table, key, body, indexes: written, ...(subject === undefined ? {} : { subject }) });
      }
      return writes;
    },
    get events() {
      return events;
    },
  };
}
