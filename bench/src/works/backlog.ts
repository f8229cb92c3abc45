/** Whether a long queue is slow or large: PulseQueue against itself. */
import { CheckFailed, checkHandledOnce } from "../check.ts";
import { jobChunks } from "../job.ts";
import { ledger } from "../ledger.ts";
import type { Figures, MeasureOptions } from "../measurement.ts";
import { openQueue, ordered, readyCount } from "../peers/pulsequeue.ts";

const chunk = 1_000;

/** Leaves `size` events waiting in the place. */
export async function fillBacklog({ place, size }: MeasureOptions): Promise<Figures> {
  const queue = await openQueue(place, "nothing", ledger());
  for (const jobs of jobChunks(size, { size: chunk })) await queue.publishMany(ordered, jobs);
  await queue.close();
  return {};
}

/**
 * Throughput while about `size` events wait: whenever 1,000 were handled, 1,000 are published, so that publishing costs the
 * same at every length of the queue. The first tenth is not timed. Memory is the largest the process ever had.
 */
export async function atBacklog({ place, size, jobs }: MeasureOptions): Promise<Figures> {
  const seen = ledger();
  const queue = await openQueue(place, "nothing", {
    ...seen,
    handled(job) {
      seen.handled(job);
      if (seen.orderIds.length % chunk === 0 && seen.orderIds.length <= target) publishNext();
    },
  });
  const waiting = await readyCount(queue);
  if (waiting !== size) throw new CheckFailed(`${String(waiting)} events wait, ${String(size)} were stored`);
  const warmUp = Math.ceil(jobs / 10 / chunk) * chunk;
  const target = warmUp + Math.ceil(jobs / chunk) * chunk;
  const next = jobChunks(target, { first: firstNew, size: chunk });
  const publishing: Promise<unknown>[] = [];
  function publishNext(): void {
    const { value } = next.next();
    if (value !== undefined) publishing.push(queue.publishMany(ordered, value));
  }
  const warm = seen.until("jobs", warmUp);
  await queue.start();
  await warm;
  const started = performance.now();
  const from = seen.orderIds.length;
  await seen.until("jobs", target);
  const took = performance.now() - started;
  const handled = seen.orderIds.length - from;
  await queue.operate.pause("do-nothing", { reason: "the measurement is over" });
  await Promise.all(publishing);
  const left = await readyCount(queue);
  const due = size + publishing.length * chunk - seen.orderIds.length;
  if (left !== due) throw new CheckFailed(`${String(left)} events wait, ${String(due)} should`);
  if (new Set(seen.orderIds).size !== seen.orderIds.length) throw new CheckFailed("an event was handled twice");
  await queue.close();
  return { processPerSecond: (handled / took) * 1_000, peakMemoryMiB: process.resourceUsage().maxRSS / 1_024 };
}

/** Numbers of the jobs that are published during a measurement start here: no stored one has them. */
const firstNew = 50_000_000;

/** Leaves `size` handled events in the journal of the place. */
export async function fillJournal({ place, size }: MeasureOptions): Promise<Figures> {
  const queue = await openQueue(place, "nothing", { handled: () => undefined, followed: () => undefined });
  await queue.start();
  for (const jobs of jobChunks(size, { size: chunk })) await queue.publishMany(ordered, jobs);
  await queue.idle();
  await queue.close();
  return {};
}

/** What one event costs, from publish to done, with `size` older events in the journal. */
export async function atJournal({ place, jobs }: MeasureOptions): Promise<Figures> {
  const seen = ledger();
  const queue = await openQueue(place, "nothing", seen);
  const run = async (count: number): Promise<number> => {
    const chunks = [...jobChunks(count, { first: firstNew + seen.orderIds.length, size: chunk })];
    const started = performance.now();
    for (const list of chunks) await queue.publishMany(ordered, list);
    await queue.idle();
    return performance.now() - started;
  };
  await queue.start();
  await run(Math.ceil(jobs / 10));
  const took = await run(jobs);
  checkHandledOnce(seen.orderIds, [...jobChunks(seen.orderIds.length, { first: firstNew })].flat());
  await queue.close();
  return { microsecondsPerEvent: (took / jobs) * 1_000 };
}
