/** The stacks of an app on disk: `infra/stacks/<environment>/`, each with its values and its synthesized files. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { App } from "../../core/app.ts";
import { filesOf, infrastructureOf, policyFolder, type Environment, type Files, type Infrastructure } from "../../synth/index.ts";
import type { Call } from "../call.ts";
import { loadApp } from "../load/app.ts";
import { readEnvironments } from "./environments.ts";

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
  const found = readEnvironments(call.io.cwd, call.options.infra, call.options.env);
  return { app, stacks: found.map(({ folder, environment }) => openStack(app, folder, environment)) };
}

/** One environment of the app. */
export function openStack(app: App, folder: string, environment: Environment): Stack {
  const infrastructure = infrastructureOf(app.topology, environment);
  const expected = filesOf(infrastructure);
  return { folder, environment, infrastructure, expected, found: readFound(folder, expected) };
}

/** Every synthesized file that is there, and every policy that was one. */
function readFound(folder: string, expected: Files): Files {
  const policies = join(folder, policyFolder);
  const names = existsSync(policies) ? readdirSync(policies).map((name) => `${policyFolder}/${name}`) : [];
  const found = [...new Set([...names, ...expected.keys()])].filter((name) => existsSync(join(folder, name)) && statSync(join(folder, name)).isFile());
  return new Map(found.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
