import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { projectRoot } from "../support/tree.ts";

/** A process that runs one of the scripts of this folder, and says what it does in lines. */
export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves with the first line, from the start, that begins with `start`. Rejects when the process ends without it. */
  line(start: string): Promise<string>;
  /** Tells it something, one line. */
  tell(text: string): void;
  /** Resolves with its exit code, `null` after a signal. */
  readonly ended: Promise<number | null>;
}

/** Starts `test/faults/<script>`. It is killed when the test ends. */
export function startChild(script: string, ...args: readonly string[]): Child {
  const child = spawn(process.execPath, ["--conditions=source", "--expose-gc", "--import", "tsx", `test/faults/${script}`, ...args], {
    cwd: projectRoot,
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines: string[] = [];
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const now = waiting;
    waiting = [];
    for (const look of now) look();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    wake();
  });
  let over = false;
  const ended = once(child, "close").then(([code]) => {
    over = true;
    wake();
    return code as number | null;
  });
  const line = async (start: string): Promise<string> => {
    for (;;) {
      const found = lines.find((candidate) => candidate.startsWith(start));
      if (found !== undefined) return found;
      if (over) throw new Error(`the process ended without "${start}"; it said: ${lines.join(" | ")}`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { pid: child.pid ?? 0, process: child, lines, line, tell: (text) => child.stdin.write(`${text}\n`), ended };
}
