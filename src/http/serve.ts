/** The door on a socket of this machine. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { isIP, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { PulseQueueError } from "../core/errors.ts";
import type { HttpApp } from "./app.ts";
import type { Peer } from "./options.ts";
import { clientOf } from "./rates.ts";
import { baseHeaders, problemResponse } from "./respond.ts";

/** What `serve` takes. Times in milliseconds. */
export interface ServeOptions {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0: any free one. @default 8080 */
  readonly port?: number;
  /** Certificate and key, PEM. @default plain HTTP */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** A proxy ends TLS before the server and says in `X-Forwarded-For` who calls; the last entry counts. @default false */
  readonly behindProxy?: boolean;
  /** Whether anybody has a credential: without one, only this machine may be listened to. */
  readonly hasCredentials: boolean;
  /** Until all headers have come. @default 5,000 */
  readonly headersTime?: number;
  /** Until the whole request has come. @default 15,000 */
  readonly requestTime?: number;
  /** Until a connection that is silent is closed, between requests and during one. @default 5,000 and 30,000 */
  readonly keepAliveTime?: number;
  readonly idleTime?: number;
  /** Connections at once, of all and of one client. @default 2,000 and 1,000 */
  readonly connections?: number;
  readonly connectionsPerClient?: number;
  /** Bytes of all headers together. @default 16 KiB */
  readonly headerBytes?: number;
}

export interface HttpServer {
  /** E.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Takes no more connections, lets the running requests end within `grace` milliseconds, then cuts the rest. @default 5,000 */
  close(grace?: number): Promise<void>;
}

export const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);
const known: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Listens. Throws `LISTEN_REFUSED` for an address that is not a loopback one without credentials or without either TLS or a
 * proxy, for one that is taken, and for a certificate that is none, has ended or is not of the key.
 */
export async function serve(app: HttpApp, options: ServeOptions): Promise<HttpServer> {
  const { host = "127.0.0.1", port = 8080, tls, behindProxy = false } = options;
  checkBind(host, options);
  if (tls !== undefined) checkCertificate(tls);
  const server = build(app, options);
  limit(server, options);
  server.on("clientError", (error: Error & { readonly code?: string }, socket) => {
    app.unreadable();
    answerUnreadable(error, socket);
  });
  await listen(server, host, port);
  const bound = server.address() as AddressInfo;
  const shown = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return {
    url: `${tls === undefined ? "http" : "https"}://${shown}:${String(bound.port)}`,
    host: bound.address,
    port: bound.port,
    close: (grace = 5_000) => close(app, server, grace),
  };

  function build(door: HttpApp, { headerBytes = 16 * 1024 }: ServeOptions): Server {
    const serverOptions = {
      maxHeaderSize: headerBytes,
      connectionsCheckingInterval: 1_000,
      requireHostHeader: true,
      insecureHTTPParser: false,
      noDelay: true,
      ...(tls === undefined ? {} : { ...tls, minVersion: "TLSv1.2" as const }),
    };
    const fetch = (request: Request, bindings: unknown): Promise<Response> => answer(door, request, bindings as HttpBindings, behindProxy, tls !== undefined);
    // What has no readable target never becomes a request.
    const errorHandler = (): Response => {
      door.unreadable();
      return problemResponse(new PulseQueueError("REQUEST_INVALID", "The target or the Host is not well-formed"));
    };
    const listener = getRequestListener(fetch, { hostname: host, errorHandler });
    const take = createTurnstile();
    const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      if (take(incoming.socket, outgoing)) void listener(incoming, outgoing);
      else incoming.socket.destroy();
    };
    return tls === undefined ? createServer(serverOptions, onRequest) : createTlsServer(serverOptions, onRequest);
  }
}

/** Requests that one connection may send before it takes their answers. */
const mostUnread = 100;

/** Counts what waits on each connection: who sends request after request and reads no answer would make the server keep them all. */
function createTurnstile(): (socket: Socket, outgoing: ServerResponse) => boolean {
  const unread = new WeakMap<Socket, number>();
  return (socket, outgoing) => {
    const count = (unread.get(socket) ?? 0) + 1;
    unread.set(socket, count);
    outgoing.once("close", () => unread.set(socket, (unread.get(socket) ?? 1) - 1));
    return count <= mostUnread;
  };
}

function checkBind(host: string, { tls, behindProxy = false, hasCredentials }: ServeOptions): void {
  if (loopback.has(host)) return;
  if (!hasCredentials) throw new PulseQueueError("LISTEN_REFUSED", `Nobody has a credential yet, so the server does not listen on ${host}: create a key first`);
  if (tls === undefined && !behindProxy)
    throw new PulseQueueError("LISTEN_REFUSED", `Without TLS the server listens on ${host} only behind a proxy that has it`);
}

/** Throws `LISTEN_REFUSED` unless the certificate is one, of the key, and valid now: no client would take another. */
function checkCertificate({ cert, key }: NonNullable<ServeOptions["tls"]>): void {
  const certificate = readPem("certificate", () => new X509Certificate(cert));
  const privateKey = readPem("private key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) throw new PulseQueueError("LISTEN_REFUSED", "The private key is not that of the TLS certificate");
  const now = Date.now();
  if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo))
    throw new PulseQueueError("LISTEN_REFUSED", `The TLS certificate is valid from ${certificate.validFrom} to ${certificate.validTo}, and not now`);
}

function readPem<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch {
    throw new PulseQueueError("LISTEN_REFUSED", `The TLS ${what} cannot be read: it must be PEM`);
  }
}

function limit(server: Server, options: ServeOptions): void {
  const { headersTime = 5_000, requestTime = 15_000, keepAliveTime = 5_000, idleTime = 30_000, connections = 2_000, connectionsPerClient = 1_000 } = options;
  server.headersTimeout = headersTime;
  server.requestTimeout = requestTime;
  server.keepAliveTimeout = keepAliveTime;
  server.setTimeout(idleTime);
  server.maxConnections = connections;
  server.maxHeadersCount = 100;
  server.maxRequestsPerSocket = 0;
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const client = clientOf(socket.remoteAddress ?? "");
    const count = (open.get(client) ?? 0) + 1;
    open.set(client, count);
    socket.once("close", () => {
      const left = (open.get(client) ?? 1) - 1;
      if (left > 0) open.set(client, left);
      else open.delete(client);
    });
    if (count > connectionsPerClient) socket.destroy();
  });
}

async function answer(app: HttpApp, request: Request, { incoming, outgoing }: HttpBindings, behindProxy: boolean, isTls: boolean): Promise<Response> {
  const error = unanswerable(incoming);
  if (error !== undefined) app.unreadable();
  const response = error === undefined ? await app.fetch(request, peerOf(incoming, behindProxy)) : problemResponse(error, { allow: [...known].join(", ") });
  if (isTls) response.headers.set("strict-transport-security", "max-age=31536000");
  // What is left of a body that was refused is not read to its end.
  if (!incoming.complete && (incoming.headers["transfer-encoding"] !== undefined || Number(incoming.headers["content-length"] ?? 0) > 0)) {
    outgoing.shouldKeepAlive = false;
    outgoing.setHeader("connection", "close");
  }
  return response;
}

/** What an application is never asked. */
function unanswerable({ method = "", httpVersionMajor, headers }: IncomingMessage): PulseQueueError | undefined {
  if (httpVersionMajor !== 1 || headers.host === undefined) return new PulseQueueError("REQUEST_INVALID", "The server speaks HTTP/1.1, and wants a Host");
  return known.has(method) ? undefined : new PulseQueueError("METHOD_NOT_ALLOWED", "The server does not know this method");
}

function peerOf(incoming: IncomingMessage, behindProxy: boolean): Peer {
  const direct = incoming.socket.remoteAddress ?? "";
  const forwarded = behindProxy ? lastAddress(incoming.headers["x-forwarded-for"]) : undefined;
  const isLoopback = /^(?:127\.|::1$|::ffff:127\.)/i.test(direct);
  return {
    address: forwarded ?? direct,
    // A header that a proxy adds says that the caller is elsewhere.
    local: isLoopback && forwarded === undefined && incoming.headers["x-forwarded-for"] === undefined && incoming.headers.forwarded === undefined,
    target: incoming.url ?? "",
    read: (most) => readBody(incoming, most),
  };
}

function lastAddress(header: string | readonly string[] | undefined): string | undefined {
  const entry = String(header ?? "")
    .split(",")
    .at(-1)
    ?.trim();
  return entry !== undefined && isIP(entry) !== 0 ? entry : undefined;
}

/** Whether the whole body is here. Node.js tells that a request is complete only after it has told of the last bytes: who reads between the two has all of them. */
function hasCome({ complete, readableLength, headers }: IncomingMessage): boolean {
  return complete || readableLength === Number(headers["content-length"] ?? NaN);
}

function readBody(incoming: IncomingMessage, most: number): Uint8Array | Promise<Uint8Array> {
  // A small body has come together with its headers: nothing needs to be waited for.
  if (hasCome(incoming) && incoming.readableLength <= most) return (incoming.read() as Buffer | null) ?? new Uint8Array();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) {
        incoming.pause();
        incoming.removeAllListeners("data");
        chunks.length = 0;
        reject(new PulseQueueError("PAYLOAD_TOO_LARGE", `The body is larger than ${String(most)} bytes`));
        return;
      }
      chunks.push(chunk);
    });
    incoming.once("end", () => {
      const [only] = chunks;
      resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks));
    });
    incoming.once("error", () => {
      reject(new PulseQueueError("REQUEST_INVALID", "The body ended before its length"));
    });
    incoming.once("close", () => {
      // It comes after every body; an error is made only for one that was cut, since making one costs more than reading a small body.
      if (!incoming.complete) reject(new PulseQueueError("REQUEST_INVALID", "The body ended before its length"));
    });
  });
}

const unreadable: Readonly<Record<string, readonly [status: string, code: "REQUEST_INVALID" | "REQUEST_TIMEOUT", title: string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "REQUEST_INVALID", "The headers are too large"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["413 Content Too Large", "REQUEST_INVALID", "The chunk extensions are too large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "REQUEST_TIMEOUT", "The request did not come in time"],
};

/** Answers what the parser refused, and closes: where one request ends is not known. */
function answerUnreadable({ code = "" }: { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable || code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, error, title] = unreadable[code] ?? ["400 Bad Request", "REQUEST_INVALID", "The request is not well-formed HTTP"];
  const body = JSON.stringify({ type: `errors/${error}`, title, status: Number(status.slice(0, 3)), code: error });
  const headers = { ...baseHeaders, "content-type": "application/problem+json", "content-length": String(Buffer.byteLength(body)), connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n${body}`, () => {
    socket.destroy();
  });
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: Error & { readonly code?: string }) => {
      reject(new PulseQueueError("LISTEN_REFUSED", `${host}:${String(port)} cannot be listened on (${cause.code ?? "error"})`, { cause }));
    });
    server.listen({ host, port, backlog: 511 }, resolve);
  });
}

async function close(app: HttpApp, server: Server, grace: number): Promise<void> {
  app.close();
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  // A request that is under way answers with "connection: close" by itself; one that never ends is cut.
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, grace);
  await closed;
  clearTimeout(timer);
}
