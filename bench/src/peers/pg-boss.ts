import { PgBoss, type Db, type WorkOptions } from "pg-boss";
import type { FollowUp, Job } from "../job.ts";
import { required, untilNone, type Peer, type PeerName } from "../peer.ts";
import { connect, numberFrom, totalsTable } from "./postgres-totals.ts";

/** Counts a batch of orders; writes and follow-ups go through the transaction that completes the batch. */
type CountOrders = (table: string, jobs: readonly Job[], transaction: Db) => Promise<readonly FollowUp[]>;

const polling = { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5, burstWhenBatchFull: true } satisfies WorkOptions;
/** For handlers that do nothing. */
const idleWork = { ...polling, batchSize: 1_000, localConcurrency: 2 } satisfies WorkOptions;
const connections = 12;

/** One statement an order, in the order of their rows: batches that lock the same rows in different orders deadlock. */
const oneByOne: CountOrders = async (table, jobs, transaction) => {
  const followUps: FollowUp[] = [];
  for (const { orderId, customerId, amount } of jobs.toSorted((left, right) => left.customerId.localeCompare(right.customerId))) {
    const { rows } = await transaction.executeSql(
      `insert into ${table} as total (customer_id, count, amount) values ($1, 1, $2)
       on conflict (customer_id) do update set count = total.count + 1, amount = excluded.amount returning count`,
      [customerId, amount],
    );
    followUps.push({ orderId, customerId, count: countIn(rows[0]) });
  }
  return followUps;
};

/** One statement for the whole batch: the counts that lie between are worked out here. */
const inBulk: CountOrders = async (table, jobs, transaction) => {
  const { rows } = await transaction.executeSql(
    `insert into ${table} as total (customer_id, count, amount)
     select customer_id, count(*), (array_agg(amount order by position desc))[1]
     from unnest($1::text[], $2::float8[]) with ordinality as input (customer_id, amount, position) group by customer_id order by customer_id
     on conflict (customer_id) do update set count = total.count + excluded.count, amount = excluded.amount returning customer_id as "customerId", count`,
    [jobs.map((job) => job.customerId), jobs.map((job) => job.amount)],
  );
  const counts = new Map<unknown, number>(rows.map((row: { readonly customerId: string; readonly count: number }) => [row.customerId, row.count]));
  const followUps = jobs.toReversed().map(({ orderId, customerId }) => {
    const count = counts.get(customerId) ?? 0;
    counts.set(customerId, count - 1);
    return { orderId, customerId, count };
  });
  return followUps.toReversed();
};

function countIn(row: unknown): number {
  if (typeof row === "object" && row !== null && "count" in row) return Number(row.count);
  throw new Error("the upsert answered without a count");
}

function pgBossPeer(name: PeerName, countOrders: CountOrders, batch: { readonly batchSize: number; readonly localConcurrency: number }, how: string): Peer {
  const orderWork = { ...polling, ...batch, transactional: true } as const;
  return {
    name,
    server: "postgres",
    durability: "PostgreSQL, fsync on, synchronous_commit on",
    order: `transactional worker: rows, follow-ups and completion of a batch in one transaction, ${how}; one failing order fails its batch`,
    settings: `work A: batchSize ${String(idleWork.batchSize)}, localConcurrency ${String(idleWork.localConcurrency)}; work B: batchSize ${String(batch.batchSize)}, localConcurrency ${String(batch.localConcurrency)}; pool ${String(connections)}, useListenNotify`,
    async open(place, task, hooks) {
      const address = required(place.postgres);
      const schema = `${place.name}_boss`;
      const client = await connect(address);
      const totals = await totalsTable(client, place.name);
      const boss = new PgBoss({ connectionString: address, schema, max: connections, supervise: false, schedule: false, useListenNotify: true });
      boss.on("error", (error) => {
        process.stderr.write(`pg-boss: ${error.message}\n`);
      });
      await boss.start();
      await boss.createQueue("order", { notify: true });
      await boss.createQueue("follow-up", { notify: true });

      async function startOrders(): Promise<void> {
        if (task === "nothing") {
          await boss.work<Job>("order", idleWork, async (jobs) => {
            for (const { data } of jobs) hooks.handled(data);
          });
          return;
        }
        await boss.work<Job, unknown, typeof orderWork>("order", orderWork, async (jobs, transaction) => {
          for (const { data } of jobs) hooks.handled(data);
          const followUps = await countOrders(
            totals.name,
            jobs.map(({ data }) => data),
            transaction,
          );
          await boss.insert(
            "follow-up",
            followUps.map((data) => ({ data })),
            { db: transaction },
          );
        });
        await boss.work<FollowUp>("follow-up", idleWork, async (jobs) => {
          for (const { data } of jobs) hooks.followed(data);
        });
      }

      return {
        publish: (job) => boss.send("order", job),
        publishMany: (jobs) =>
          boss.insert(
            "order",
            jobs.map((data) => ({ data })),
          ),
        start: startOrders,
        idle: () => untilNone(() => numberFrom(client, `select count(*) as number from ${schema}.job where state <> 'completed'`)),
        totals: () => totals.all(),
        async close() {
          await boss.stop({ graceful: false });
          await client.end();
        },
      };
    },
  };
}

export const pgBoss = pgBossPeer("pg-boss", oneByOne, { batchSize: 100, localConcurrency: 6 }, "one statement an order");
export const pgBossBulk = pgBossPeer("pg-boss-bulk", inBulk, { batchSize: 1_000, localConcurrency: 2 }, "one statement for the rows of the batch");
