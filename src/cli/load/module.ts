import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { isPulseQueueError, PulseQueueError } from "../../core/errors.ts";
import { explain, shown, type Location } from "./locate.ts";

const typeScript: ReadonlySet<string> = new Set([".ts", ".mts", ".cts", ".tsx"]);
let compilerLoaded = false;

/**
 * The default export of the module at `path`, which may be TypeScript. `what` names it in errors.
 * Throws `APP_NOT_LOADED` for a module that is not there, does not parse or throws, and passes on what a declaration refused.
 */
export async function loadDefault(path: string, what: string, cwd: string): Promise<unknown> {
  const name = shown(path, cwd);
  if (!existsSync(path)) throw new PulseQueueError("APP_NOT_LOADED", `${what} ${name} does not exist`);
  try {
    await prepare(path);
    const loaded: unknown = await import(pathToFileURL(path).href);
    return defaultOf(loaded);
  } catch (thrown) {
    throw asLoadError(thrown, path, `${what} ${name}`, cwd);
  }
}

/** Teaches Node TypeScript, unless it knows it: as ES modules, and as CommonJS for folders whose package.json does not say `"type": "module"`. */
async function prepare(path: string): Promise<void> {
  const known = "typescript" in process.features && Boolean(process.features.typescript);
  if (compilerLoaded || known || !typeScript.has(extname(path))) return;
  compilerLoaded = true;
  const [esm, cjs] = await Promise.all([import("tsx/esm/api"), import("tsx/cjs/api")]);
  cjs.register();
  esm.register();
}

/** A CommonJS module's `export default` is one level deeper. */
function defaultOf(loaded: unknown): unknown {
  const value = property(loaded, "default");
  return property(value, "__esModule") === true ? property(value, "default") : value;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value ? (value as Record<string, unknown>)[name] : undefined;
}

function asLoadError(thrown: unknown, path: string, what: string, cwd: string): PulseQueueError {
  const { reason, at } = explain(thrown);
  const where = place(at ?? (thrown instanceof SyntaxError ? checkSyntax(path) : undefined), cwd);
  if (isPulseQueueError(thrown)) return new PulseQueueError(thrown.code, `${thrown.message}${where}`, { cause: thrown, issues: thrown.issues });
  const cause =
    property(thrown, "code") === "ERR_MODULE_NOT_FOUND"
      ? reason.replace(/ imported from .*/, "").replace(/'(\/[^']+)'/, (_, missing: string) => `"${shown(missing, cwd)}"`)
      : reason;
  return new PulseQueueError("APP_NOT_LOADED", `${what} cannot be loaded: ${cause}${where}`, { cause: thrown });
}

function place(at: Location | undefined, cwd: string): string {
  return at === undefined ? "" : ` (${shown(at.path, cwd)}:${at.line})`;
}

/** Where plain JavaScript does not parse: the error itself does not say, Node's own check does. */
function checkSyntax(path: string): Location | undefined {
  const { stderr } = spawnSync(process.execPath, ["--check", path], { encoding: "utf8" });
  const found = /^(?:file:\/\/)?(?<path>\/[^\n:]+):(?<line>\d+)$/m.exec(stderr)?.groups;
  return found === undefined ? undefined : { path: found["path"] ?? "", line: found["line"] ?? "" };
}
