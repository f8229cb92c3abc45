/** The stacks of an app on disk: `infra/stacks/<environment>/`, each with its values and its synthesized files. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import type { App } from "../../core/app.ts";
import { PulseQueueError } from "../../core/errors.ts";
import {
  filesOf,
  infrastructureOf,
  parseEnvironment,
  policyFolder,
  sealFile,
  variablesFile,
  type Environment,
  type Files,
  type Infrastructure,
} from "../../synth/index.ts";
import type { Call } from "../call.ts";
import { CommandError, usageError } from "../exit.ts";
import { loadApp } from "../load/app.ts";

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

const valuesFile = "environment.json";

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

export interface FoundEnvironment {
  /** Absolute. */
  readonly folder: string;
  readonly environment: Environment;
}

/** The values of every environment in `infra`, or of the one called `name`. Throws as `openStacks`. */
export function readEnvironments(cwd: string, infra: string, name: string | undefined): readonly FoundEnvironment[] {
  const root = resolve(cwd, infra, "stacks");
  const names = existsSync(root) ? readdirSync(root).filter((entry) => existsSync(join(root, entry, valuesFile))) : [];
  const all = names.map((entry) => ({ name: entry, folder: join(root, entry), environment: readEnvironment(join(root, entry, valuesFile)) }));
  for (const { name: entry, environment } of all) {
    if (environment.environment !== entry)
      throw new PulseQueueError("DEPLOYMENT_INVALID", `The values in stacks/${entry} are those of "${environment.environment}": two environments would be one`);
  }
  const chosen = all.filter((one) => one.name === (name ?? one.name));
  if (chosen.length > 0) return chosen;
  if (all.length > 0) throw usageError(`There is no environment ${name ?? ""}`, `Use one of: ${names.join(", ")}.`);
  throw new CommandError(
    "FILE_MISSING",
    `There is no ${name === undefined ? `${infra}/stacks/<environment>/${valuesFile}` : `stacks/${name}/${valuesFile}`}`,
    "Copy infra/ of the reference application and set its values, or name its folder with --infra.",
  );
}

function openStack(app: App, folder: string, environment: Environment): Stack {
  const infrastructure = infrastructureOf(app.topology, environment);
  return { folder, environment, infrastructure, expected: filesOf(infrastructure), found: readFound(folder) };
}

function readEnvironment(path: string): Environment {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new PulseQueueError("DEPLOYMENT_INVALID", `${relative(".", path)} is no JSON`, { cause });
  }
  return parseEnvironment(value);
}

/** Every synthesized file that is there. */
function readFound(folder: string): Files {
  const policies = join(folder, policyFolder);
  const names = existsSync(policies) ? readdirSync(policies).map((name) => `${policyFolder}/${name}`) : [];
  const found = [...names, variablesFile, sealFile].filter((name) => existsSync(join(folder, name)) && statSync(join(folder, name)).isFile());
  return new Map(found.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
