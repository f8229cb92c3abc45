/** Invariants of what handlers did: each event once, totals as their parts, events as state changes. */
import type { StoredEvent, Tables } from "../evidence.ts";
import { app, dataOf, deliveryKey, groupBy, type Facts, type Invariant } from "./facts.ts";

interface Effect {
  readonly handler: string;
  /** The row that the event leaves, and how often it took effect there. */
  readonly rows: (tables: Tables) => readonly { readonly id: string; readonly times: number }[];
  readonly rowId: (event: StoredEvent) => string;
}

const byEvent = (event: StoredEvent): string => event.id;

const effects: readonly Effect[] = [
  { handler: "count-item", rows: (tables) => tables.applied, rowId: byEvent },
  { handler: "follow-up", rows: (tables) => tables["follow-ups"], rowId: byEvent },
  { handler: "follow-sequence", rows: (tables) => tables.seen, rowId: byEvent },
  { handler: "do-task", rows: (tables) => tables.tasks, rowId: byEvent },
  { handler: "charge-card", rows: (tables) => tables.charges, rowId: byEvent },
  { handler: "remind", rows: (tables) => tables.reminders, rowId: byEvent },
  { handler: "receive-stock", rows: (tables) => tables.arrivals, rowId: byEvent },
  {
    handler: "settle-reservation",
    rows: (tables) => tables.reservations.filter(({ settled }) => settled > 0).map(({ id, settled }) => ({ id, times: settled })),
    rowId: (event) => dataOf(event).orderId ?? "",
  },
  { handler: "beat", rows: (tables) => tables.beats, rowId: (event) => dataOf(event).scheduledAt ?? "" },
];

/** Rows in the tables of effects. */
export function countEffects(tables: Tables): number {
  return effects.reduce((sum, { rows }) => sum + rows(tables).length, 0);
}

export const effectsOnce: Invariant = {
  name: "effects",
  statement: "each event took effect exactly once in each of its handlers, or is a dead letter without effect",
  check(facts, report) {
    const ends = groupBy(facts.file.ends, ({ handler, seq }) => deliveryKey(handler, seq));
    for (const { handler, rows, rowId } of effects) {
      const left = new Map(rows(facts.file.tables).map((row) => [row.id, row.times]));
      for (const event of eventsOf(facts, handler)) {
        const subject = `${event.id} in ${handler}`;
        const ended = ends.get(deliveryKey(handler, event.seq))?.length ?? 0;
        const row = facts.deliveries.get(deliveryKey(handler, event.seq));
        const times = left.get(rowId(event)) ?? 0;
        left.delete(rowId(event));
        if (ended > 1) report(subject, `was settled ${String(ended)} times`);
        if (ended > 0 && row !== undefined) report(subject, `is done and also ${row.state}`);
        if (times > 1) report(subject, `took effect ${String(times)} times`);
        if (ended > 0 && times === 0) report(subject, "is done and has no effect");
        if (ended === 0 && times > 0) report(subject, `took effect and is ${row?.state ?? "not done"}`);
        if (ended === 0 && row === undefined && event.seq <= cursorOf(facts, handler)) report(subject, "was passed over and never handled");
      }
      for (const id of left.keys()) report(`${id} in ${handler}`, "has an effect and is no event");
    }
  },
};

/** Events that the handler takes. */
export function eventsOf(facts: Facts, handler: string): readonly StoredEvent[] {
  return facts.file.subscriptions
    .filter((subscription) => subscription.handler === handler)
    .flatMap(({ type, since }) => (facts.byType.get(type) ?? []).filter((event) => event.seq > since));
}

export function cursorOf(facts: Facts, handler: string): number {
  return facts.file.subscriptions.find((subscription) => subscription.handler === handler)?.cursor ?? 0;
}

export const totals: Invariant = {
  name: "totals",
  statement: "a counter is the sum of what was counted: no update is lost",
  check(facts, report) {
    const { applied, bumps, counters, seen, sequences } = facts.file.tables;
    const parts = groupBy([...applied, ...bumps], ({ bucket }) => bucket);
    for (const { id, count, sum } of counters) {
      const counted = parts.get(id) ?? [];
      const amounts = counted.reduce((total, { amount }) => total + amount, 0);
      if (count !== counted.length) report(id, `counts ${String(count)}, and ${String(counted.length)} were counted`);
      else if (sum !== amounts) report(id, `sums up to ${String(sum)}, and what was counted to ${String(amounts)}`);
      parts.delete(id);
    }
    for (const id of parts.keys()) report(id, "has no counter");
    const steps = groupBy(seen, ({ key }) => key);
    for (const { key, place } of sequences) {
      if (place !== (steps.get(key)?.length ?? 0)) report(key, `counts ${String(place)} steps, and ${String(steps.get(key)?.length ?? 0)} were taken`);
    }
  },
};

export const outbox: Invariant = {
  name: "outbox",
  statement: "an event was emitted for each state change that emits one, and for no other",
  check(facts, report) {
    const counted = groupBy(facts.byType.get("item.counted") ?? [], ({ causation }) => causation ?? "");
    for (const { id } of facts.file.tables.applied) {
      const emitted = counted.get(id) ?? [];
      counted.delete(id);
      if (emitted.length !== 1) report(id, `was counted, and ${String(emitted.length)} events tell of it`);
      for (const event of emitted) if (dataOf(event).origin !== id) report(event.id, "tells of another event than its cause");
    }
    for (const cause of counted.keys()) report(cause, "has an event that tells of it, and was not counted");
    const made = groupBy(facts.byType.get("reservation.made") ?? [], (event) => dataOf(event).orderId ?? "");
    for (const { id, sku, quantity } of facts.file.tables.reservations) {
      const emitted = made.get(id) ?? [];
      made.delete(id);
      if (emitted.length !== 1) report(id, `was reserved, and ${String(emitted.length)} events tell of it`);
      for (const event of emitted) {
        const data = dataOf(event);
        if (data.sku !== sku || data.quantity !== quantity) report(id, "was reserved with other values than its event tells");
      }
    }
    for (const id of made.keys()) report(id, "has an event that tells of it, and was not reserved");
    for (const event of facts.file.events) {
      if (event.source.startsWith(`${app}/`) && event.type === "item.counted" && event.hops !== 1)
        report(event.id, `has passed ${String(event.hops)} handlers`);
    }
  },
};

export const stockKept: Invariant = {
  name: "stock",
  statement: "stock is never negative: what arrived is on hand or sold, what is reserved is held by a reservation",
  check(facts, report) {
    const { stock, arrivals, reservations } = facts.file.tables;
    const sum = (items: readonly { readonly quantity: number }[]): number => items.reduce((total, { quantity }) => total + quantity, 0);
    const arrived = groupBy(arrivals, ({ sku }) => sku);
    const taken = groupBy(reservations, ({ sku }) => sku);
    for (const { sku, onHand, reserved } of stock) {
      const orders = taken.get(sku) ?? [];
      const sold = sum(orders.filter(({ state }) => state === "sold"));
      const held = sum(orders.filter(({ state }) => state === "held"));
      if (onHand < 0 || reserved < 0 || reserved > onHand) report(sku, `has ${String(onHand)} on hand and ${String(reserved)} reserved`);
      if (onHand + sold !== sum(arrived.get(sku) ?? []))
        report(sku, `has ${String(onHand)} on hand and ${String(sold)} sold, and ${String(sum(arrived.get(sku) ?? []))} arrived`);
      if (reserved !== held) report(sku, `has ${String(reserved)} reserved, and reservations hold ${String(held)}`);
      arrived.delete(sku);
      taken.delete(sku);
    }
    for (const sku of [...arrived.keys(), ...taken.keys()]) report(sku, "has no row in stock");
  },
};

export const onTime: Invariant = {
  name: "time",
  statement: "nothing is delivered before its time, and a tick happens once",
  check(facts, report) {
    for (const { id, waited, delay } of facts.file.tables.reminders) {
      if (waited < delay) report(id, `came after ${String(waited)} ms instead of ${String(delay)}`);
    }
    let last = "";
    for (const event of facts.byType.get("pulsequeue.schedule.beat") ?? []) {
      const { scheduledAt = "" } = dataOf(event);
      if (scheduledAt <= last) report(event.id, `came after the tick of ${last}`);
      if (Date.parse(scheduledAt) > event.time) report(event.id, "came before its time");
      last = scheduledAt;
    }
  },
};
