/**
 * Items of the deliveries table: `p` = `<owner>#<hash>`, so that a role can be bound to the deliveries of its own handler.
 *
 * A delivery gets its record (`s` = `d`, or `d#<run>` for a replay) only when something is known of it: it is done, waits for
 * another attempt, is dead, was sent again or claimed. One without a record is in its queue. Every write gives the record
 * another `v`, and holds only if `v` is what was read: a late finisher finds it changed, and its work is lost, not done twice.
 *
 * Index `open` (`o` = handler, sorted by `q`) has the records that are neither done nor discarded.
 */
import type { DeliveryState, Failure } from "../../../core/delivery.ts";
import type { EventRecord } from "../../../core/envelope.ts";
import { decodeJson } from "../../../core/json.ts";
import { needNumber, needText, numberOf, textOf, toItem, type Item } from "./attributes.ts";
import { identityOf, urlHash } from "./journal.ts";

type Hash = (text: string) => string;

/** What a record says of its event. */
export interface DeliveredEvent extends Pick<EventRecord, "id" | "type" | "key" | "tenant"> {
  /** Its `p` in the journal. */
  readonly journalKey: string;
  /** Its position in the journal. */
  readonly sequence: number;
}

export interface DeliveryRecord {
  readonly handler: string;
  /** 0 for the delivery that came with the event; else the number of the replay, above 0. */
  readonly run: number;
  readonly state: DeliveryState;
  /** Attempts used in this series. */
  readonly attempts: number;
  /** When it may start, for `scheduled` and `retrying`, milliseconds since 1970. */
  readonly dueAt?: number | undefined;
  readonly failure?: Failure | undefined;
  /** Keys of the rows it wrote, as `table/key`. */
  readonly wrote?: readonly string[];
  readonly milliseconds?: number | undefined;
  /** When it ended, milliseconds since 1970. */
  readonly endedAt?: number | undefined;
  /** How often an operator sent it again. */
  readonly redrives: number;
  /** Another number after each write: what the next write is guarded by. */
  readonly version: number;
  /** How often its message had been received when this was written: what these receives came of is known. */
  readonly received?: number | undefined;
  /** Until when its attempt is believed to run, for `running`, milliseconds since 1970. */
  readonly lease?: number | undefined;
  /** `undefined` for a message that was none of ours: then `raw` is there. */
  readonly event?: DeliveredEvent | undefined;
  /** The body of a message that could not be read. To send it again: state `done`, with `send`; the relay sends the body, and a new record is made where it fails again. */
  readonly raw?: string | undefined;
  /** Asks the relay to send it to its handler's queue, each time that a write has it. */
  readonly send?: number | undefined;
}

export interface DeliveryKey {
  readonly p: string;
  readonly s: string;
}

/** Partition of everything about one event for one handler. */
export function deliveryPartition(handler: string, journalKey: string): string {
  return `${handler}#${identityOf(journalKey)}`;
}

export function deliveryKey(handler: string, journalKey: string, run: number): DeliveryKey {
  return { p: deliveryPartition(handler, journalKey), s: deliverySort(run) };
}

/** Key of the record of a message that could not be read. */
export function rawKey(hash: Hash, handler: string, raw: string): DeliveryKey {
  return { p: `${handler}#${urlHash(hash, raw)}`, s: deliverySort(0) };
}

function deliverySort(run: number): string {
  return run === 0 ? "d" : `d#${String(run)}`;
}

/** Prefix of `s` of every record of a partition, replays included; steps and answers have others. */
export const deliverySorts = "d";

/** States in which a record is in the index `open`. */
function isOpen(state: DeliveryState): boolean {
  return state !== "done" && state !== "discarded";
}

export function deliveryItem(key: DeliveryKey, record: DeliveryRecord): Item {
  const { handler, run, state, attempts, event, failure, wrote = [] } = record;
  return toItem({
    p: key.p, // not spread: an object of one fixed shape takes a tenth of the time
    s: key.s,
    hd: handler,
    rn: run === 0 ? undefined : run,
    st: state,
    a: attempts,
    du: record.dueAt,
    f: failure === undefined ? undefined : JSON.stringify(failure),
    wr: wrote.length === 0 ? undefined : JSON.stringify(wrote),
    ms: record.milliseconds,
    z: record.endedAt,
    r: record.redrives === 0 ? undefined : record.redrives,
    v: record.version,
    rc: record.received,
    le: record.lease,
    e: event?.journalKey,
    i: event?.id,
    t: event?.type,
    k: event?.key,
    n: event?.tenant,
    q: event?.sequence ?? record.version,
    raw: record.raw,
    send: record.send,
    o: isOpen(state) ? handler : undefined,
  });
}

/** Throws `STORE_CORRUPT` for an item that is no record. */
export function readDelivery(item: Item): DeliveryRecord {
  const journalKey = textOf(item, "e");
  const [failure, wrote] = [textOf(item, "f"), textOf(item, "wr")];
  return {
    handler: needText(item, "hd"),
    run: numberOf(item, "rn") ?? 0,
    state: needText(item, "st") as DeliveryState,
    attempts: needNumber(item, "a"),
    dueAt: numberOf(item, "du"),
    failure: failure === undefined ? undefined : (decodeJson(failure) as unknown as Failure),
    wrote: wrote === undefined ? [] : (decodeJson(wrote) as unknown as readonly string[]),
    milliseconds: numberOf(item, "ms"),
    endedAt: numberOf(item, "z"),
    redrives: numberOf(item, "r") ?? 0,
    version: needNumber(item, "v"),
    received: numberOf(item, "rc"),
    lease: numberOf(item, "le"),
    event:
      journalKey === undefined
        ? undefined
        : {
            journalKey,
            id: needText(item, "i"),
            type: needText(item, "t"),
            key: textOf(item, "k"),
            tenant: textOf(item, "n"),
            sequence: needNumber(item, "q"),
          },
    raw: textOf(item, "raw"),
    send: numberOf(item, "send"),
  };
}

/** Prefix of `s` of the steps of one run. */
export function stepPrefix(run: number): string {
  return `s#${String(run)}#`;
}

export function stepItem(p: string, run: number, name: string, result: string): Item {
  return toItem({ p, s: stepPrefix(run) + name, b: result });
}

/** Key of the answer to a request: its first part is the endpoint's name. */
export function answerKey(hash: Hash, request: string): DeliveryKey {
  const endpoint = request.split("\u0000", 1)[0] ?? "";
  return { p: `${endpoint}#${urlHash(hash, request)}`, s: "a" };
}
