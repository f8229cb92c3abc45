import type { Readable, Writable } from "node:stream";
import type { Connect } from "../aws/clients.ts";
import type { OpenTraffic } from "../aws/live-traffic.ts";

/** Everything a command takes from its process, so that nothing below reads globals. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How AWS is reached. */
  readonly connect: Connect;
  /** How versions of deployed functions are reached. */
  readonly traffic: OpenTraffic;
}

/** Whether `stream` may be coloured: a terminal, and nobody asked for plain text (https://no-color.org). */
export function mayColour(stream: { readonly isTTY?: boolean }, env: Io["env"]): boolean {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
