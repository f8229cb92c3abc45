import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Where in the user's own files something went wrong. */
export interface Location {
  readonly path: string;
  readonly line: string;
}

/** This package's own code: never where a user has to look. */
const ownCode = fileURLToPath(new URL("../../", import.meta.url));

/** What the compiler said, e.g. `/app.ts:3:18: ERROR: Unexpected ";"`. */
const compilerError = /^(?<path>\S[^\n]*?):(?<line>\d+):\d+: ERROR: (?<reason>.+)$/m;

/** The first line of a syntax error's stack: `file:///app.ts:3`. */
const stackHead = /^(?:file:\/\/)?(?<path>\/[^\n:]+):(?<line>\d+)\n/;

/** One frame: `at name (/app.ts:3:18)` or `at file:///app.ts:3:18`. */
const frame = /^\s*at (?:.*\()?(?:file:\/\/)?(?<path>\/[^():]+):(?<line>\d+):\d+\)?$/;

/** The reason of an error that a module threw while it was loaded, and where it was if that is known. */
export function explain(thrown: unknown): { readonly reason: string; readonly at: Location | undefined } {
  if (!(thrown instanceof Error)) return { reason: `it threw ${typeof thrown}`, at: undefined };
  const compiler = compilerError.exec(thrown.message)?.groups;
  if (compiler !== undefined) return { reason: compiler["reason"] ?? "", at: location(compiler) };
  const stack = thrown.stack ?? "";
  const head = stackHead.exec(stack)?.groups;
  return { reason: thrown.message.split("\n")[0] ?? "", at: head === undefined ? firstOwnFrame(stack) : location(head) };
}

function firstOwnFrame(stack: string): Location | undefined {
  for (const line of stack.split("\n")) {
    const groups = frame.exec(line)?.groups;
    const at = groups === undefined ? undefined : location(groups);
    if (at !== undefined && !at.path.includes("/node_modules/") && !at.path.startsWith(ownCode)) return at;
  }
  return undefined;
}

function location(groups: Readonly<Record<string, string>>): Location {
  return { path: decodeURI(groups["path"] ?? ""), line: groups["line"] ?? "" };
}

/** `path` as it is read best from `cwd`. */
export function shown(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near === "" ? "." : near.startsWith("../../") ? path : near;
}
