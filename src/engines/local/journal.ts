/**
 * The journal: every accepted event once, in one order, each row with a hash over its content and the hash before it. It is
 * the outbox, the audit trail and the source of replay. A row's hash is checked whenever the row is read, since SQLite's
 * pages carry no checksum: a flipped bit is found before it is served.
 */
import type { EventRecord, NewEvent } from "../../core/envelope.ts";
import { isPulseQueueError, PulseQueueError } from "../../core/errors.ts";
import { decodeJson, sameJson, type Json } from "../../core/json.ts";
import type { Receipt } from "../../core/ports.ts";
import { eventPlace } from "../../core/sealed-store.ts";
import { openJson, type Vault } from "../../core/vault.ts";
import { openNames } from "./names.ts";
import type { EventRow, JournalStatements } from "./statements/journal.ts";
import type { MetaStatements } from "./statements/meta.ts";
import { sha256 } from "../../machine/hash.ts";

export interface Journal {
  /** Appends inside the transaction of the caller. An error, `IDENTITY_REUSED` or `STORE_CORRUPT`, stands for an event that was not stored. */
  append(event: NewEvent): AppendResult;
  /** Whether an event with this identity and other content is there. */
  clashes(event: NewEvent): boolean;
  /** Undoes what the transaction that failed had changed here in memory. */
  revert(): void;
  /** Makes what the transaction changed here final. */
  confirm(): void;
  /** The event of a row, after its hash was checked. Throws `STORE_CORRUPT` with the position. */
  read(row: EventRow): EventRecord;
  /** An event's data as people see it, opened; what was erased is `[erased]`. Throws `KEY_MISSING`. */
  shown(type: string, data: string): Json;
  typeId(name: string): number;
  tableId(name: string): number;
  typeName(id: number): string;
  /** The position of the last event. */
  readonly head: number;
  /** The position and hash of the last event as text: what `meta` keeps as a seal when the file is closed. */
  readonly seal: string;
}

export type AppendResult = { readonly receipt: Receipt; readonly sequence: number } | { readonly error: PulseQueueError };

interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** The hash before the first event. */
export const genesis = "";

export function openJournal(journal: JournalStatements, meta: MetaStatements, vault?: Vault): Journal {
  const types = openNames(meta, "type");
  const sources = openNames(meta, "source");
  const tables = openNames(meta, "table");
  let head = readHead(journal, meta);
  let committed = head;

  const duplicate = (event: NewEvent, source: number): AppendResult => {
    const row = journal.byIdentity(event.id, source, event.tenant ?? null);
    if (row === undefined) throw new PulseQueueError("INTERNAL", "An event that is there already cannot be read");
    const { id, type, data } = read(row);
    if (type === event.type && (data === event.data || sameJson(decodeJson(data), decodeJson(event.data)))) {
      return { receipt: { id, duplicate: true }, sequence: row[0] };
    }
    return { error: new PulseQueueError("IDENTITY_REUSED", `The id ${event.id} of source ${event.source} was published before with other data`) };
  };

  const read = (row: EventRow): EventRecord => {
    const [seq, type, source, id, time, key, tenant, version, correlation, causation, hops, traceparent, due, data, previous, hash] = row;
    const typeName = types.name(type);
    const sourceName = sources.name(source);
    if (contentHash(previous, seq, typeName, sourceName, id, time, key, tenant, version, correlation, causation, hops, traceparent, due, data) !== hash) {
      throw new PulseQueueError("STORE_CORRUPT", `The event at position ${String(seq)} does not match its hash`);
    }
    return {
      id,
      type: typeName,
      source: sourceName,
      time,
      data,
      version,
      key: key ?? undefined,
      correlationId: correlation ?? undefined,
      causationId: causation ?? undefined,
      hops,
      traceparent: traceparent ?? undefined,
      tenant: tenant ?? undefined,
    };
  };

  return {
    append(event) {
      const source = sources.id(event.source);
      const seq = head.seq + 1;
      const { id, time, key = null, tenant = null, version, correlationId = null, causationId = null, hops, traceparent = null, dueAt = null, data } = event;
      const hash = contentHash(
        head.hash,
        seq,
        event.type,
        event.source,
        id,
        time,
        key,
        tenant,
        version,
        correlationId,
        causationId,
        hops,
        traceparent,
        dueAt,
        data,
      );
      if (
        !journal.insert([
          seq,
          types.id(event.type),
          source,
          id,
          time,
          key,
          tenant,
          version,
          correlationId,
          causationId,
          hops,
          traceparent,
          dueAt,
          data,
          head.hash,
          hash,
        ])
      ) {
        try {
          return duplicate(event, source);
        } catch (thrown) {
          if (!isPulseQueueError(thrown)) throw thrown;
          return { error: thrown }; // of a damaged event: others of this write may be in the transaction already
        }
      }
      head = { seq, hash };
      return { receipt: { id, duplicate: false }, sequence: seq };
    },
    clashes(event) {
      const source = sources.id(event.source);
      return journal.byIdentity(event.id, source, event.tenant ?? null) !== undefined && "error" in duplicate(event, source);
    },
    revert() {
      head = committed;
      for (const names of [types, sources, tables]) names.forget();
    },
    confirm() {
      committed = head;
    },
    read,
    shown: (type, data) => openJson(vault, data, eventPlace(type), "mark"),
    typeId: (name) => types.id(name),
    tableId: (name) => tables.id(name),
    typeName: (id) => types.name(id),
    get head() {
      return head.seq;
    },
    get seal() {
      return `${String(head.seq)} ${head.hash}`;
    },
  };
}

/** The last event, or the anchor that retention left when it removed every event. */
function readHead(journal: JournalStatements, meta: MetaStatements): Head {
  const last = journal.last();
  if (last !== undefined) return { seq: last[0], hash: last[1] };
  const anchor = meta.get("anchor");
  return anchor === undefined ? { seq: 0, hash: genesis } : parseLink(String(anchor));
}

/** A position and its hash, as `meta` keeps the last event that retention removed (`anchor`) and the last one at a close (`seal`). */
export function parseLink(text: string): Head {
  const [seq = "0", hash = genesis] = text.split(" ");
  return { seq: Number(seq), hash };
}

/**
 * The hash of an event and of the hash before it. The fields are parted by line feeds, which none of them can hold: names,
 * ids and keys are free of control characters, and JSON text escapes them.
 */
export function contentHash(
  previous: string,
  seq: number,
  type: string,
  source: string,
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
): string {
  const numbers = `${String(time)}\n${key ?? ""}\n${tenant ?? ""}\n${String(version)}`;
  const origin = `${correlation ?? ""}\n${causation ?? ""}\n${String(hops)}\n${traceparent ?? ""}\n${String(due ?? "")}`;
  return sha256(`${previous}\n${String(seq)}\n${type}\n${source}\n${id}\n${numbers}\n${origin}\n${data}`);
}
