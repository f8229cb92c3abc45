/** Makes the file that is then damaged: the same bytes each time, since time and randomness come from a virtual clock and a seed. */
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { drain, pass, seededRandom, virtualClock } from "pulsequeue/testing";
import { added, charged, faultApp, put, refused, reminded } from "./app.ts";
import { requestKeys, requestOf } from "./requests.ts";

export interface BuildOptions {
  readonly file: string;
  /** Events that are handled; each of them emits another one. */
  readonly events: number;
  readonly seed: number;
  /** Called before the file is closed, with the engine that has it open. @default nothing */
  readonly beforeClose?: (queue: LocalQueue) => Promise<void> | void;
}

/** Something in every table, closed. */
export async function buildFile({ file, events, seed, beforeClose = () => undefined }: BuildOptions): Promise<void> {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const queue = await openLocal(faultApp, { file, clock, random });
  await queue.start();
  await drain(clock);
  for (let done = 0; done < events; done += 200) {
    const size = Math.min(200, events - done);
    await queue.publishMany(
      added,
      Array.from({ length: size }, () => ({
        bucket: `bucket-${String(random.below(25))}`,
        amount: random.below(1_000),
        note: "note ".repeat(random.below(30)),
      })),
    );
    await drain(clock);
    clock.advance(1_000);
  }
  for (let index = 0; index < 20; index += 1) {
    await queue.publish(refused, { reason: `not today ${String(index)}` });
    await queue.publish(charged, { account: `account-${String(index % 7)}`, amount: index });
    await queue.publish(reminded, { text: `reminder ${String(index)}` }, { delay: "30d" });
    await drain(clock);
  }
  for (const key of requestKeys) await queue.invoke(put, requestOf(key));
  await queue.operate.discard({ handler: "refuse", limit: 2 }, { reason: "known" });
  await queue.operate.pause("remind", { reason: "maintenance" });
  await pass(clock, 5);
  await beforeClose(queue);
  await queue.close();
}
