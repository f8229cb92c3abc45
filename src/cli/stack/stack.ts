/** The stacks of an app on disk: `infra/stacks/<environment>/`, each with its values and its synthesized files. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import type { App } from "../../core/app.ts";
import { deploymentOf } from "../../core/deployment.ts";
import { PulseQueueError } from "../../core/errors.ts";
import { filesOf, infrastructureOf, parseEnvironment, policyFolder, stateOf, type Environment, type Files, type Infrastructure } from "../../synth/index.ts";
import type { Call } from "../call.ts";
import { CommandError, usageError } from "../exit.ts";
import { loadApp } from "../load/app.ts";
import { documentsOf } from "./documents.ts";

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
  const root = resolve(call.io.cwd, call.options.infra, "stacks");
  const names = existsSync(root) ? readdirSync(root).filter((name) => existsSync(join(root, name, valuesFile))) : [];
  const all = names.map((name) => ({ name, folder: join(root, name), environment: readEnvironment(join(root, name, valuesFile)) }));
  for (const { name, environment } of all) {
    if (environment.environment !== name)
      throw new PulseQueueError("DEPLOYMENT_INVALID", `The values in stacks/${name} are those of "${environment.environment}": two environments would be one`);
  }
  checkStates(app, all);
  const chosen = all.filter(({ name }) => name === (call.options.env ?? name));
  if (chosen.length === 0) {
    const wanted = call.options.env === undefined ? `${call.options.infra}/stacks/<environment>/${valuesFile}` : `stacks/${call.options.env}/${valuesFile}`;
    if (all.length > 0) throw usageError(`There is no environment ${call.options.env ?? ""}`, `Use one of: ${names.join(", ")}.`);
    throw new CommandError(
      "FILE_MISSING",
      `There is no ${wanted}`,
      "Copy infra/ of the reference application and set its values, or name its folder with --infra.",
    );
  }
  const documents = documentsOf(app);
  return { app, stacks: chosen.map(({ folder, environment }) => openStack(app, folder, environment, documents)) };
}

/** One state for two environments: the second apply would destroy what the first one made. */
function checkStates(app: App, all: readonly { readonly name: string; readonly environment: Environment }[]): void {
  const taken = new Map<string, string>();
  for (const { name, environment } of all) {
    const { bucket, key } = stateOf(deploymentOf(app.topology, name), environment);
    const other = taken.get(`${bucket}/${key}`);
    if (other !== undefined)
      throw new PulseQueueError("DEPLOYMENT_INVALID", `stacks/${other} and stacks/${name} would keep their state under one key: give each its own`, {
        issues: [{ path: `${name}.state.key`, message: `is that of ${other}: ${key}` }],
      });
    taken.set(`${bucket}/${key}`, name);
  }
}

function openStack(app: App, folder: string, environment: Environment, documents: Files): Stack {
  const infrastructure = infrastructureOf(app.topology, environment);
  const expected = filesOf(infrastructure, documents);
  return { folder, environment, infrastructure, expected, found: readFound(folder, expected) };
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

/** Every synthesized file that is there, and every policy that was one. */
function readFound(folder: string, expected: Files): Files {
  const policies = join(folder, policyFolder);
  const names = existsSync(policies) ? readdirSync(policies).map((name) => `${policyFolder}/${name}`) : [];
  const found = [...new Set([...names, ...expected.keys()])].filter((name) => existsSync(join(folder, name)) && statSync(join(folder, name)).isFile());
  return new Map(found.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
