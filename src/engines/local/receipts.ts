/**
 * What a commit says of the deliveries that it finished: kept for the trace, and kept small, since every commit writes one.
 * Deliveries of which there is nothing more to say (first attempt, nothing written, under a millisecond) are ranges of positions.
 */
import { displayKey } from "../../core/table.ts";

export interface ReceiptEntry {
  readonly seq: number;
  readonly wrote: readonly string[];
  readonly milliseconds: number;
  readonly attempts: number;
  readonly run: number;
  readonly redrives: number;
  readonly state: "done" | "discarded";
}

/** One delivery: the position, the rows it wrote as people read them, and from there on only what is not usual. */
type Told = readonly [seq: number, wrote: readonly string[], milliseconds?: number, attempts?: number, run?: number, redrives?: number, state?: "discarded"];

interface Body {
  /** First and last position of each run of deliveries without anything to say. */
  readonly plain?: readonly (readonly [first: number, last: number])[];
  readonly told?: readonly Told[];
}

/** Times below this are not kept, milliseconds. */
const leastTime = 1;

export function packReceipt(entries: readonly ReceiptEntry[]): string {
  const plain: [first: number, last: number][] = [];
  const told: Told[] = [];
  for (const entry of entries) {
    const isUsual = entry.milliseconds < leastTime && entry.attempts === 1 && entry.run === 0 && entry.redrives === 0 && entry.state === "done";
    const range = plain.at(-1);
    if (!isUsual || entry.wrote.length > 0) told.push(tell(entry, isUsual));
    else if (range?.[1] === entry.seq - 1) range[1] = entry.seq;
    else plain.push([entry.seq, entry.seq]);
  }
  const body: Body = { ...(plain.length > 0 ? { plain } : {}), ...(told.length > 0 ? { told } : {}) };
  return JSON.stringify(body);
}

function tell({ seq, wrote, milliseconds, attempts, run, redrives, state }: ReceiptEntry, isUsual: boolean): Told {
  const keys = wrote.map(displayKey);
  if (isUsual) return [seq, keys];
  const facts = [seq, keys, Math.round(milliseconds), attempts, run, redrives] as const;
  return state === "discarded" ? [...facts, state] : facts;
}

/** What a receipt says of the deliveries of the event at a position: of the one that came with it, and of replays. */
export function findInReceipt(text: string, seq: number): readonly ReceiptEntry[] {
  const { plain = [], told = [] } = JSON.parse(text) as Body;
  const entries = told
    .filter(([position]) => position === seq)
    .map(([, wrote, milliseconds = 0, attempts = 1, run = 0, redrives = 0, state = "done" as const]): ReceiptEntry => {
      return { seq, wrote, milliseconds, attempts, run, redrives, state };
    });
  if (!plain.some(([first, last]) => first <= seq && seq <= last)) return entries;
  return [...entries, { seq, wrote: [], milliseconds: 0, attempts: 1, run: 0, redrives: 0, state: "done" }];
}
