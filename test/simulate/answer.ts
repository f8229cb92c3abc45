/** One process of a simulation: runs the seeds that it is told, one after the other, and reports each. */
import type { SeedReport } from "./report.ts";

/** Every so many seeds one runs twice: its traces must be equal. */
const repeatEvery = 100;

type Ran = Omit<SeedReport, "repeated">;

export function answerSeeds(run: (seed: number) => Promise<Ran>): void {
  process.on("message", (seed: number) => {
    void report(run, seed).then((answer) => process.send?.(answer));
  });
  process.on("disconnect", () => process.exit(0));
}

async function report(run: (seed: number) => Promise<Ran>, seed: number): Promise<SeedReport> {
  try {
    const ran = await run(seed);
    const isRepeated = seed % repeatEvery === 0;
    const isEqual = !isRepeated || (await run(seed)).hash === ran.hash;
    const unequal = isEqual ? [] : [{ rule: "a seed gives one trace", text: "two runs of it differ" }];
    return { ...ran, violations: [...ran.violations, ...unequal], repeated: isRepeated };
  } catch (thrown) {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { seed, hash: "", violations: [{ rule: "nothing is thrown", text }], kills: [], steps: 0, events: 0, runs: 0, repeated: false };
  }
}
