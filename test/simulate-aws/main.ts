/** `npm run simulate:aws`: the order pipeline on the AWS engine, on an AWS that fails in every way that AWS says it may. */
import { runSimulation } from "../simulate/command.ts";
import { onAws } from "./simulation.ts";

process.exitCode = await runSimulation(onAws, process.argv.slice(2));
