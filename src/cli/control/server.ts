import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { PulseQueueError } from "../../core/errors.ts";
import type { Observer } from "../../core/ports.ts";
import { plainJson } from "../output/text.ts";
import { methods, type Control, type Method } from "./control.ts";
import { openFeed, type Feed } from "./feed.ts";
import { socketPath } from "./socket-path.ts";
import { greetingPath, maxRequestBytes, streamPath, toWire } from "./wire.ts";

/** A running engine's ear. */
export interface ControlServer {
  readonly path: string;
  /** Tells the live streams that something happened. */
  readonly tell: Observer;
  /** Takes no more calls, lets the running ones answer, ends the streams. */
  close(): Promise<void>;
}

/**
 * Serves `control` to this user alone. Call it only while holding the lock of `file`: what a killed engine left at the
 * socket's path is removed. Throws `STORE_READ_ONLY` where no socket can be made.
 */
export async function serveControl(file: string, control: Control): Promise<ControlServer> {
  const path = socketPath(file);
  const feeds = new Set<Feed>();
  const server = createServer((request, response) => {
    answer(request, response, control, feeds).catch((thrown: unknown) => {
      send(response, 500, { error: toWire(thrown) });
    });
  });
  await listen(server, path);
  return {
    path,
    tell: (fact) => {
      for (const feed of feeds) feed.tell(fact);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const feed of feeds) feed.end();
        server.closeIdleConnections();
      }),
  };
}

async function listen(server: Server, path: string): Promise<void> {
  const mask = process.umask(0o177); // so that the socket is never open to others, not even before chmod
  try {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new PulseQueueError("STORE_READ_ONLY", `The control socket cannot be made next to the file${code}`, { cause });
  } finally {
    process.umask(mask);
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, control: Control, feeds: Set<Feed>): Promise<void> {
  const url = new URL(request.url ?? "/", "http://engine");
  if (request.method === "GET" && url.pathname === greetingPath) {
    send(response, 200, {});
    return;
  }
  if (request.method === "GET" && url.pathname === streamPath) {
    const feed = openFeed(response, control, Number(url.searchParams.get("after") ?? 0));
    feeds.add(feed);
    response.on("close", () => feeds.delete(feed));
    return;
  }
  const method = methods.find((name) => `/${name}` === url.pathname);
  if (method === undefined || request.method !== "POST") {
    send(response, 404, {
      error: toWire(
        new PulseQueueError("CAPABILITY_MISSING", `The running engine has no operation ${url.pathname.slice(1, 60)}: it may be of another version`),
      ),
    });
    return;
  }
  try {
    const body = await readBody(request);
    send(response, 200, { result: await call(control, method, body) });
  } catch (thrown) {
    send(response, 400, { error: toWire(thrown) });
  }
}

function call(control: Control, method: Method, body: unknown): Promise<unknown> {
  return (control as Record<Method, (request: unknown) => Promise<unknown>>)[method](body);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxRequestBytes) throw new PulseQueueError("PAYLOAD_TOO_LARGE", `A request to the engine is larger than ${String(maxRequestBytes)} bytes`);
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (typeof body === "object" && body !== null) return body;
  } catch {
    // answered below
  }
  throw new PulseQueueError("OPERATION_INVALID", "A request to the engine is not a JSON object");
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return;
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify(body, plainJson));
}
