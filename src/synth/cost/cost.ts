/**
 * What events cost in AWS, per million, from what the engine does for each: an estimate by counting units, without storage,
 * free tier and data transfer. A transaction's write of up to 1 KB is two write units, a plain one is one; an index of a table
 * is one more for each write that changes it (Amazon DynamoDB developer guide, "Read/write capacity mode", read 2026-11).
 */
import type { HandlerDefinition } from "../../core/handler.ts";
import type { Topology } from "../../core/topology.ts";
import type { Prices } from "./prices.ts";

/** What is assumed of the work. Every field is an average. */
export interface Workload {
  /** Bytes of an event with its envelope. */
  readonly eventBytes: number;
  /** Bytes of a row. */
  readonly rowBytes: number;
  /** Rows that a delivery reads and writes; a handler that declares no table has none. */
  readonly reads: number;
  readonly writes: number;
  /** Events in a batch: one transaction and one call of the function for all of them. 1 to 10. */
  readonly batch: number;
  /** Milliseconds that one event takes its handler. */
  readonly milliseconds: number;
  /** MiB of the function. */
  readonly memory: number;
}

export const usualWorkload: Workload = { eventBytes: 1_024, rowBytes: 512, reads: 1, writes: 1, batch: 10, milliseconds: 20, memory: 512 };

/** Units of a million events, and what they cost together. */
export interface Cost {
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly busEvents: number;
  readonly queueRequests: number;
  readonly fifoRequests: number;
  readonly calls: number;
  readonly gigabyteSeconds: number;
  /** US dollars for a million events. */
  readonly dollars: number;
}

type Units = Omit<Cost, "dollars">;

const none: Units = { writeUnits: 0, readUnits: 0, busEvents: 0, queueRequests: 0, fifoRequests: 0, calls: 0, gigabyteSeconds: 0 };

/** Bytes of a delivery's record, of a journal item without its data, and of an idempotency record of Powertools: all below 1 KB. */
const envelopeBytes = 450;
/** Milliseconds that the relay needs for one event in a batch; its memory is the usual one. */
const relayMilliseconds = 1;
/** Records of a stream that the relay takes at once. */
const relayBatch = 100;

/** Accepting one event and carrying it to its handlers: journal with its two indexes, relay, bus or FIFO queue. */
export function eventCost(topology: Topology, event: string, work: Workload, prices: Prices): Cost {
  const subscribers = topology.subscribers.get(event) ?? [];
  const ordered = subscribers.filter((handler) => handler.ordered).length;
  const isOnBus = subscribers.length > ordered;
  const size = kilobytes(work.eventBytes + envelopeBytes);
  // Within a transaction, as an emitted event is; both indexes hold the whole item.
  const units = { ...none, writeUnits: 2 * size + 2 * size, calls: 1 / relayBatch, gigabyteSeconds: gigabyteSeconds(relayMilliseconds, work.memory) };
  const chunks = chunksOf(work.eventBytes);
  return priced({ ...units, writeUnits: units.writeUnits + (ordered > 0 ? 2 : 0), busEvents: isOnBus ? chunks : 0, fifoRequests: ordered * chunks }, prices);
}

/** One delivery of one event to `handler`: queue, function, record, rows. What it emits is counted where it is accepted. */
export function deliveryCost(handler: Pick<HandlerDefinition, "ordered" | "grants">, work: Workload, prices: Prices): Cost {
  const rows = rowsOf(handler, work);
  const indexes = handler.grants.writes.reduce((most, table) => Math.max(most, table.indexFields.size), 0);
  const row = kilobytes(work.rowBytes);
  // The bus sends each event to the queue in a request of its own; the relay did so where the queue is FIFO. A batch is taken and deleted by one request each.
  const requests = (handler.ordered ? 0 : chunksOf(work.eventBytes)) + 2 / work.batch;
  return priced(
    {
      ...none,
      // What was read and is not written is checked by the transaction, which costs as much as a write of it.
      writeUnits: 2 + rows.writes * (2 * row + indexes * row) + Math.max(0, rows.reads - rows.writes) * 2 * row,
      readUnits: rows.reads * Math.ceil(work.rowBytes / 4_096),
      ...(handler.ordered ? { fifoRequests: requests } : { queueRequests: requests }),
      calls: 1 / work.batch,
      gigabyteSeconds: gigabyteSeconds(work.milliseconds, work.memory),
    },
    prices,
  );
}

/** The same event put on the bus, or sent to each FIFO queue, by hand: without a journal, so that it can part from the row that it tells of. */
export function handWiredEventCost(topology: Topology, event: string, work: Workload, prices: Prices): Cost {
  const { busEvents, fifoRequests } = eventCost(topology, event, work, prices);
  return priced({ ...none, busEvents, fifoRequests }, prices);
}

/**
 * The same delivery wired by hand: queue, function, and the idempotency utility of Powertools for AWS Lambda around each record:
 * one write before and one after, and a row each of its own. It is not atomic: what it emits and what it writes can part.
 */
export function handWiredCost(handler: Pick<HandlerDefinition, "ordered" | "grants">, work: Workload, prices: Prices): Cost {
  const rows = rowsOf(handler, work);
  const own = deliveryCost(handler, work, prices);
  const indexes = handler.grants.writes.reduce((most, table) => Math.max(most, table.indexFields.size), 0);
  const row = kilobytes(work.rowBytes);
  return priced({ ...own, writeUnits: 2 + rows.writes * (row + indexes * row) }, prices);
}

function rowsOf({ grants }: Pick<HandlerDefinition, "grants">, work: Workload): Pick<Workload, "reads" | "writes"> {
  const writes = grants.writes.length > 0 ? work.writes : 0;
  return { writes, reads: grants.reads.length + grants.writes.length > 0 ? work.reads : 0 };
}

function kilobytes(bytes: number): number {
  return Math.ceil(bytes / 1_024);
}

/** Bus and queues count each 64 KB. */
function chunksOf(bytes: number): number {
  return Math.ceil(bytes / 65_536);
}

function gigabyteSeconds(milliseconds: number, memory: number): number {
  return (milliseconds / 1_000) * (memory / 1_024);
}

function priced(units: Units, prices: Prices): Cost {
  const dollars =
    units.writeUnits * prices.writeUnits +
    units.readUnits * prices.readUnits +
    units.busEvents * prices.busEvents +
    units.queueRequests * prices.queueRequests +
    units.fifoRequests * prices.fifoRequests +
    units.calls * prices.calls +
    units.gigabyteSeconds * prices.gigabyteSeconds;
  return { ...units, dollars };
}
