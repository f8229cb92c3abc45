/** Seeds of the embedded engine. */
import { runSeed } from "../../src/testing/simulator/run.ts";
import { answerSeeds } from "./answer.ts";

answerSeeds(async (seed) => {
  const { kills, ...ran } = await runSeed(seed);
  return { ...ran, kills: [...kills] };
});
