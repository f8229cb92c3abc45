/** Runs the real command as a child process in a folder of its own. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const fromSource = ["--conditions=source", "--import", join(root, "node_modules/tsx/dist/loader.mjs"), join(root, "src/cli/main.ts")];

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as one JSON document. */
  json(): unknown;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** A command that goes on until it is stopped. */
export interface Running {
  readonly pid: number;
  /** Resolves with the first line, of those not returned yet, that holds `text`. Rejects when the command ends without it. */
  line(text: string): Promise<string>;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<Finished>;
}

export interface Project {
  readonly folder: string;
  path(name: string): string;
  write(name: string, text: string): void;
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  start(args: readonly string[], options?: RunOptions): Running;
  /** Kills what still runs, removes the folder. */
  remove(): void;
}

/** Packages that a project can import. */
const packages = {
  pulsequeue: root,
  ...Object.fromEntries(["zod", "valibot", "tsx", "typescript", "@types/node"].map((name) => [name, join(root, "node_modules", name)])),
};

/** A folder with a package.json for ES modules and the packages in reach. `command` is what is run: the sources, unless given. */
export function createProject(
  files: Readonly<Record<string, string>>,
  command: readonly string[] = fromSource,
  installed: Readonly<Record<string, string>> = packages,
): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "pulsequeue-cli-")));
  const path = (name: string): string => join(folder, name);
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  for (const [name, target] of Object.entries(installed)) {
    mkdirSync(dirname(path(`node_modules/${name}`)), { recursive: true });
    symlinkSync(target, path(`node_modules/${name}`));
  }
  for (const [name, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) write(name, text);

  const children = new Set<ChildProcessWithoutNullStreams>();
  const launch = (args: readonly string[], { env = {}, input }: RunOptions = {}): ChildProcessWithoutNullStreams => {
    const child = spawn(process.execPath, [...command, ...args], { cwd: folder, env: { PATH: process.env["PATH"], HOME: folder, ...env }, stdio: "pipe" });
    children.add(child);
    child.on("exit", () => children.delete(child));
    child.stdin.on("error", () => undefined);
    if (input === undefined) child.stdin.end();
    else child.stdin.end(input);
    return child;
  };
  return {
    folder,
    path,
    write,
    run: (args, options) => follow(launch(args, options)).ended,
    start: (args, options) => follow(launch(args, options)),
    remove: () => {
      for (const child of children) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Loads each app in one process and answers with what was wrong, as JSON by file. */
export async function loadAll(folder: string, files: readonly string[]): Promise<string> {
  const script = join(root, "test/support/load-apps.ts");
  const child = spawn(process.execPath, [...fromSource.slice(0, -1), script, ...files], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const chunk of child.stdout.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  return text;
}

function follow(child: ChildProcessWithoutNullStreams): Running {
  let stdout = "";
  let stderr = "";
  let fresh: string[] = [];
  let rest = "";
  let wake: () => void = () => undefined;
  const take = (chunk: string): void => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    fresh.push(...lines);
    wake();
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    take(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    take(chunk);
  });
  let isOver = false;
  const ended = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      isOver = true;
      wake();
      resolve({ code, stdout, stderr, json: () => JSON.parse(stdout) as unknown });
    });
  });
  const line = async (text: string): Promise<string> => {
    for (;;) {
      const at = fresh.findIndex((entry) => entry.includes(text));
      if (at >= 0) {
        const found = fresh[at] ?? "";
        fresh = fresh.slice(at + 1);
        return found;
      }
      if (isOver) throw new Error(`The command ended without a line with ${JSON.stringify(text)}:\n${stdout}${stderr}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    pid: child.pid ?? 0,
    line,
    signal: (signal) => void child.kill(signal),
    stop: (signal = "SIGTERM") => {
      child.kill(signal);
      return ended;
    },
    ended,
  };
}

/** The text of the app in `order-app.ts`, for a project's own `app.ts`. */
export const orderApp = readFileSync(new URL("order-app.ts", import.meta.url), "utf8");
