import { checkHandledOnce } from "../check.ts";
import { job, jobChunks, type Job } from "../job.ts";
import { ledger } from "../ledger.ts";
import type { Peer, Place } from "../peer.ts";
import type { Figures, MeasureOptions } from "../measurement.ts";
import { percentile } from "../statistics.ts";

/** So many that V8 has compiled what the clients run often: a service is measured, not its first second. */
const warmUpJobs = { together: 5_000, oneByOne: 500 } as const;

/** Half as many jobs as the throughput works, published by 100 at once that each wait for their acknowledgement. */
export function publishBy100(peer: Peer, options: MeasureOptions): Promise<Figures> {
  return publishing(peer, options, 100, Math.ceil(options.jobs / 2), warmUpJobs.together);
}

/** One job after the other, each acknowledged before the next. */
export function publishOneByOne(peer: Peer, options: MeasureOptions): Promise<Figures> {
  return publishing(peer, options, 1, Math.ceil((options.jobs * 3) / 20), warmUpJobs.oneByOne);
}

async function publishing(peer: Peer, { warmUp, place }: MeasureOptions, publishers: number, jobs: number, warmUpTo: number): Promise<Figures> {
  await publishAll(peer, warmUp, publishers, Math.min(jobs, warmUpTo));
  return publishAll(peer, place, publishers, jobs);
}

/** No handler runs while it is timed; afterwards all jobs are processed, to see that what was acknowledged is there. */
async function publishAll(peer: Peer, place: Place, publishers: number, jobs: number): Promise<Figures> {
  const seen = ledger();
  const session = await peer.open(place, "nothing", seen);
  const open = Array.from({ length: jobs }, (_, number) => job(number)).reverse();
  const waits: number[] = [];
  const publisher = async (): Promise<void> => {
    for (let next: Job | undefined = open.pop(); next !== undefined; next = open.pop()) {
      const asked = performance.now();
      await session.publish(next);
      waits.push(performance.now() - asked);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: publishers }, publisher));
  const took = performance.now() - started;
  const finished = seen.until("jobs", jobs);
  await session.start();
  await finished;
  await session.idle();
  checkHandledOnce(seen.orderIds, [...jobChunks(jobs)].flat());
  await session.close();
  return { publishPerSecond: (jobs / took) * 1_000, p50Ms: percentile(waits, 0.5), p99Ms: percentile(waits, 0.99) };
}
