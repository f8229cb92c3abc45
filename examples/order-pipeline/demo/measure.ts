/** Reads the finished file and says what happened: counts, times, and whatever does not hold. */
import type { Queue } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { createOrdersApp } from "../app.ts";
import { orderConfirmed, orderPlaced } from "../events.ts";
import { checkInvariants } from "../invariants.ts";
import type { ProviderBook } from "../providers/book.ts";
import { simulatedProvider } from "../providers/simulated.ts";
import { eventsAfter, takeSnapshot, type Violation } from "../snapshot.ts";
import type { Order } from "../tables.ts";
import type { History } from "./history.ts";
import { demoSecrets } from "./secrets.ts";

export interface Measured {
  readonly states: Readonly<Record<string, number>>;
  /** Orders that were not fulfilled, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly unitsSold: number;
  readonly unitsInAll: number;
  /** Minor units. */
  readonly captured: number;
  readonly refunded: number;
  /** Confirmed orders with a part of their money given back. */
  readonly partlyRefunded: number;
  readonly events: number;
  /** Milliseconds from `order.placed` to `order.confirmed`. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly providerCharges: number;
  readonly violations: readonly Violation[];
}

/** Opens the file anew, starts nothing, and checks it against itself, the provider's book and the buyers' history. */
export async function measure(file: string, book: ProviderBook, history: History): Promise<Measured> {
  const queue = await openLocal(createOrdersApp({ provider: simulatedProvider({ seed: 0 }) }), { file, secrets: demoSecrets });
  try {
    const measured = await measureQueue(queue, book, history);
    const { problems } = await queue.verify();
    const damage = problems.map((problem): Violation => ({ rule: "file-is-whole", subject: file, message: JSON.stringify(problem) }));
    return { ...measured, violations: [...measured.violations, ...damage] };
  } finally {
    await queue.close();
  }
}

/** What a queue at rest says, checked against itself, the provider's book and the buyers' history. */
export async function measureQueue(queue: Pick<Queue, "inspect">, book: ProviderBook, history: History): Promise<Measured> {
  const snapshot = await takeSnapshot(queue, book.charges);
  const events = await eventsAfter(queue.inspect, 0);
  const latencies = latenciesOf(events);
  return {
    states: counted(snapshot.orders, (order) => order.state),
    reasons: counted(
      snapshot.orders.filter((order) => order.reason !== "none"),
      (order) => order.reason,
    ),
    unitsSold: snapshot.stock.reduce((sum, row) => sum + row.received - row.onHand, 0),
    unitsInAll: snapshot.stock.reduce((sum, row) => sum + row.received, 0),
    captured: snapshot.payments.reduce((sum, row) => sum + row.captured, 0),
    refunded: snapshot.payments.reduce((sum, row) => sum + row.refunded, 0),
    partlyRefunded: snapshot.payments.filter((row) => row.refunded > 0 && row.refunded < row.captured).length,
    events: events.length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    providerCharges: book.charges.length,
    violations: [...checkInvariants(snapshot), ...checkHistory(snapshot.orders, history, book)],
  };
}

/** What the buyers were told must be in the file, and nothing else. */
function checkHistory(orders: readonly Order[], history: History, book: ProviderBook): readonly Violation[] {
  const stored = new Set(orders.map((order) => order.id));
  const lost = [...history.placed]
    .filter((id) => !stored.has(id))
    .map((id) => ({ rule: "acknowledged-is-stored", subject: id, message: "the buyer's order was acknowledged and is not there" }));
  const made = [...stored]
    .filter((id) => !history.placed.has(id))
    .map((id) => ({ rule: "stored-was-placed", subject: id, message: "nobody placed this order" }));
  const refused = history.refused.map((text) => ({ rule: "valid-orders-are-taken", subject: text.split(":")[0] ?? "", message: text }));
  const misused = book.misused.map((key) => ({ rule: "one-key-one-operation", subject: key, message: "the key was used again with other parameters" }));
  return [...lost, ...made, ...refused, ...misused];
}

function latenciesOf(events: Awaited<ReturnType<typeof eventsAfter>>): readonly number[] {
  const placed = new Map<string, number>();
  const latencies: number[] = [];
  for (const { type, key = "", time } of events) {
    if (type === orderPlaced.name) placed.set(key, Date.parse(time));
    const start = placed.get(key);
    if (type === orderConfirmed.name && start !== undefined) latencies.push(Date.parse(time) - start);
  }
  return latencies.sort((left, right) => left - right);
}

function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function counted<Item>(items: readonly Item[], key: (item: Item) => string): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1)));
}
