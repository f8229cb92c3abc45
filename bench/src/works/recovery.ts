/** How long a killed PulseQueue is away. */
import { CheckFailed } from "../check.ts";
import { job, jobChunks } from "../job.ts";
import { ledger } from "../ledger.ts";
import type { Figures, MeasureOptions } from "../measurement.ts";
import { openQueue, ordered } from "../peers/pulsequeue.ts";

/** Handles and publishes until it is killed; calls `ready` once it is well under way. */
export async function work({ place }: MeasureOptions, ready: () => void): Promise<never> {
  const seen = ledger();
  const queue = await openQueue(place, "nothing", seen);
  await queue.start();
  void seen.until("jobs", 2_000).then(ready);
  for (let first = 0; ; first += 100) {
    for (const jobs of jobChunks(100, { first })) await queue.publishMany(ordered, jobs);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Opens the file that a killed process left: until it accepts an event, and until its handler runs again. */
export async function recover({ place }: MeasureOptions): Promise<Figures> {
  const seen = ledger();
  const started = performance.now();
  const queue = await openQueue(place, "nothing", seen);
  const opened = performance.now();
  const receipt = await queue.publish(ordered, job(0));
  const accepted = performance.now();
  if (receipt.duplicate) throw new CheckFailed("a new event was taken for a duplicate");
  const first = seen.until("jobs", 1);
  await queue.start();
  await first;
  const handled = performance.now();
  await queue.close();
  return { openMs: opened - started, acceptedMs: accepted - started, handledMs: handled - started };
}
