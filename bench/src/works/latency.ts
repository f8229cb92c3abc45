import { setImmediate, setTimeout } from "node:timers/promises";
import { checkHandledOnce } from "../check.ts";
import { job, jobChunks } from "../job.ts";
import { ledger } from "../ledger.ts";
import type { Peer, Place } from "../peer.ts";
import type { Figures, MeasureOptions } from "../measurement.ts";
import { percentile } from "../statistics.ts";

const warmUpSamples = 200;

/** From the call of publish to the start of the handler, while the worker has nothing else to do. */
export async function idleLatency(peer: Peer, { warmUp, place, jobs }: MeasureOptions): Promise<Figures> {
  await sample(peer, warmUp, warmUpSamples);
  return sample(peer, place, Math.min(500, Math.max(warmUpSamples, Math.ceil(jobs / 40))));
}

async function sample(peer: Peer, place: Place, samples: number): Promise<Figures> {
  const seen = ledger();
  let arrived: (at: number) => void = () => undefined;
  const session = await peer.open(place, "nothing", {
    ...seen,
    handled(handled) {
      arrived(performance.now());
      seen.handled(handled);
    },
  });
  await session.start();
  await setTimeout(500);
  const waits: number[] = [];
  for (let number = 0; number < samples; number += 1) {
    await randomPause();
    const arrival = new Promise<number>((resolve) => {
      arrived = resolve;
    });
    const asked = performance.now();
    await session.publish(job(number));
    waits.push((await arrival) - asked);
  }
  await session.idle();
  checkHandledOnce(seen.orderIds, [...jobChunks(samples)].flat());
  await session.close();
  return { p50Ms: percentile(waits, 0.5), p99Ms: percentile(waits, 0.99) };
}

/** 5 to 9 ms, not in step with any timer of the peer. */
async function randomPause(): Promise<void> {
  await setTimeout(5);
  const until = performance.now() + Math.random() * 3;
  while (performance.now() < until) await setImmediate();
}
