import { checkHandledOnce, checkOrders } from "../check.ts";
import { hotKeys, jobChunks, spreadKeys } from "../job.ts";
import { ledger } from "../ledger.ts";
import type { Peer, Place, Task } from "../peer.ts";
import { type Figures, type MeasureOptions } from "../measurement.ts";

const warmUpJobs = 500;

/** Work A: the handler does nothing. */
export function workA(peer: Peer, options: MeasureOptions): Promise<Figures> {
  return throughput(peer, options, "nothing", spreadKeys);
}

/** Work B: one row read and written, one follow-up emitted and consumed, for each job. */
export function workB(peer: Peer, options: MeasureOptions): Promise<Figures> {
  return throughput(peer, options, "order", spreadKeys);
}

/** Work B on so few rows that each batch meets the same row several times. */
export function workBHot(peer: Peer, options: MeasureOptions): Promise<Figures> {
  return throughput(peer, options, "order", hotKeys);
}

async function throughput(peer: Peer, { warmUp, place, jobs }: MeasureOptions, task: Task, keys: number): Promise<Figures> {
  await publishThenProcess(peer, warmUp, task, Math.min(jobs, warmUpJobs), keys);
  return publishThenProcess(peer, place, task, jobs, keys);
}

/**
 * All jobs are published, in lists of 1,000, and then processed. Processing is timed from the start of the first handler, so
 * that a peer's connecting and first poll do not count, to the moment at which the store holds nothing unfinished.
 */
async function publishThenProcess(peer: Peer, place: Place, task: Task, jobs: number, keys: number): Promise<Figures> {
  const seen = ledger();
  const session = await peer.open(place, task, seen);
  const chunks = [...jobChunks(jobs, { keys })];
  const started = performance.now();
  for (const chunk of chunks) await session.publishMany(chunk);
  const publishing = performance.now() - started;
  const finished = seen.until(task === "nothing" ? "jobs" : "follow-ups", jobs);
  await session.start();
  await finished;
  await session.idle();
  const processing = performance.now() - seen.firstAt();
  if (task === "nothing") checkHandledOnce(seen.orderIds, chunks.flat());
  else checkOrders(chunks.flat(), await session.totals(), seen.followUps);
  await session.close();
  return {
    publishPerSecond: (jobs / publishing) * 1_000,
    processPerSecond: (jobs / processing) * 1_000,
    endToEndPerSecond: (jobs / (publishing + processing)) * 1_000,
  };
}
