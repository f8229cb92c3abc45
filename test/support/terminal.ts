/** A terminal in memory: runs a command line in this process. */
import { Readable, Writable } from "node:stream";
import type { Connect } from "../../src/cli/aws/clients.ts";
import type { OpenTraffic } from "../../src/cli/aws/live-traffic.ts";
import { runCommand } from "../../src/cli/run.ts";

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  json(): unknown;
  /** The error that `--json` wrote. */
  error(): Readonly<Record<string, unknown>>;
}

export interface TerminalOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Whether the three streams are a terminal. @default false */
  readonly isTerminal?: boolean;
  readonly now?: () => number;
  /** @default there is no AWS */
  readonly connect?: Connect;
  /** @default there is no AWS */
  readonly traffic?: OpenTraffic;
}

const noAws = (): Promise<never> => Promise.reject(new Error("This test has no AWS"));

export async function inTerminal(args: readonly string[], options: TerminalOptions): Promise<Answer> {
  const { cwd, env = {}, input = "", isTerminal = false, now = Date.now, connect = noAws, traffic = noAws } = options;
  const [stdout, stderr] = [collector(isTerminal), collector(isTerminal)];
  const stdin = Object.assign(Readable.from([input]), { isTTY: isTerminal });
  const code = await runCommand(args, { stdin, stdout: stdout.stream, stderr: stderr.stream, env, cwd, now, connect, traffic });
  return {
    code,
    stdout: stdout.text(),
    stderr: stderr.text(),
    json: () => JSON.parse(stdout.text()) as unknown,
    error: () => (JSON.parse(stderr.text()) as { readonly error: Readonly<Record<string, unknown>> }).error,
  };
}

function collector(isTTY: boolean): { readonly stream: Writable & { readonly isTTY: boolean }; text(): string } {
  let text = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => text };
}
