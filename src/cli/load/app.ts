import { asApp, type App } from "../../core/app.ts";
import { PulseQueueError } from "../../core/errors.ts";
import { shown } from "./locate.ts";
import { loadDefault } from "./module.ts";

/**
 * The app that the module at `path` exports by default.
 * Throws `APP_NOT_LOADED`, or what a declaration in it refused (`DECLARATION_INVALID`, `TOPOLOGY_INVALID`) with its place.
 */
export async function loadApp(path: string, cwd: string): Promise<App> {
  const value = await loadDefault(path, "The app", cwd);
  if (value === undefined) throw new PulseQueueError("APP_NOT_LOADED", `The app ${shown(path, cwd)} has no default export`);
  try {
    return asApp(value);
  } catch {
    const kind = typeof value === "object" && value !== null && "kind" in value ? `a declared ${String(value.kind)}` : `of type ${typeof value}`;
    throw new PulseQueueError("APP_NOT_LOADED", `The default export of ${shown(path, cwd)} is ${kind}, not an app`);
  }
}
