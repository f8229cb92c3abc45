/** What lies in the simulated AWS, read beneath the engine: what it wrote in which order, and what it set aside. */
import type { FakeAws } from "../../src/testing/aws/fake-aws.ts";
import type { Deployment } from "../../src/core/deployment.ts";

type Names = Pick<Deployment, "journal" | "deliveries" | "relayFailures">;

/** What the relay set aside. */
export function failures(services: FakeAws, { relayFailures }: Names): readonly string[] {
  return (services.sqs.queues.get(relayFailures)?.receive(Number.POSITIVE_INFINITY) ?? []).map(({ body }) => body);
}

export interface Written {
  /** How often a delivery was written as done, by its key. */
  readonly done: ReadonlyMap<string, number>;
  /** Journal keys of the events of each key, in the order in which their commits gave them a place. */
  readonly order: ReadonlyMap<string, readonly string[]>;
}

/** The history that the streams of both tables hold. */
export function written(services: FakeAws, { journal, deliveries }: Names): Written {
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
