/** The values of environments on disk: `infra/stacks/<environment>/environment.json`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { PulseQueueError } from "../../core/errors.ts";
import { parseEnvironment, type Environment } from "../../synth/index.ts";
import { CommandError, usageError } from "../exit.ts";

const valuesFile = "environment.json";

export interface FoundEnvironment {
  /** Absolute. */
  readonly folder: string;
  readonly environment: Environment;
}

/** The values of every environment in `infra`, or of the one called `name`. Throws `FILE_MISSING` where there is none, `DEPLOYMENT_INVALID` for values that cannot be used. */
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

function readEnvironment(path: string): Environment {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new PulseQueueError("DEPLOYMENT_INVALID", `${relative(".", path)} is no JSON`, { cause });
  }
  return parseEnvironment(value);
}
