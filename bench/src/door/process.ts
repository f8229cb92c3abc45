import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FromServer, Ready, ServerSettings, State, ToServer } from "./protocol.ts";

/** A server in a process of its own. */
export interface ServerProcess extends Pick<Ready, "port" | "tokens"> {
  state(): Promise<State>;
  /** Ends it in order. */
  end(): Promise<State>;
}

/** Runs `work` beside a server, and leaves none behind. `profile`: a folder for a CPU profile of the server. */
export async function withServer<Result>(settings: ServerSettings, work: (server: ServerProcess) => Promise<Result>): Promise<Result> {
  const profile = process.env["PULSEQUEUE_BENCH_PROFILE"];
  const execArgv = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const child = fork(fileURLToPath(new URL("./server.js", import.meta.url)), { execArgv });
  const ended = once(child, "exit");
  const hear = async <Type extends FromServer["type"]>(type: Type): Promise<Extract<FromServer, { readonly type: Type }>> => {
    const heard = await Promise.race([once(child, "message"), ended.then(() => undefined)]);
    const message = heard?.[0] as FromServer | undefined;
    if (message?.type !== type) throw new Error("the server ended, and did not answer");
    return message as Extract<FromServer, { readonly type: Type }>;
  };
  const ask = async (message: ToServer): Promise<State> => {
    const answer = hear("state");
    child.send(message);
    return await answer;
  };
  try {
    const ready = hear("ready");
    child.send(settings);
    const { port, tokens } = await ready;
    return await work({
      port,
      tokens,
      state: () => ask({ type: "state" }),
      async end() {
        const state = await ask({ type: "end" });
        await ended;
        return state;
      },
    });
  } finally {
    if (child.exitCode === null) child.kill("SIGKILL");
  }
}
