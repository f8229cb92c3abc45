import { setImmediate } from "node:timers/promises";

/** Lets pending work run, turn by turn of the event loop, until `condition` holds. No time passes; it fails where nothing leads there. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000; turn += 1) {
    if (condition()) return;
    await setImmediate();
  }
  throw new Error("what the test waits for did not happen");
}
