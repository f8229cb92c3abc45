/** `npm run bench`: starts what is needed, measures, judges, prints, and leaves nothing behind. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { judge } from "./goals.ts";
import { checkDisk, describeMachine, probeDisk } from "./machine.ts";
import { parseOptions, usage, UsageError, type Options } from "./options.ts";
import type { PeerName } from "./peer.ts";
import { loadPeer } from "./peers/index.ts";
import { markdown, type Report } from "./report.ts";
import { runAll } from "./run.ts";

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => {
      interrupt.abort(new Interrupted());
    });
  }
  await checkDisk(options.directory);
  const directory = await mkdtemp(join(resolve(options.directory), "pulsequeue-bench-"));
  try {
    await chmod(directory, 0o711); // PostgreSQL runs as its own user and must reach its folder below
    const report = await makeReport(options, directory, interrupt.signal);
    const json = `${JSON.stringify(report, undefined, 2)}\n`;
    process.stdout.write(options.json ? json : markdown(report));
    if (options.out !== undefined) {
      await mkdir(options.out, { recursive: true });
      await writeFile(join(options.out, `${report.machine.date}.md`), markdown(report));
      await writeFile(join(options.out, `${report.machine.date}.json`), json);
    }
    const { problems } = report.outcome;
    return problems.some((problem) => problem.check) ? 3 : problems.length > 0 ? 1 : 0;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function makeReport(options: Options, directory: string, signal: AbortSignal): Promise<Report> {
  const before = probeDisk(directory);
  const outcome = await runAll(options, directory, signal, (line) => {
    process.stderr.write(`${line}\n`);
  });
  const peers = await Promise.all(
    options.peers.map(async (name) => {
      const { durability, order, settings } = await loadPeer(name);
      return { name, version: await versionOf(name), durability, order, settings };
    }),
  );
  const syncsPerSecond = { before, after: probeDisk(directory) };
  return { machine: describeMachine(), syncsPerSecond, options, peers, outcome, goals: judge(outcome.samples, options.repetitions) };
}

async function versionOf(peer: PeerName): Promise<string> {
  const folder = peer === "pg-boss-bulk" ? "pg-boss" : peer;
  const text = await readFile(new URL(`../node_modules/${folder}/package.json`, import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reason(error.cause)}`;
}

class Interrupted extends Error {
  override readonly name = "Interrupted";
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof Interrupted) process.exit(130);
    process.stderr.write(error instanceof UsageError ? `${error.message}\n\n${usage}` : `bench: ${reason(error)}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
