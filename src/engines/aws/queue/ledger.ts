/**
 * The audit ledger on DynamoDB: one item an entry, and a head that every append moves under a guard, so that the chain never forks.
 * An act of an operator is one transaction with its entry.
 */
import { PulseQueueError } from "../../../core/errors.ts";
import type { Ledger, LedgerFilter, NewLedgerEntry } from "../../../core/ledger.ts";
import { chained, checkChain, complete, emptySeal, readEntry, type LedgerRow, type LedgerSeal } from "../../../core/ledger-chain.ts";
import type { System } from "../../../core/ports.ts";
import { createRefusals } from "../../../core/refusals.ts";
import { checkedLimit } from "../../../core/views.ts";
import { needNumber, needText, toItem, type Item } from "../items/attributes.ts";
import type { SystemTable, Write } from "./system-table.ts";

export interface AwsLedger extends Ledger {
  /**
   * Records `entry` together with `acts`, all or nothing; `false`: a condition of `acts` does not hold, and nothing was written.
   * At most 98 acts.
   */
  record(entry: NewLedgerEntry, acts: readonly Write[]): Promise<boolean>;
  /** Writes the refusals that are counted and not yet recorded. */
  flush(): Promise<void>;
}

const partition = "ledger";
const head = "head";
/** Entries that one transaction takes beside the head. */
const entriesPerWrite = 99;

export function createLedger(app: string, system: System, table: SystemTable): AwsLedger {
  const seal = async (): Promise<LedgerSeal> => sealOf(await table.get(partition, head));

  const append = async (entries: readonly NewLedgerEntry[], acts: readonly Write[]): Promise<boolean> => {
    for (let round = 1; ; round += 1) {
      const before = await seal();
      const rows: LedgerRow[] = [];
      let last = before;
      for (const entry of entries) {
        const row = chained(system.hash, last, system.clock.now(), entry);
        rows.push(row);
        last = { seq: row[0], hash: row[9] };
      }
      const failed = await table.write([moveHead(before, last), ...rows.map(putRow), ...acts]);
      if (failed === undefined) return true;
      if (!failed.includes(0)) return false;
      // Each time that the head has moved somebody else has recorded.
      if (!(await table.pause(round))) break;
    }
    throw new PulseQueueError("STORE_UNAVAILABLE", "The audit ledger is written by too many at once: nothing was done", { retryAfter: 1_000 });
  };
  // One after the other: a process does not get in its own way.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const writeAll = async (entries: readonly NewLedgerEntry[]): Promise<void> => {
    for (let start = 0; start < entries.length; start += entriesPerWrite) await inTurn(() => append(entries.slice(start, start + entriesPerWrite), []));
  };
  const refusals = createRefusals(system.clock, writeAll);

  async function* rows(ascending: boolean, from: number, to: number): AsyncGenerator<LedgerRow> {
    if (from > to) return;
    for await (const item of table.range(partition, { from: position(from), to: position(to), ascending })) yield rowOf(item);
  }

  return {
    record: (entry, acts) => inTurn(() => append([entry], acts)),
    append: (entry) => (entry.result === "denied" ? refusals.append(complete(entry)) : writeAll([entry])),
    flush: () => refusals.flush(),
    async entries(filter = {}) {
      const limit = checkedLimit(filter.limit);
      const { after, before = Number.MAX_SAFE_INTEGER } = filter;
      const found = [];
      for await (const row of rows(after !== undefined, (after ?? 0) + 1, before - 1)) {
        if (matches(row, filter)) found.push(readEntry(row, system.hash));
        if (found.length === limit) break;
      }
      return found;
    },
    async head() {
      const { seq: sequence, hash } = await seal();
      return { app, sequence, hash };
    },
    async verify(given) {
      const check = checkChain(system.hash, app, await seal(), given);
      for await (const row of rows(true, 1, Number.MAX_SAFE_INTEGER)) check.next(row);
      return check.report();
    },
  };
}

function matches([, time, by, action, subject, , result]: LedgerRow, filter: LedgerFilter): boolean {
  return (
    (filter.by ?? by) === by &&
    (filter.action ?? action) === action &&
    (filter.subject ?? subject) === subject &&
    (filter.result ?? result) === result &&
    time >= (filter.from ?? time) &&
    (filter.to === undefined || time < filter.to)
  );
}

function sealOf(item: Item | undefined): LedgerSeal {
  return item === undefined ? emptySeal : { seq: needNumber(item, "n"), hash: needText(item, "h") };
}

function moveHead(before: LedgerSeal, { seq, hash }: LedgerSeal): Write {
  const guard =
    before.seq === 0
      ? { ConditionExpression: "attribute_not_exists(p)" }
      : { ConditionExpression: "n = :before", ExpressionAttributeValues: toItem({ ":before": before.seq }) };
  return { Put: { Item: toItem({ p: partition, s: head, n: seq, h: hash }), ...guard } };
}

function putRow([seq, time, by, action, subject, reason, result, detail, previous, hash]: LedgerRow): Write {
  const texts = { by, ac: action, su: subject, re: reason, rs: result, de: detail, pv: previous, h: hash };
  return { Put: { Item: toItem({ p: partition, s: position(seq), n: seq, t: time, ...texts }), ConditionExpression: "attribute_not_exists(p)" } };
}

function rowOf(item: Item): LedgerRow {
  const text = (name: string): string => needText(item, name);
  return [needNumber(item, "n"), needNumber(item, "t"), text("by"), text("ac"), text("su"), text("re"), text("rs"), text("de"), text("pv"), text("h")];
}

/** A position as a sort key: its text sorts as its number, and before `head`. */
function position(seq: number): string {
  return String(Math.min(seq, Number.MAX_SAFE_INTEGER)).padStart(16, "0");
}
