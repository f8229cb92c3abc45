/** moto's server on loopback, for as long as it is used. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";

/** How long the server may take to start, milliseconds. */
const patience = 60_000;

/** Runs `use` with the server's address and stops the server; `undefined`: there is none on this machine's PATH. */
export async function withMoto<Result>(use: (endpoint: string) => Promise<Result>): Promise<Result | undefined> {
  if (spawnSync("moto_server", ["--help"], { stdio: "ignore" }).status !== 0) return undefined;
  const port = await freePort();
  const server = await start(port);
  try {
    return await use(`http://127.0.0.1:${String(port)}`);
  } finally {
    server.kill("SIGTERM");
    if (server.exitCode === null) await once(server, "exit");
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function start(port: number): Promise<ChildProcess> {
  const server = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  for (let waited = 0; waited < patience; waited += 100) {
    if (server.exitCode !== null) break;
    const answers = await fetch(`http://127.0.0.1:${String(port)}/moto-api/`).then(
      (response) => response.ok,
      () => false,
    );
    if (answers) return server;
    await setTimeout(100);
  }
  server.kill("SIGKILL");
  throw new Error("moto_server did not start");
}
