/** TLS with a certificate that openssl makes here: which versions shake hands, what plain HTTP gets, and what a bad file says. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type SecureVersion } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve, type HttpServer } from "pulsequeue/http";
import { openDoor, type Door } from "./door.ts";
import { raw } from "./raw.ts";

const folder = mkdtempSync(join(tmpdir(), "pulsequeue-tls-"));
let door: Door;
let server: HttpServer;
let cert = "";
let key = "";

/** A certificate for localhost that is valid for so many days; negative: it has ended. */
function certificate(name: string, days: number): { readonly cert: string; readonly key: string } {
  const [keyFile, requestFile, certFile] = ["key", "csr", "crt"].map((end) => join(folder, `${name}.${end}`)) as [string, string, string];
  const run = (...args: readonly string[]): void => {
    try {
      execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
    } catch (cause) {
      throw new Error("This test needs the program openssl, to make a certificate", { cause });
    }
  };
  run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile, "-out", requestFile, "-subj", "/CN=localhost");
  run("x509", "-req", "-in", requestFile, "-signkey", keyFile, "-out", certFile, "-days", String(days));
  return { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
}

beforeAll(async () => {
  ({ cert, key } = certificate("good", 2));
  door = await openDoor();
  server = await serve(door.http, { port: 0, hasCredentials: false, tls: { cert, key } });
});
afterAll(async () => {
  await server.close(0);
  await door[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** The protocol that was agreed on, or the code of the error. */
function handshake(version: SecureVersion): Promise<string> {
  return new Promise((resolve) => {
    // Security level 0, so that it is the server and not this client's own library that refuses an old version.
    const socket = connect({
      port: server.port,
      host: "127.0.0.1",
      ca: cert,
      servername: "localhost",
      minVersion: version,
      maxVersion: version,
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    socket.once("secureConnect", () => {
      resolve(socket.getProtocol() ?? "");
      socket.destroy();
    });
    socket.once("error", (error: Error & { readonly code?: string }) => {
      resolve(error.code ?? error.message);
    });
  });
}

function ask(): Promise<{ readonly status: number | undefined; readonly hsts: string | undefined }> {
  return new Promise((resolve, reject) => {
    get({ port: server.port, host: "127.0.0.1", servername: "localhost", path: "/healthz", ca: cert, agent: false }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode, hsts: answer.headers["strict-transport-security"] });
    }).once("error", reject);
  });
}

describe("a server with TLS", () => {
  test.each(["TLSv1.2", "TLSv1.3"] as const)("shakes hands by %s", async (version) => {
    expect(await handshake(version)).toBe(version);
  });

  test.each(["TLSv1", "TLSv1.1"] as const)("refuses %s", async (version) => {
    expect(await handshake(version)).toMatch(/ALERT_PROTOCOL_VERSION/);
  });

  test("answers under its own name, and says that it is to be asked by TLS only", async () => {
    expect(server.url).toMatch(/^https:/);
    expect(await ask()).toEqual({ status: 200, hsts: "max-age=31536000" });
  });

  test("closes a connection that speaks plain HTTP, and serves on", async () => {
    const answer = await raw(server.port, ["GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"], { end: false });
    expect([0, 400]).toContain(answer.status);
    expect(answer.text).not.toContain('"status":"ok"');
    expect((await ask()).status).toBe(200);
  });
});

test("a server without TLS does not speak of it", async () => {
  const plain = await serve(door.http, { port: 0, hasCredentials: false });
  expect((await fetch(`${plain.url}/healthz`)).headers.get("strict-transport-security")).toBeNull();
  await plain.close(0);
});

describe("a certificate that cannot be served is a clear error at start", () => {
  test.each<[string, () => { readonly cert: string; readonly key: string }]>([
    ["no certificate", () => ({ cert: "none", key })],
    ["an empty file", () => ({ cert: "", key })],
    ["no key", () => ({ cert, key: "none" })],
    ["another certificate's key", () => ({ cert, key: certificate("other", 2).key })],
    ["an expired certificate", () => ({ cert: certificate("late", -1).cert, key: readFileSync(join(folder, "late.key"), "utf8") })],
  ])("%s", async (_, make) => {
    const tls = make();
    const outcome = await serve(door.http, { port: 0, hasCredentials: false, tls }).then(
      async (opened) => {
        await opened.close(0);
        return "served";
      },
      (thrown: unknown) => thrown,
    );
    expect(outcome).toMatchObject({ code: "LISTEN_REFUSED", message: expect.stringMatching(/certificate|private key/) });
    expect(String(outcome)).not.toContain("BEGIN");
  });
});
