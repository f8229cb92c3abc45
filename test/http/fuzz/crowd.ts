/**
 * Crowds: thousands of connections that say nothing, and thousands that are reset as soon as they are there. The next good request
 * is answered, no client gets more connections than its share, and memory stays bounded. The good client has an address of its own.
 */
import { get } from "node:http";
import { connect, type Socket } from "node:net";
import { serve, type HttpServer } from "pulsequeue/http";
import type { Door } from "../door.ts";

export interface CrowdOptions {
  readonly idle: number;
  readonly resets: number;
}

export interface Crowd {
  /** Connections that were held, of those that were asked for; and how many one client kept of as many. */
  readonly held: number;
  readonly kept: number;
  readonly resets: number;
  /** By how much memory grew, both sides of every connection included. */
  readonly grownMebibytes: number;
  readonly wrong: readonly string[];
}

const crowdAddress = "127.0.0.2";
const perClient = 1_000;
/** Both sides of a connection live in this process. */
const mostKibibytesEach = 64;
const lanes = 100;

export async function crowd(door: Door, { idle, resets }: CrowdOptions): Promise<Crowd> {
  const wrong: string[] = [];
  const before = process.memoryUsage().rss;
  const good = async (server: HttpServer, when: string): Promise<void> => {
    const status = await statusOf(server.port);
    if (status !== 200) wrong.push(`${when} a good request was answered with ${String(status)}`);
  };

  const wide = await serve(door.http, { port: 0, hasCredentials: false, connections: idle + 100, connectionsPerClient: idle + 100, headersTime: 60_000 });
  const silent = await openMany(wide.port, idle);
  const held = silent.filter((socket) => !socket.destroyed).length;
  if (held < idle) wrong.push(`${String(held)} of ${String(idle)} silent connections are held`);
  await good(wide, `beside ${String(held)} silent connections`);
  const grownMebibytes = Math.round((process.memoryUsage().rss - before) / 1024 / 1024);
  if (grownMebibytes * 1024 > 64 * 1024 + idle * mostKibibytesEach) wrong.push(`memory grew by ${String(grownMebibytes)} MiB`);
  for (const socket of silent) socket.destroy();
  await wide.close(0);

  const narrow = await serve(door.http, { port: 0, hasCredentials: false, connectionsPerClient: perClient, headersTime: 60_000 });
  const greedy = await openMany(narrow.port, idle);
  await good(narrow, "beside a client that takes all it gets");
  const kept = greedy.filter((socket) => !socket.destroyed).length;
  if (kept > perClient) wrong.push(`one client keeps ${String(kept)} connections, ${String(perClient)} are allowed`);
  for (const socket of greedy) socket.destroy();

  for (let done = 0; done < resets; done += lanes) {
    const storm = await openMany(narrow.port, Math.min(lanes, resets - done));
    for (const socket of storm) socket.resetAndDestroy();
    if (done % 1_000 === 0) await good(narrow, `after ${String(done)} resets`);
  }
  await good(narrow, "after the resets");
  const after = Math.round((process.memoryUsage().rss - before) / 1024 / 1024);
  if (after * 1024 > 64 * 1024 + idle * mostKibibytesEach) wrong.push(`memory grew by ${String(after)} MiB`);
  await narrow.close(0);
  return { held, kept, resets, grownMebibytes: Math.max(grownMebibytes, after), wrong };
}

/** Opens connections; each is there, or was cut by the server, once this is done. */
async function openMany(port: number, count: number): Promise<readonly Socket[]> {
  const all: Socket[] = [];
  for (let done = 0; done < count; done += lanes) {
    const batch = Array.from({ length: Math.min(lanes, count - done) }, () => open(port));
    all.push(...(await Promise.all(batch)));
  }
  // The server closes after the connection is there: its answer on one that comes later says that it has dealt with all before.
  await statusOf(port);
  return all;
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: crowdAddress });
    socket.once("connect", () => resolve(socket));
    socket.on("error", (error: Error & { readonly code?: string }) => {
      if (error.code === "EMFILE" || error.code === "ENFILE")
        reject(new Error("This needs about 10,000 open files: raise the limit (ulimit -n), or ask for fewer by --idle", { cause: error }));
      else resolve(socket);
    });
    socket.resume();
  });
}

function statusOf(port: number): Promise<number> {
  return new Promise((resolve) => {
    get({ port, host: "127.0.0.1", path: "/healthz", agent: false, timeout: 10_000 }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode ?? 0));
    })
      .once("timeout", () => resolve(0))
      .once("error", () => resolve(0));
  });
}
