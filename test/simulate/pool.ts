/** Spreads seeds over processes, and replaces one in which a seed never ends. */
import { fork, type ChildProcess } from "node:child_process";
import type { SeedReport } from "./report.ts";

export interface PoolOptions {
  /** Where the sources lie. */
  readonly folder: string;
  /** What a process runs, from there. */
  readonly script: string;
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  /** Seconds after which a seed is taken for one that hangs. */
  readonly patience: number;
  /** Told of each seed, in the order in which they end; `true` ends the run. */
  readonly onSeed: (report: SeedReport) => boolean;
  readonly signal: AbortSignal;
}

export async function runSeeds(given: PoolOptions): Promise<void> {
  const enough = new AbortController();
  const options = { ...given, signal: AbortSignal.any([given.signal, enough.signal]) };
  const last = options.from + options.seeds;
  let next = options.from;
  const take = (): number | undefined => {
    if (options.signal.aborted || next >= last) return undefined;
    next += 1;
    return next - 1;
  };
  const onSeed = (report: SeedReport): void => {
    if (options.onSeed(report)) enough.abort();
  };
  await Promise.all(Array.from({ length: Math.min(options.workers, options.seeds) }, () => work(options, take, onSeed)));
}

async function work({ folder, script, patience, signal }: PoolOptions, take: () => number | undefined, onSeed: (report: SeedReport) => void): Promise<void> {
  let child: ChildProcess | undefined;
  try {
    for (let seed = take(); seed !== undefined; seed = take()) {
      child ??= fork(script, {
        cwd: folder,
        execArgv: ["--conditions=source", "--import", "tsx"],
        stdio: ["ignore", "ignore", "pipe", "ipc"],
      });
      const report = await ask(child, seed, patience, signal);
      if (report === undefined) return;
      if (report.died) {
        child.kill("SIGKILL");
        child = undefined;
      }
      onSeed(report.seed);
    }
  } finally {
    child?.kill("SIGKILL");
  }
}

interface Answer {
  readonly seed: SeedReport;
  /** Whether the process can be asked no more. */
  readonly died: boolean;
}

/** The report of one seed; `undefined` when the run is interrupted. */
function ask(child: ChildProcess, seed: number, patience: number, signal: AbortSignal): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    let errors = "";
    const lost = (text: string): Answer => ({
      seed: { seed, hash: "", violations: [{ rule: "everything comes to an end", text }], kills: [], steps: 0, events: 0, runs: 0, repeated: false },
      died: true,
    });
    const end = (answer: Answer | undefined): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.stderr?.removeAllListeners();
      signal.removeEventListener("abort", interrupt);
      resolve(answer);
    };
    const interrupt = (): void => end(undefined);
    const timer = setTimeout(() => end(lost(`it did not end within ${patience} s`)), patience * 1_000);
    child.on("message", (report: SeedReport) => end({ seed: report, died: false }));
    child.on("exit", (code) => end(lost(`its process ended with ${code ?? "a signal"}: ${errors.slice(-1_000)}`)));
    child.stderr?.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    signal.addEventListener("abort", interrupt);
    child.send(seed);
  });
}
