/**
 * What one handler has claimed, in memory. Deliveries come from two places: straight from the journal, past the handler's
 * cursor, and from rows of `deliveries` that have become due. A delivery from the journal has no row: when it is done, the
 * cursor moves over it. When a later one is done first, those before it get a row, so that the cursor can move all the same.
 *
 * A *lane* is what must not run twice at once: the event's key in an ordered handler, else the key that `concurrency` names.
 * Deliveries of one lane run in their order, inside one batch at a time. What a held lane keeps from running is *parked*: it
 * gets a row, and the window is free for other lanes.
 */
import type { HandlerDefinition } from "../../core/handler.ts";
import type { Delivery } from "../../core/ports.ts";
import { firstEvents, laneOf, type WindowOptions } from "./intake.ts";
import { stored, type DeliveryRow } from "./statements/deliveries.ts";
import type { EventRow } from "./statements/journal.ts";

export interface LocalDelivery extends Delivery {
  readonly window: Window;
  readonly seq: number;
  /** 0 for the delivery that came with the event, above for replays. */
  readonly run: number;
  readonly lane: string | undefined;
  /** Whether it followed the ready delivery of its lane while itself still parked. */
  readonly wasParked: boolean;
  /** How often an operator sent it again. */
  readonly redrives: number;
  /** Its row in `deliveries`, if it has one. */
  rowId: number | undefined;
  /** Whether it is ours to settle. */
  held: boolean;
  /** Settled or given a row by the transaction under way. */
  leaving: boolean;
  /** Whether it has kept or read steps. */
  hasSteps: boolean;
}

/** Deliveries from the journal that are claimed at once: bounds memory, and how far the cursor can lag behind. */
const capacity = 1_024;
/** Deliveries in one batch at most. */
const batchSize = 512;
/** Parked deliveries that follow the head of their lane into one batch. */
const followers = 63;

export class Window {
  readonly id: number;
  readonly handler: HandlerDefinition;
  readonly options: WindowOptions;
  #open: LocalDelivery[] = [];
  #pending: LocalDelivery[] = [];
  readonly #running = new Map<string, number>();
  readonly #claimedRows = new Set<number>();
  #cursor: number;
  #committedCursor: number;
  #scanned: number;
  #rowsDueAt: number | undefined = 0;
  /** Whether a row may hold a lane: while none can, no statement asks. */
  #mayHold = true;
  /** Whether a row may be parked. */
  mayPark = true;

  constructor(options: WindowOptions) {
    this.id = options.id;
    this.handler = options.handler;
    this.options = options;
    this.#cursor = this.#committedCursor = this.#scanned = options.cursor;
  }

  get cursor(): number {
    return this.#committedCursor;
  }

  /** Claimed and not started. */
  get pending(): readonly LocalDelivery[] {
    return this.#pending;
  }

  /** Claimed from the journal and not finished, in journal order. */
  get open(): readonly LocalDelivery[] {
    return this.#open;
  }

  /** Ids of the rows that are claimed. */
  get claimedRows(): ReadonlySet<number> {
    return this.#claimedRows;
  }

  /** When a row may become due, milliseconds since 1970; `undefined` while none can. */
  get rowsDueAt(): number | undefined {
    return this.#rowsDueAt;
  }

  /** Tells that a row will be due at `time`. */
  noteDue(time: number): void {
    if (this.#rowsDueAt === undefined || time < this.#rowsDueAt) this.#rowsDueAt = time;
  }

  /** Tells that rows were written which may be due, hold a lane or be parked. */
  noteRows(): void {
    this.#rowsDueAt = 0;
    this.#mayHold = true;
    this.mayPark = true;
  }

  /** Tells that a row with a lane was written. */
  noteHeld(): void {
    this.#mayHold = true;
  }

  /** Claims more, if there is room and something to claim. */
  refill(now: number): void {
    if (this.#pending.length >= batchSize) return;
    if (this.#rowsDueAt !== undefined && this.#rowsDueAt <= now) this.#claimRows(now);
    if (this.#scanned < this.options.journal.head && this.#open.length < capacity) this.#claimJournal();
    if (this.options.reorder !== undefined && !this.handler.ordered) this.#pending = [...this.options.reorder(this.#pending)];
  }

  #claimRows(now: number): void {
    const { deliveries } = this.options;
    const rows = deliveries.due(this.id, now, batchSize + this.#claimedRows.size).filter(([id]) => !this.#claimedRows.has(id));
    for (const row of rows) this.#pending.push(this.#fromRow(row));
    if (rows.length < batchSize) this.#rowsDueAt = deliveries.nextDue(this.id, now);
    if (rows.length === 0 && this.#mayHold) this.#mayHold = deliveries.anyHeld(this.id);
  }

  #fromRow(row: DeliveryRow): LocalDelivery {
    const [id, , seq, run, state, attempts, , , , redrives] = row;
    const event = this.options.events.bySequence(seq);
    if (event === undefined) throw new Error(`the event ${String(seq)} of a delivery is missing`);
    this.#claimedRows.add(id);
    return this.#delivery(event, { run, rowId: id, attempt: attempts + 1, wasParked: state === stored.parked, redrives });
  }

  #claimJournal(): void {
    const { events, subscriptions, journal } = this.options;
    const room = capacity - this.#open.length;
    const head = journal.head;
    const rows = firstEvents(events, subscriptions, this.#scanned, room);
    for (const row of rows) {
      const delivery = this.#delivery(row, { run: 0, rowId: undefined, attempt: 1, wasParked: false, redrives: 0 });
      this.#open.push(delivery);
      this.#pending.push(delivery);
    }
    this.#scanned = rows.length < room ? head : (rows.at(-1)?.[0] ?? head);
  }

  #delivery(row: EventRow, facts: Pick<LocalDelivery, "run" | "rowId" | "attempt" | "wasParked" | "redrives">): LocalDelivery {
    const event = this.options.journal.read(row);
    const { run, rowId, attempt, wasParked, redrives } = facts;
    const lane = laneOf(this.handler, event, this.options.vault);
    return { event, attempt, window: this, seq: row[0], run, lane, wasParked, redrives, rowId, held: true, leaving: false, hasSteps: false };
  }

  /** The next batch: deliveries whose lanes are free, which are then taken. */
  take(most: number): readonly LocalDelivery[] {
    const limit = Math.min(most, batchSize);
    const batch: LocalDelivery[] = [];
    const left: LocalDelivery[] = [];
    const mine = new Set<string>();
    for (const [index, delivery] of this.#pending.entries()) {
      if (batch.length >= limit) {
        left.push(...this.#pending.slice(index));
        break;
      }
      if (this.#enter(delivery, mine)) {
        batch.push(delivery);
        if (delivery.rowId !== undefined && this.handler.ordered && delivery.lane !== undefined && limit > 1)
          batch.push(...this.#followers(delivery.lane, delivery.rowId));
      } else left.push(delivery);
    }
    this.#pending = left;
    return batch;
  }

  #enter(delivery: LocalDelivery, mine: Set<string>): boolean {
    const { lane } = delivery;
    if (lane === undefined) return true;
    if (mine.has(lane)) return !this.#heldByRow(delivery);
    const running = this.#running.get(lane) ?? 0;
    if (running >= this.#laneLimit || this.#heldByRow(delivery)) return false;
    this.#running.set(lane, running + 1);
    mine.add(lane);
    return true;
  }

  get #laneLimit(): number {
    return this.handler.ordered ? 1 : this.handler.concurrency.limit;
  }

  /** Whether an earlier delivery of the key is not finished and has a row: that one goes first. */
  #heldByRow({ lane, rowId, seq, run }: LocalDelivery): boolean {
    if (!this.handler.ordered || lane === undefined || !this.#mayHold) return false;
    const { deliveries } = this.options;
    return rowId === undefined ? deliveries.laneHeld(this.id, lane) : deliveries.laneHeldBefore(this.id, lane, seq, run);
  }

  /** Parked deliveries that come right after the head of their lane: no other delivery of the lane may lie between. */
  #followers(lane: string, head: number): readonly LocalDelivery[] {
    if (!this.mayPark) return [];
    const end = this.options.deliveries.nextHolder(this.id, lane, head) ?? Number.POSITIVE_INFINITY;
    return this.options.deliveries
      .parked(this.id, lane, followers)
      .filter(([id, , seq]) => seq < end && !this.#claimedRows.has(id))
      .map((row) => this.#fromRow(row));
  }

  /** Deliveries that wait for a lane held by a row; and, when the window is full of them, for a running lane. */
  toPark(): readonly LocalDelivery[] {
    const clogged = this.#open.length >= capacity;
    const blocked = this.#pending.filter((delivery) => {
      if (delivery.lane === undefined || delivery.leaving) return false;
      return this.#heldByRow(delivery) || (clogged && delivery.rowId === undefined && this.#running.has(delivery.lane));
    });
    if (blocked.length > 0) {
      const parking = new Set(blocked);
      this.#pending = this.#pending.filter((delivery) => !parking.has(delivery));
    }
    return blocked;
  }

  /** How many more deliveries of a lane may run now. */
  room(lane: string): number {
    return this.#laneLimit - (this.#running.get(lane) ?? 0);
  }

  /** Ends a batch: frees its lanes, takes back what was not started. Answers the lanes that became free. */
  finish(batch: readonly LocalDelivery[], unstarted: readonly LocalDelivery[]): readonly string[] {
    const lanes = new Set<string>();
    for (const { lane } of batch) if (lane !== undefined) lanes.add(lane);
    const freed: string[] = [];
    for (const lane of lanes) {
      const running = (this.#running.get(lane) ?? 1) - 1;
      if (running > 0) this.#running.set(lane, running);
      else this.#running.delete(lane);
      freed.push(lane);
    }
    const back: LocalDelivery[] = [];
    for (const delivery of unstarted) {
      if (!delivery.held) continue;
      // A parked one goes back to its row: the head of its lane may have failed, and then it must not run.
      if (delivery.wasParked) this.unclaim(delivery);
      else back.push(delivery);
    }
    if (back.length > 0) this.#pending = [...back, ...this.#pending];
    return freed;
  }

  /** Gives a delivery's row free for another claim. */
  unclaim(delivery: LocalDelivery): void {
    delivery.held = false;
    if (delivery.rowId !== undefined) this.#claimedRows.delete(delivery.rowId);
  }

  /** Moves the cursor over what has left, inside a transaction. Answers those that need a row for that, and the new cursor. */
  advance(): { readonly cursor: number; readonly stranded: readonly LocalDelivery[] } {
    let last = this.#cursor;
    for (const delivery of this.#open) if (delivery.leaving) last = Math.max(last, delivery.seq);
    const stranded = this.#open.filter((delivery) => !delivery.leaving && delivery.seq < last);
    const empty = stranded.length === 0 && this.#open.every((delivery) => delivery.leaving);
    this.#cursor = empty ? Math.max(last, this.#scanned) : last;
    return { cursor: this.#cursor, stranded };
  }

  /** After the commit: forgets what has left. */
  confirm(): void {
    this.#committedCursor = this.#cursor;
    this.#open = this.#open.filter((delivery) => !delivery.leaving);
  }

  /** After a transaction that failed: nothing has left. */
  revert(): void {
    this.#cursor = this.#committedCursor;
  }

  /** Notes that a claimed delivery has got a row. */
  claimRow(delivery: LocalDelivery, rowId: number): void {
    delivery.rowId = rowId;
    this.#claimedRows.add(rowId);
  }

  /** Whether nothing is claimed and nothing is left to claim by `now`. */
  isDrained(now: number): boolean {
    return this.#pending.length === 0 && this.#open.length === 0 && !this.#hasMore() && !this.options.deliveries.hasOpen(this.id, now);
  }

  /** Whether the journal has events for this handler that are not claimed. Events of other types are passed over. */
  #hasMore(): boolean {
    const { events, subscriptions, journal } = this.options;
    const head = journal.head;
    if (this.#scanned >= head) return false;
    if (firstEvents(events, subscriptions, this.#scanned, 1).length > 0) return true;
    this.#scanned = head;
    return false;
  }
}
