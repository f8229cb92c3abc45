/** What lies in the simulated AWS, read beneath the engine: what it has still to do, and what it wrote in which order. */
import type { SimulatedAws } from "pulsequeue/testing";

/** The names that the deployment gives: of tables, of the queues of handlers and of what they could not take, of the rest. */
export interface Names {
  readonly journal: string;
  readonly deliveries: string;
  /** By dead-letter queue: the queue that it belongs to. */
  readonly deadLetterQueues: ReadonlyMap<string, string>;
  readonly relayFailures: string;
}

/** What is not done, in words; empty at rest. */
export function leftToDo({ services, running }: SimulatedAws, names: Names): readonly string[] {
  const left = running === 0 ? [] : [`${String(running)} functions run`];
  for (const [name, queue] of services.sqs.queues) {
    const { visible, inFlight, delayed } = queue.counts();
    const isRead = !names.deadLetterQueues.has(name) && name !== names.relayFailures;
    if (isRead && visible + inFlight + delayed > 0) left.push(`${name} holds ${String(visible)} messages, ${String(inFlight)} in flight, ${String(delayed)} delayed`);
  }
  const { lambda, scheduler } = services;
  if (lambda.behind > 0) left.push(`${String(lambda.behind)} records of streams are not carried`);
  if (scheduler.waiting > 0) left.push(`${String(scheduler.waiting)} schedules wait`);
  return left;
}

/** Gives the messages of dead-letter queues back to where they came from, as an operator does once their cause is gone; answers how many. */
export function redriveQueues({ services }: SimulatedAws, names: Names): number {
  let count = 0;
  for (const [name, source] of names.deadLetterQueues) {
    const from = services.sqs.queues.get(name);
    for (const message of from?.receive(1_000) ?? []) {
      services.sqs.queues.get(source)?.send({ body: message.body, group: message.group, deduplicationId: message.deduplicationId });
      from?.remove(message);
      count += 1;
    }
  }
  return count;
}

/** What the relay set aside. */
export function failures({ services }: SimulatedAws, { relayFailures }: Names): readonly string[] {
  return (services.sqs.queues.get(relayFailures)?.receive(1_000) ?? []).map(({ body }) => body);
}

export interface Written {
  /** How often a delivery was written as done, by its key. */
  readonly done: ReadonlyMap<string, number>;
  /** Journal keys of the events of each key, in the order in which their commits gave them a place. */
  readonly order: ReadonlyMap<string, readonly string[]>;
}

/** The history that the streams of both tables hold. */
export function written({ services }: SimulatedAws, { journal, deliveries }: Names): Written {
  const done = new Map<string, number>();
  const order = new Map<string, string[]>();
  const recordsOf = (table: string) => services.dynamodb.tables.get(table)?.stream?.shards.flat() ?? [];
  for (const { dynamodb } of recordsOf(deliveries)) {
    const { p, s, st } = dynamodb.NewImage ?? {};
    const key = `${p?.S ?? ""} ${s?.S ?? ""}`;
    if (st?.S === "done") done.set(key, (done.get(key) ?? 0) + 1);
  }
  for (const { dynamodb } of recordsOf(journal)) {
    const { p, a } = dynamodb.NewImage ?? {};
    if (p?.S?.startsWith("k#") !== true || a?.S === undefined) continue;
    const key = p.S.slice(2);
    order.set(key, [...(order.get(key) ?? []), ...(JSON.parse(a.S) as readonly (readonly [string, string])[]).map(([event]) => event)]);
  }
  return { done, order };
}
