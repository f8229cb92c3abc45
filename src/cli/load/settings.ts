import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Config } from "../../core/config.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { LocalOptions } from "../../engines/local/index.ts";
import { masterKeyFromCommand, masterKeyFromFile } from "../../engines/local/master-key.ts";
import type { Io } from "../output/io.ts";
import { loadDefault } from "./module.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly app?: string;
  readonly file?: string;
  readonly keyFile?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Which app and which file a command works with, as absolute paths. */
export interface Settings {
  readonly app: string;
  readonly file: string;
  /** Folder of the config, else the current one: what `dev` watches besides the app's folder. */
  readonly root: string;
  /** Where the master key of personal data comes from; `undefined`: there is none. Read only where the file is opened. */
  readonly masterKey: (() => Uint8Array) | undefined;
}

const configNames = ["pulsequeue.config.ts", "pulsequeue.config.mts", "pulsequeue.config.js", "pulsequeue.config.mjs"];
const appNames = ["app.ts", "app.mts", "app.js", "app.mjs"];
export const defaultFile = ".pulsequeue/app.db";

/**
 * Settles on an app and a file: an argument or option wins over the environment (`PULSEQUEUE_APP`, `PULSEQUEUE_DB`), that
 * over `pulsequeue.config.ts`, that over the defaults. The config is loaded only where it can matter.
 */
export async function settle(options: GlobalOptions, io: Io, argument?: string): Promise<Settings> {
  const app = argument ?? options.app ?? nonEmpty(io.env["PULSEQUEUE_APP"]);
  const file = options.file ?? nonEmpty(io.env["PULSEQUEUE_DB"]);
  const configPath = configNames.map((name) => resolve(io.cwd, name)).find((path) => existsSync(path));
  const config = configPath === undefined || (app !== undefined && file !== undefined) ? {} : await loadConfig(configPath, io.cwd);
  const firstApp = appNames.find((name) => existsSync(resolve(io.cwd, name))) ?? "app.ts";
  return {
    app: resolve(io.cwd, app ?? config.app ?? firstApp),
    file: resolve(io.cwd, file ?? config.file ?? defaultFile),
    root: configPath === undefined ? io.cwd : dirname(configPath),
    masterKey: masterKeySource(options, io),
  };
}

/** An option wins over the environment, a file over a command. */
function masterKeySource({ keyFile }: GlobalOptions, { cwd, env }: Io): Settings["masterKey"] {
  const path = keyFile ?? nonEmpty(env["PULSEQUEUE_KEY_FILE"]);
  const command = nonEmpty(env["PULSEQUEUE_KEY_COMMAND"]);
  if (path !== undefined) return () => masterKeyFromFile(resolve(cwd, path));
  return command === undefined ? undefined : () => masterKeyFromCommand(command);
}

/** What `openLocal` is given for it. */
export function vaultOf({ masterKey }: Pick<Settings, "masterKey">): Pick<LocalOptions, "vault"> {
  return masterKey === undefined ? {} : { vault: { masterKey: masterKey() } };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

async function loadConfig(path: string, cwd: string): Promise<Config> {
  const value = await loadDefault(path, "The config", cwd);
  if (typeof value !== "object" || value === null)
    throw new PulseQueueError("DECLARATION_INVALID", "The default export of the config is not the result of defineConfig()");
  const config: Record<string, unknown> = { ...value };
  for (const [name, entry] of Object.entries(config)) {
    if (name !== "app" && name !== "file")
      throw new PulseQueueError("DECLARATION_INVALID", `The config has no setting "${name.slice(0, 100)}": it takes app and file`);
    if (typeof entry !== "string" || entry === "") throw new PulseQueueError("DECLARATION_INVALID", `The config's ${name} is not a path`);
  }
  return config;
}
