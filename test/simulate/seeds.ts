/** One process of the simulation: runs the seeds that it is told, one after the other, and reports each. */
import { runSeed } from "../../src/testing/simulator/run.ts";
import type { SeedReport } from "./report.ts";

/** Every so many seeds one runs twice: its traces must be equal. */
const repeatEvery = 100;

async function report(seed: number): Promise<SeedReport> {
  try {
    const { kills, violations, hash, ...rest } = await runSeed(seed);
    const isRepeated = seed % repeatEvery === 0;
    const isEqual = !isRepeated || (await runSeed(seed)).hash === hash;
    const unequal = isEqual ? [] : [{ rule: "a seed gives one trace", text: "two runs of it differ" }];
    return { ...rest, hash, violations: [...violations, ...unequal], kills: [...kills], repeated: isRepeated };
  } catch (thrown) {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { seed, hash: "", violations: [{ rule: "nothing is thrown", text }], kills: [], steps: 0, events: 0, runs: 0, repeated: false };
  }
}

process.on("message", (seed: number) => {
  void report(seed).then((answer) => process.send?.(answer));
});
process.on("disconnect", () => process.exit(0));
