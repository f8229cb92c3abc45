/** Which queue a command works on: that of a file on this machine, or that of a deployment in AWS. */
import type { Command } from "commander";
import type { Environment } from "../synth/index.ts";
import { deployedControl } from "./control/deployed.ts";
import type { Control } from "./control/control.ts";
import { withDeployment } from "./aws/with-deployment.ts";
import { usageError } from "./exit.ts";
import type { GlobalOptions, Settings } from "./load/settings.ts";
import type { Io } from "./output/io.ts";
import { readEnvironments } from "./stack/environments.ts";
import { withFile, type WhenMissing } from "./with-file.ts";

export interface PlaceOptions {
  readonly env?: string;
  readonly infra: string;
}

export interface Place {
  readonly settings: Settings;
  /** Of the deployment; `undefined`: the file of `settings`. */
  readonly environment: Environment | undefined;
}

export function addPlace(command: Command): Command {
  return command
    .option("--env <name>", "the deployment of this environment, instead of a file (env PULSEQUEUE_ENV)")
    .option("--infra <path>", "where its values are, in <path>/stacks/<name>/environment.json", "infra");
}

/** An option wins over the variable. Throws a usage error for both a file and an environment, and as `readEnvironments`. */
export function placeOf(settings: Settings, { env, infra, file }: PlaceOptions & GlobalOptions, io: Io): Place {
  if (env !== undefined && file !== undefined) throw usageError("A deployment has no file", "Give --env or --file.");
  const named = env ?? (file === undefined ? io.env["PULSEQUEUE_ENV"] : undefined) ?? "";
  if (named === "") return { settings, environment: undefined };
  return { settings, environment: readEnvironments(io.cwd, infra, named)[0]?.environment };
}

/** Runs `use` on the queue of `place`. Throws as `withFile` and `withDeployment`. */
export async function withQueue<Result>(
  { settings, environment }: Place,
  io: Io,
  use: (control: Control) => Promise<Result>,
  whenMissing: WhenMissing = "refuse",
): Promise<Result> {
  if (environment === undefined) return await withFile(settings, io, use, whenMissing);
  return await withDeployment(settings, environment, io, ({ app, queue }) => use(deployedControl(app, queue)));
}

export type { WhenMissing };
