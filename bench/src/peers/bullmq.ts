import { Queue, Worker, type JobsOptions } from "bullmq";
import { Redis } from "ioredis";
import type { FollowUp, Job } from "../job.ts";
import { required, untilNone, type Peer } from "../peer.ts";

const concurrency = 100;
const jobsOptions: JobsOptions = { removeOnComplete: true };

export const bullmq: Peer = {
  name: "bullmq",
  server: "redis",
  durability: "Redis, appendonly yes, appendfsync always",
  order: "MULTI for the row, then add; row, follow-up and completion are three commits: a crash between them counts an order twice",
  settings: `concurrency ${String(concurrency)}, removeOnComplete`,
  async open(place, task, hooks) {
    const url = new URL(required(place.redis));
    const connection = { host: url.hostname, port: Number(url.port), password: url.password, maxRetriesPerRequest: null };
    const redis = new Redis(connection);
    const rows = `${place.name}:totals:`;
    const orders = new Queue<Job>(`${place.name}-orders`, { connection, defaultJobOptions: jobsOptions });
    const followUps = new Queue<FollowUp>(`${place.name}-follow-ups`, { connection, defaultJobOptions: jobsOptions });
    await Promise.all([orders.waitUntilReady(), followUps.waitUntilReady()]);
    const workers: Worker[] = [];

    async function countOrder(job: Job): Promise<void> {
      const row = rows + job.customerId;
      const answers = await redis.multi().hincrby(row, "count", 1).hset(row, "amount", job.amount).exec();
      await followUps.add("follow-up", { orderId: job.orderId, customerId: job.customerId, count: Number(answers?.[0]?.[1]) });
    }

    return {
      publish: (job) => orders.add("order", job),
      publishMany: (jobs) => orders.addBulk(jobs.map((data) => ({ name: "order", data }))),
      async start() {
        workers.push(
          new Worker<Job>(
            orders.name,
            async ({ data }) => {
              hooks.handled(data);
              if (task === "order") await countOrder(data);
            },
            { connection, concurrency },
          ),
        );
        if (task === "order") {
          workers.push(
            new Worker<FollowUp>(
              followUps.name,
              async ({ data }) => {
                hooks.followed(data);
              },
              { connection, concurrency },
            ),
          );
        }
        await Promise.all(workers.map((worker) => worker.waitUntilReady()));
      },
      idle: () =>
        untilNone(async () => {
          const counts = await Promise.all([orders, followUps].map((queue) => queue.getJobCounts("waiting", "active", "delayed", "prioritized", "failed")));
          return counts.flatMap((count) => Object.values(count)).reduce((sum, count) => sum + count, 0);
        }),
      async totals() {
        const keys = await redis.keys(`${rows}*`);
        return Promise.all(
          keys.map(async (key) => {
            const row = await redis.hgetall(key);
            return { customerId: key.slice(rows.length), count: Number(row["count"]), amount: Number(row["amount"]) };
          }),
        );
      },
      async close() {
        await Promise.all(workers.map((worker) => worker.close()));
        await Promise.all([orders.close(), followUps.close()]);
        redis.disconnect();
      },
    };
  },
};
