/** Seeds of the AWS engine. */
import { answerSeeds } from "../simulate/answer.ts";
import { runSeed } from "./run.ts";

answerSeeds(async (seed) => {
  const { struck, ...ran } = await runSeed(seed);
  return { ...ran, kills: [...struck] };
});
