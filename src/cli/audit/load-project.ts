/** Reads a project off the disk, asks its own tools, and carries out the experiments: everything that the audit looks at. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { canaryApp } from "../../audit/canary.ts";
import type { Experiment, Outcome } from "../../audit/experiment.ts";
import { accountInfra, openModules, stackInfra } from "../../audit/infra/index.ts";
import type { Needs } from "../../audit/audit.ts";
import type { CommandResult, Project, Reports, Statement } from "../../audit/project.ts";
import { deploymentOf } from "../../core/deployment.ts";
import { isPulseQueueError } from "../../core/errors.ts";
import type { App } from "../../core/app.ts";
import { backendFile } from "../../synth/index.ts";
import type { Stack } from "../stack/stack.ts";
import { createLab } from "./lab.ts";
import { loadHclParser, loadYamlParser } from "./parsers.ts";

export interface LoadOptions {
  /** Folder of the project. */
  readonly root: string;
  /** Folder of its infrastructure. */
  readonly infra: string;
  readonly app: App;
  readonly stacks: readonly Stack[];
  readonly statements: readonly Statement[];
  readonly commands: readonly string[];
  readonly experiments: readonly Experiment[];
  /** What of experiments and tools is needed, once the rest is there. @default all */
  readonly needs?: (project: Project) => Needs;
  readonly reports?: Reports;
  readonly now: number;
  readonly onStep: (step: string) => void;
}

/** Larger files are data that nobody wrote by hand. */
const mostBytes = 2 * 1024 * 1024;
const skipped: ReadonlySet<string> = new Set(["node_modules", "dist", ".git", "coverage", "build", ".terraform", ".pulsequeue"]);

export async function loadProject(options: LoadOptions): Promise<Project> {
  const { root, infra, app, now, statements, commands, onStep } = options;
  onStep("files");
  const files = readFiles(root, await trackedFiles(root));
  const workflows = await parseWorkflows(files);
  onStep("infrastructure");
  const modules = await openModules(infra, await loadHclParser());
  const stacks = options.stacks.map(({ folder, environment, infrastructure, expected, found }) => ({
    name: environment.environment,
    folder: relative(root, folder),
    environment,
    deployment: deploymentOf(app.topology, environment.environment),
    infrastructure,
    expected,
    found,
    infra: stackInfra(modules, infra, environment.environment),
    account: accountInfra(modules, infra, environment.environment),
  }));
  const empty: Project = {
    ...{ app, stacks, files, workflows, commands, statements, now },
    metrics: await readMetrics(),
    tools: new Map(),
    outcomes: new Map(),
    reports: options.reports,
  };
  const needs = options.needs?.(empty);
  onStep("tools");
  const tools = await askTools(root, files, needs?.tools);
  const experiments = options.experiments.filter(({ name }) => needs?.outcomes.has(name) !== false);
  const backends = new Map(stacks.map(({ name, found }) => [name, found.get(backendFile) ?? ""]));
  return { ...empty, tools, outcomes: await carryOut(app, backends, experiments, onStep) };
}

async function trackedFiles(root: string): Promise<readonly string[]> {
  const git = await run(root, "git", ["ls-files", "--cached", "--others", "--exclude-standard"]);
  if (git.exitCode === 0) return [...new Set(git.output.split("\n"))].filter((path) => path !== "" && existsSync(join(root, path)));
  return walk(root, "");
}

function walk(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}

function readFiles(root: string, paths: readonly string[]): Project["files"] {
  const files = new Map<string, string>();
  for (const path of paths) {
    const stat = statSync(join(root, path));
    if (!stat.isFile()) continue;
    const bytes = stat.size > mostBytes ? undefined : readFileSync(join(root, path));
    if (bytes?.includes(0) === false) files.set(path, bytes.toString("utf8"));
  }
  return files;
}

async function parseWorkflows(files: Project["files"]): Promise<ReadonlyMap<string, unknown>> {
  const paths = [...files.keys()].filter((path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path));
  if (paths.length === 0) return new Map();
  const parse = await loadYamlParser();
  return new Map(paths.map((path) => [path, parse(files.get(path) ?? "")]));
}

/** Each control or none: what the linter must say of it. The rules that it breaks need no types, so that one file of its own is enough. */
const badFile = 'export const a = eval("1");\nif (a == "x") a(new RegExp(process.argv[2]));\n// \u202e\n';

/** `needed`: names of those that are asked, beside the commit. @default all */
async function askTools(root: string, files: Project["files"], needed?: ReadonlySet<string>): Promise<ReadonlyMap<string, CommandResult>> {
  const tool = (name: string): string => join(root, "node_modules/.bin", name);
  const source = [...files.keys()].find((path) => /^src\/http\/.*(?<!\.test)\.ts$/.test(path)) ?? [...files.keys()].find((path) => path.endsWith(".ts")) ?? "";
  const script = [...files.keys()].find((path) => /^scripts\/[^/]+\.js$/.test(path)) ?? "audit.js";
  const asked: readonly (readonly [name: string, command: string, args: readonly string[], input?: string])[] = [
    ["eslint", tool("eslint"), ["--print-config", source]],
    ["eslint-bad-file", tool("eslint"), ["--stdin", "--stdin-filename", script, "--format", "json"], badFile],
    ["tsconfig", tool("tsc"), ["-p", "tsconfig.json", "--showConfig"]],
    ["history", "git", ["log", "--all", "--patch", "--unified=0", "--no-color", "--no-ext-diff", "--format=commit %H"]],
    ["commit", "git", ["rev-parse", "HEAD"]],
    // The app's own run over every edge of its topology, where it has one.
    ...((files.get("package.json") ?? "").includes('"exercise":') ? ([["exercise", "npm", ["run", "--silent", "exercise"]]] as const) : []),
  ];
  const results = await Promise.all(
    asked.map(async ([name, command, args, input]) => {
      const isThere = !command.includes("/") || existsSync(command);
      const isNeeded = name === "commit" || needed?.has(name) !== false;
      return isThere && isNeeded ? ([name, await run(root, command, args, input)] as const) : undefined;
    }),
  );
  return new Map(results.filter((result) => result !== undefined));
}

/** Runs a program; what it writes to standard output is the answer. Never rejects. */
export function run(root: string, command: string, args: readonly string[], input?: string): Promise<CommandResult> {
  const shown = [command.startsWith(root) ? command.slice(root.length + 1) : command, ...args].join(" ");
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const child = spawn(command, args, { cwd: root, stdio: ["pipe", "pipe", "ignore"], env: { ...process.env, NO_COLOR: "1", GIT_PAGER: "cat" } });
    const end = (exitCode: number): void => {
      resolve({ command: shown, exitCode, output: Buffer.concat(chunks).toString("utf8") });
    };
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", () => {
      end(127);
    });
    child.on("close", (code) => {
      end(code ?? 1);
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input ?? "");
  });
}

/** Of `handler="note",outcome="done"`. */
function labelsOf(text: string): readonly string[] {
  return text
    .split(",")
    .map((pair) => pair.split("=")[0] ?? "")
    .filter((label) => label !== "");
}

/** Names and labels of all series that an engine begins with. */
async function readMetrics(): Promise<Project["metrics"]> {
  const lab = createLab(canaryApp);
  const bench = await lab.open({ app: canaryApp });
  try {
    const series = [...(await bench.metrics()).matchAll(/^(?<name>pulsequeue_\w+)(?:\{(?<labels>[^}]*)\})? /gm)];
    return new Map(series.map(({ groups }) => [groups?.["name"] ?? "", labelsOf(groups?.["labels"] ?? "")]));
  } finally {
    await bench.close();
    lab.close();
  }
}

/** One after the other, each in a folder of its own: what throws is an outcome too. */
export async function carryOut(
  app: App,
  backends: ReadonlyMap<string, string>,
  experiments: readonly Experiment[],
  onStep: (step: string) => void,
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const { name, kind, claim, run: perform } of experiments) {
    onStep(name);
    const lab = createLab(app, backends);
    const started = performance.now();
    try {
      outcomes.set(name, { kind, claim, ...(await perform(lab)), milliseconds: Math.round(performance.now() - started) });
    } catch (thrown) {
      const reason = isPulseQueueError(thrown) ? `${thrown.code}: ${thrown.message}` : thrown instanceof Error ? thrown.message : "something was thrown";
      outcomes.set(name, { kind, claim, tried: 0, value: "it did not end", problems: [reason], milliseconds: Math.round(performance.now() - started) });
    } finally {
      lab.close();
    }
  }
  return outcomes;
}
