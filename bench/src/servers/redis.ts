import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort, startChild, untilUp, type Server } from "./child.ts";
import { installed } from "./debian.ts";

/** What is durable is what `appendfsync always` wrote. No snapshot and no rewriting of the log costs time in a measurement. */
const settings = ["appendonly yes", "appendfsync always", 'save ""', "auto-aof-rewrite-percentage 0"];

export const redisSettings = settings.join(", ");

/** An empty Redis on the loopback address, with its data in `directory`. */
export async function startRedis(directory: string): Promise<Server> {
  const { folder } = installed("redis-server", "redis-server", () => []);
  mkdirSync(directory);
  const port = await freePort();
  const password = randomBytes(16).toString("hex");
  const config = [...settings, "bind 127.0.0.1", `port ${String(port)}`, `dir ${directory}`, `requirepass ${password}`];
  const child = startChild(join(folder, "redis-server"), ["-"], { log: join(directory, "server.log"), input: `${config.join("\n")}\n`, stopSignal: "SIGTERM" });
  const client = new Redis({ host: "127.0.0.1", port, password, lazyConnect: true, retryStrategy: () => null });
  client.on("error", () => undefined); // each failed attempt is reported by its promise too
  try {
    const info = await untilUp("Redis", child.alive, async () => {
      await client.connect();
      return client.info("server");
    });
    client.disconnect();
    const version = /redis_version:(?<version>\S+)/.exec(info)?.groups?.["version"] ?? "of unknown version";
    return { address: `redis://:${password}@127.0.0.1:${String(port)}`, version: `Redis ${version}`, stop: child.stop };
  } catch (error) {
    client.disconnect();
    await child.stop();
    throw error;
  }
}
