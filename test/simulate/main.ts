/** `npm run simulate`: seeds that kill the engine at every kind of commit, and a judge over what is left. */
import { runSimulation } from "./command.ts";
import { embedded } from "./simulation.ts";

process.exitCode = await runSimulation(embedded, process.argv.slice(2));
