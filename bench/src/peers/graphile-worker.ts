import { makeWorkerUtils, run, Logger, type Runner, type TaskList } from "graphile-worker";
import pg from "pg";
import type { FollowUp, Job } from "../job.ts";
import { required, untilNone, type Peer } from "../peer.ts";
import { connect, numberFrom, totalsTable } from "./postgres-totals.ts";

/** The configuration that its own documents give for the best throughput. */
const worker = { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
const maxPoolSize = 26;

function report(error: Error): void {
  process.stderr.write(`graphile-worker: ${error.message}\n`);
}

export const graphileWorker: Peer = {
  name: "graphile-worker",
  server: "postgres",
  durability: "PostgreSQL, fsync on, synchronous_commit on",
  order: "one statement: inbox mark, row, add_job; completion is a later commit, and the inbox mark keeps a second run from counting again",
  settings: `concurrentJobs ${String(worker.concurrentJobs)}, pool ${String(maxPoolSize)}, localQueue ${String(worker.localQueue.size)}, completeJobBatchDelay 0 (its documented best)`,
  async open(place, task, hooks) {
    const address = required(place.postgres);
    const schema = `${place.name}_worker`;
    const client = await connect(address);
    const totals = await totalsTable(client, place.name);
    const inbox = `${place.name}_inbox`;
    await client.query(`create table ${inbox} (job_id bigint primary key)`);
    const logger = new Logger(() => () => undefined);
    const pgPool = new pg.Pool({ connectionString: address, max: maxPoolSize });
    pgPool.on("error", report);
    pgPool.on("connect", (connection) => connection.on("error", report));
    const preset = { worker: { ...worker, schema, logger } };
    const utils = await makeWorkerUtils({ pgPool, preset });
    await utils.migrate();
    let runner: Runner | undefined;

    const countOrder = `
      with mark as (insert into ${inbox} (job_id) values ($1) on conflict do nothing returning job_id),
        total as (
          insert into ${totals.name} as total (customer_id, count, amount) select $2::text, 1, $3::float8 from mark
          on conflict (customer_id) do update set count = total.count + 1, amount = excluded.amount returning count
        )
      select ${schema}.add_job('follow-up', json_build_object('orderId', $4::text, 'customerId', $2::text, 'count', count)) from total`;

    const taskList: TaskList = {
      async order(payload, helpers) {
        const job = payload as Job;
        hooks.handled(job);
        if (task === "order") {
          const values = [helpers.job.id, job.customerId, job.amount, job.orderId];
          await helpers.withPgClient((connection) => connection.query({ name: "count-order", text: countOrder, values }));
        }
      },
      "follow-up": (payload) => {
        hooks.followed(payload as FollowUp);
      },
    };

    return {
      publish: (job) => utils.addJob("order", job),
      publishMany: (jobs) => utils.addJobs(jobs.map((payload) => ({ identifier: "order", payload }))),
      async start() {
        runner = await run({ pgPool, taskList, noHandleSignals: true, preset });
      },
      idle: () => untilNone(() => numberFrom(client, `select count(*) as number from ${schema}._private_jobs`)),
      totals: () => totals.all(),
      async close() {
        await runner?.stop();
        await utils.release();
        await pgPool.end();
        await client.end();
      },
    };
  },
};
