/** The stacks of an app on disk: `infra/stacks/<environment>/`, each with its values and its synthesized files. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { App } from "../../core/app.ts";
import { deploymentOf } from "../../core/deployment.ts";
import { PulseQueueError } from "../../core/errors.ts";
import { filesOf, infrastructureOf, policyFolder, stateOf, type Environment, type Files, type Infrastructure } from "../../synth/index.ts";
import type { Call } from "../call.ts";
import { loadApp } from "../load/app.ts";
import { documentsOf } from "./documents.ts";
import { readEnvironments, type FoundEnvironment } from "./environments.ts";

export interface StackOptions {
  readonly infra: string;
  readonly env?: string;
}

export interface Stack {
  /** Absolute. */
  readonly folder: string;
  readonly environment: Environment;
  readonly infrastructure: Infrastructure;
  /** As the declaration gives them now. */
  readonly expected: Files;
  /** As they are on disk. */
  readonly found: Files;
}

export function addStackOptions(command: Command): Command {
  return command
    .option("--infra <path>", "folder of the infrastructure", "infra")
    .option("--env <name>", "one environment (default: every one in <infra>/stacks)");
}

/** The app with its stacks. Throws `FILE_MISSING` where there is none, `DEPLOYMENT_INVALID` for values that cannot be used. */
export async function openStacks(call: Call<StackOptions>): Promise<{ readonly app: App; readonly stacks: readonly Stack[] }> {
  const { app: appPath } = await call.settings();
  const app = await loadApp(appPath, call.io.cwd);
  const { infra, env } = call.options;
  const chosen = readEnvironments(call.io.cwd, infra, env);
  checkStates(app, env === undefined ? chosen : readEnvironments(call.io.cwd, infra, undefined));
  const documents = documentsOf(app);
  return { app, stacks: chosen.map(({ folder, environment }) => openStack(app, folder, environment, documents)) };
}

/** One state for two environments: the second apply would destroy what the first one made. */
function checkStates(app: App, all: readonly FoundEnvironment[]): void {
  const taken = new Map<string, string>();
  for (const { environment } of all) {
    const name = environment.environment;
    const { bucket, key } = stateOf(deploymentOf(app.topology, name), environment);
    const other = taken.get(`${bucket}/${key}`);
    if (other !== undefined)
      throw new PulseQueueError("DEPLOYMENT_INVALID", `stacks/${other} and stacks/${name} would keep their state under one key: give each its own`, {
        issues: [{ path: `${name}.state.key`, message: `is that of ${other}: ${key}` }],
      });
    taken.set(`${bucket}/${key}`, name);
  }
}

/** One environment of the app. */
export function openStack(app: App, folder: string, environment: Environment, documents: Files): Stack {
  const infrastructure = infrastructureOf(app.topology, environment);
  const expected = filesOf(infrastructure, documents);
  return { folder, environment, infrastructure, expected, found: readFound(folder, expected) };
}

/** Every synthesized file that is there, and every policy that was one. */
function readFound(folder: string, expected: Files): Files {
  const policies = join(folder, policyFolder);
  const names = existsSync(policies) ? readdirSync(policies).map((name) => `${policyFolder}/${name}`) : [];
  const found = [...new Set([...names, ...expected.keys()])].filter((name) => existsSync(join(folder, name)) && statSync(join(folder, name)).isFile());
  return new Map(found.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
