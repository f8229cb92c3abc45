import { generateKeyPairSync } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve, type HttpServer, type ServeOptions } from "pulsequeue/http";
import { cloudEvent, openDoor, showsInside, type Door } from "./door.ts";
import { raw } from "./raw.ts";

const event = JSON.stringify(cloudEvent());
const head = (more: string): string =>
  `POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer publisher\r\nContent-Type: application/cloudevents+json\r\n${more}\r\n`;

describe("on raw sockets", () => {
  let door: Door;
  let server: HttpServer;
  beforeAll(async () => {
    door = await openDoor();
    server = await serve(door.http, { port: 0, hasCredentials: false, headersTime: 300, requestTime: 600, keepAliveTime: 300, idleTime: 2_000 });
  });
  afterAll(async () => {
    await server.close(0);
    await door[Symbol.asyncDispose]();
  });

  /** Nothing was stored, and the next good request is answered. */
  async function stillWorks(): Promise<void> {
    expect(await door.queue.inspect.events()).toEqual([]);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  }

  test.each([
    ["Content-Length and Transfer-Encoding", head(`Content-Length: ${event.length}\r\nTransfer-Encoding: chunked\r\n`), [400]],
    ["two lengths", head(`Content-Length: ${event.length}\r\nContent-Length: 1\r\n`), [400]],
    ["two encodings", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), [400]],
    ["a negative length", head("Content-Length: -1\r\n"), [400]],
    ["a length of 2^64", head("Content-Length: 18446744073709551616\r\n"), [400]],
    ["a length with a sign", head("Content-Length: +5\r\n"), [400]],
    ["a folded header", head("X-A: 1\r\n b\r\n"), [400]],
    ["bare line feeds", "GET /healthz HTTP/1.1\nHost: localhost\n\n", [400]],
    ["a bare carriage return", "GET /healthz HTTP/1.1\rHost: localhost\r\r", [400]],
    ["a space before the colon", head("X-A : 1\r\n"), [400]],
    ["a NUL in a header", head("X-A: a\0b\r\n"), [400]],
    ["a chunk size that overflows", `${head("Transfer-Encoding: chunked\r\n")}FFFFFFFFFFFFFFFFF\r\nx\r\n`, [400]],
    ["a chunk size that is none", `${head("Transfer-Encoding: chunked\r\n")}zz\r\nx\r\n`, [400]],
    ["a flood of chunk extensions", `${head("Transfer-Encoding: chunked\r\n")}1;${"a=b;".repeat(10_000)}\r\nx\r\n0\r\n\r\n`, [413]],
    ["headers above the cap", head(`X-A: ${"a".repeat(20_000)}\r\n`), [431]],
    ["no Host", "GET /healthz HTTP/1.1\r\n\r\n", [400]],
    ["two Hosts", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", [400, 421]],
    ["another Host", "GET /healthz HTTP/1.1\r\nHost: evil\r\n\r\n", [421]],
    ["an absolute target", "GET http://evil/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]],
    ["an authority as target", "GET evil:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]],
    ["CONNECT", "CONNECT evil:80 HTTP/1.1\r\nHost: evil:80\r\n\r\n", [0, 400, 405]],
    ["TRACE", "TRACE /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", [405]],
    ["a method of WebDAV", "PROPFIND /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", [405]],
    ["HTTP/0.9", "GET /healthz\r\n\r\n", [400]],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]],
    ["a dot segment", "GET /v1/../healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]],
    ["an encoded dot segment", "GET /v1/%2e%2e/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]],
    ["noise", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400]],
  ])("%s: refused", async (_name, text, statuses) => {
    const answer = await raw(server.port, [Buffer.from(text, "latin1")]);
    expect(statuses).toContain(answer.status);
    expect(showsInside(answer.text)).toBe(false);
    await stillWorks();
  });

  test("a body that is shorter than its length is not taken", async () => {
    await raw(server.port, [head(`Content-Length: ${event.length + 10}\r\n`), event]);
    await stillWorks();
  });

  test("what follows a body that is longer than its length is no request", async () => {
    const answer = await raw(server.port, [head(`Content-Length: ${event.length - 10}\r\n`), event]);
    expect(new Set([...answer.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status))).toEqual(new Set(["400"]));
    await stillWorks();
  });

  test("trailers change nothing", async () => {
    const chunks = `5\r\n{"a":\r\n2\r\n1}\r\n0\r\nAuthorization: Bearer all\r\n\r\n`;
    const answer = await raw(server.port, [head("Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n").replace("publisher", "viewer"), chunks]);
    expect(answer.status).toBe(403);
    await stillWorks();
  });

  test("who asks and does not read is cut off, and the server does not keep what waits for him", async () => {
    const before = process.memoryUsage().rss;
    const socket = connect({ port: server.port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    socket.pause();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const asked = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(500);
    const push = (): void => {
      while (!socket.destroyed && socket.write(asked));
    };
    socket.on("drain", push);
    push();
    await closed;
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    await stillWorks();
  });

  test("a body above the cap is refused before it has come", async () => {
    const answer = await raw(server.port, [head("Content-Length: 999999999\r\n"), "x"], { end: false });
    expect(answer.status).toBe(413);
    await stillWorks();
  });

  test("headers that come drop by drop are cut off", async () => {
    const answer = await raw(server.port, ["GET /healthz HTTP/1.1\r\n", "H", "o", "s", "t", ": localhost\r\n"], { pause: 50, end: false });
    expect(answer.status).toBe(408);
    await stillWorks();
  });

  test("a body that comes drop by drop is cut off", async () => {
    const answer = await raw(server.port, [head("Content-Length: 20\r\n"), "{", '"'], { pause: 50, end: false });
    expect([0, 408]).toContain(answer.status);
    await stillWorks();
  });

  test("requests in one go are answered in their order", async () => {
    const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
    const answer = await raw(server.port, [`${get("/healthz")}${get("/version")}${get("/none", "Connection: close\r\n")}`], { end: false });
    expect([...answer.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)).toEqual(["200", "200", "404"]);
  });

  test("a refused body is not read as the next request", async () => {
    const hidden = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const answer = await raw(server.port, [`POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${hidden.length + 100}\r\n\r\n${hidden}`], {
      end: false,
    });
    expect([...answer.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)).toEqual(["404"]);
  });
});

describe("where it listens", () => {
  const refused = async (options: ServeOptions): Promise<unknown> => {
    await using door = await openDoor();
    return await serve(door.http, options).then(
      (server) => server.close(0),
      (thrown: unknown) => (thrown as { readonly code: unknown }).code,
    );
  };

  test("other addresses than loopback need a credential, and TLS or a proxy", async () => {
    expect(await refused({ host: "0.0.0.0", port: 0, hasCredentials: false, behindProxy: true })).toBe("LISTEN_REFUSED");
    expect(await refused({ host: "0.0.0.0", port: 0, hasCredentials: true })).toBe("LISTEN_REFUSED");
    expect(await refused({ host: "::", port: 0, hasCredentials: true })).toBe("LISTEN_REFUSED");
    expect(await refused({ host: "0.0.0.0", port: 0, hasCredentials: true, behindProxy: true })).toBeUndefined();
    expect(await refused({ port: 0, hasCredentials: false })).toBeUndefined();
  });

  test("a port that is taken is told", async () => {
    await using door = await openDoor();
    const first = await serve(door.http, { port: 0, hasCredentials: false });
    expect(await refused({ port: first.port, hasCredentials: false })).toBe("LISTEN_REFUSED");
    await first.close(0);
  });

  test("a private key that is none is refused", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const tls = { cert: "none", key: String(privateKey.export({ type: "pkcs8", format: "pem" })) };
    await expect(serve((await openDoor()).http, { port: 0, hasCredentials: false, tls })).rejects.toThrow();
  });
});

describe("connections", () => {
  test("one client has so many at once", async () => {
    await using door = await openDoor();
    const server = await serve(door.http, { port: 0, hasCredentials: false, connectionsPerClient: 2 });
    const held = [1, 2].map(() => connect(server.port, "127.0.0.1"));
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    expect((await raw(server.port, ["GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"])).status).toBe(0);
    for (const socket of held) socket.destroy();
    await expect.poll(async () => (await raw(server.port, ["GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"])).status).toBe(200);
    await server.close(0);
  });

  test("closing lets a request end and takes no new one", async () => {
    await using door = await openDoor();
    const server = await serve(door.http, { port: 0, hasCredentials: false });
    const socket = connect({ port: server.port, host: "127.0.0.1" });
    let text = "";
    const ended = new Promise((resolve) => socket.once("close", resolve));
    const begun = new Promise<void>((resolve) =>
      socket.on("data", (chunk) => {
        text += String(chunk);
        if (text.includes("100 Continue")) resolve();
      }),
    );
    socket.write(head(`Content-Length: ${event.length}\r\nExpect: 100-continue\r\n`));
    await begun;
    const closing = server.close();
    socket.write(event);
    await ended;
    expect(text).toContain("HTTP/1.1 202");
    await closing;
    expect((await raw(server.port, ["GET / HTTP/1.1\r\n\r\n"])).status).toBe(0);
  });
});
