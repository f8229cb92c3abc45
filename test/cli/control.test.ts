import { chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { connectControl, openStream } from "../../src/cli/control/client.ts";
import { methods, type Control, type Happening } from "../../src/cli/control/control.ts";
import { serveControl } from "../../src/cli/control/server.ts";
import { socketPath } from "../../src/cli/control/socket-path.ts";
import app, { placed } from "../support/order-app.ts";
import { startLive, type LiveEngine } from "../support/live.ts";

let live: LiveEngine;
let control: Control;
beforeAll(async () => {
  live = await startLive(app);
  const connected = await connectControl(live.file);
  if (connected === undefined) throw new Error("no engine answers");
  control = connected;
});
afterAll(() => live.close());

/** One raw call on the socket. */
function post(path: string, body: string | Buffer, method = "POST"): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: live.socket, method, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode, body: text });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

describe("the control channel", () => {
  test("is a socket next to the file, for this user alone", () => {
    expect(live.socket).toBe(`${live.file}.sock`);
    expect(statSync(live.socket).isSocket()).toBe(true);
    expect(statSync(live.socket).mode & 0o777).toBe(0o600);
  });

  test("carries results and errors, with code, message, issues", async () => {
    const receipt = await control.publish({ event: "order.placed", data: { orderId: "c-1", quantity: 1 }, dryRun: false });
    expect(receipt.duplicate).toBe(false);
    await expect(control.publish({ event: "order.placed", data: { orderId: 1, quantity: 0 }, dryRun: false })).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      issues: [{ path: "orderId" }, { path: "quantity" }],
      status: 400,
    });
    await expect(control.pause({ handler: "nope", reason: "x" })).rejects.toMatchObject({ code: "HANDLER_UNKNOWN", message: "There is no handler nope" });
    expect(await control.facts({})).toMatchObject({ app: "orders", pid: process.pid, live: true, synchronous: "full" });
  });

  test("answers calls that came at once, and keeps apart what they asked", async () => {
    const names = Array.from({ length: 50 }, (_, index) => `many-${String(index)}`);
    const receipts = await Promise.all(names.map((id) => control.publish({ event: "order.placed", data: { orderId: id, quantity: 1 }, id, dryRun: false })));
    expect(receipts.map((receipt) => receipt.id)).toEqual(names);
  });

  test("lets through the listed operations and nothing else", async () => {
    for (const path of ["/close", "/constructor", "/toString", "/__proto__", "/publish/x"]) {
      const { status, body } = await post(path, "{}");
      expect(status).toBe(404);
      expect(JSON.parse(body)).toMatchObject({ error: { code: "CAPABILITY_MISSING" } });
    }
    expect((await post("/facts", "", "GET")).status).toBe(404);
    expect(methods).not.toContain("close");
  });

  test("refuses what is no request, and one that is too large, and lives on", async () => {
    for (const body of ["", "{", "[1", "7", "null", '"text"'])
      expect(JSON.parse((await post("/events", body)).body)).toMatchObject({ error: { code: "OPERATION_INVALID" } });
    const large = await post("/publish", Buffer.alloc(5 * 1024 * 1024, 0x20)).catch((thrown: unknown) => ({
      body: JSON.stringify({ error: { code: String(thrown) } }),
    }));
    expect(large.body).toMatch(/PAYLOAD_TOO_LARGE|EPIPE|ECONNRESET/);
    expect(await control.ledger({ result: "ok", limit: 1 })).toEqual([]);
  });
});

describe("the live stream", () => {
  test("brings every event after a position, new ones too, and how attempts ended", async () => {
    const stop = new AbortController();
    const [newest] = await control.events({ limit: 1 });
    const stream = await openStream(live.file, newest?.sequence ?? 0, stop.signal);
    const seen: Happening[] = [];
    const published = Promise.all(["s-1", "s-2"].map((orderId) => live.queue.publish(placed, { orderId, quantity: 1, email: "ada@example.org" })));
    for await (const happening of stream ?? []) {
      seen.push(happening);
      if (seen.length === 8) break;
    }
    await published;
    const events = seen.flatMap((happening) => (happening.type === "event" ? [happening.event] : []));
    expect(events.map((event) => event.type).sort()).toEqual(["order.confirmed", "order.confirmed", "order.placed", "order.placed"]);
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => (newest?.sequence ?? 0) + 1 + index));
    expect(JSON.stringify(events)).not.toContain("ada@");
    expect(
      seen
        .filter((happening) => happening.type === "settled")
        .map(({ handler, state }) => `${handler} ${state}`)
        .sort(),
    ).toEqual(["confirm done", "confirm done", "count done", "count done"]);
    stop.abort();
  });

  test("skips no event, however many there are", async () => {
    const start = (await control.events({ limit: 1 }))[0]?.sequence ?? 0;
    const many = Array.from({ length: 500 }, (_, index) => ({ orderId: `b-${String(index)}`, quantity: 101 }));
    await live.queue.publishMany(placed, many);
    const seen: number[] = [];
    for await (const happening of (await openStream(live.file, start, new AbortController().signal)) ?? []) {
      if (happening.type === "event") seen.push(happening.event.sequence);
      if (seen.length === many.length) break;
    }
    expect(seen).toEqual(many.map((_, index) => start + 1 + index));
  });
});

describe("where no engine listens", () => {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-socket-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const nothing: Control = { ...({} as Control) };

  test.each(["no socket", "a plain file", "the socket of a killed engine"])("%s is nobody", async (name) => {
    const file = join(folder, name.replaceAll(" ", "-"));
    if (name === "a plain file") writeFileSync(`${file}.sock`, "");
    if (name === "the socket of a killed engine") await leaveSocket(`${file}.sock`);
    expect(await connectControl(file)).toBeUndefined();
    expect(await openStream(file, 0, new AbortController().signal)).toBeUndefined();
  });

  test("what a killed engine left at the path is replaced, and removed at the end", async () => {
    const file = join(folder, "left.db");
    await leaveSocket(`${file}.sock`);
    const server = await serveControl(file, nothing);
    expect(await connectControl(file)).toBeDefined();
    await server.close();
    expect(existsSync(`${file}.sock`)).toBe(false);
  });

  test("a socket of a stranger is not talked to", async (context) => {
    if (userInfo().uid !== 0) return context.skip("only root can give a file to somebody else");
    const file = join(folder, "strange.db");
    const server = await serveControl(file, nothing);
    chownSync(server.path, 12_345, 12_345);
    await expect(connectControl(file)).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await expect(openStream(file, 0, new AbortController().signal)).rejects.toMatchObject({ code: "STORE_LOCKED" });
    writeFileSync(file, "");
    chownSync(file, 12_345, 12_345);
    expect(await connectControl(file)).toBeDefined();
    await server.close();
  });

  test("where no socket can be made, the engine says so", async () => {
    const file = join(folder, "blocked.db");
    mkdirSync(join(`${file}.sock`, "inner"), { recursive: true });
    await expect(serveControl(file, nothing)).rejects.toMatchObject({ code: "STORE_READ_ONLY", message: expect.stringContaining("control socket") });
  });

  test("a long path gets a name in a folder of this user alone", async () => {
    const deep = join(folder, "x".repeat(120));
    mkdirSync(deep);
    const path = socketPath(join(deep, "app.db"));
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100);
    expect(path).not.toBe(socketPath(join(deep, "other.db")));
    const server = await serveControl(join(deep, "app.db"), nothing);
    expect(server.path).toBe(path);
    expect(lstatSync(join(path, "..")).mode & 0o777).toBe(0o700);
    expect(await connectControl(join(deep, "app.db"))).toBeDefined();
    await server.close();
  });

  describe("a folder that others can write to", () => {
    afterEach(() => {
      vi.unstubAllEnvs();
    });
    test("is refused: they could answer in the engine's place", () => {
      const shared = join(folder, "t");
      mkdirSync(shared);
      vi.stubEnv("TMPDIR", shared);
      const path = socketPath(join(folder, "y".repeat(120)));
      rmSync(join(path, ".."), { recursive: true });
      mkdirSync(join(path, ".."), { mode: 0o755 });
      expect(() => socketPath(join(folder, "y".repeat(120)))).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
    });
  });
});

/** A socket file that nobody listens on, as SIGKILL leaves it. */
async function leaveSocket(path: string): Promise<void> {
  const { spawn } = await import("node:child_process");
  const child = spawn(process.execPath, ["-e", `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`]);
  await new Promise((resolve) => child.on("exit", resolve));
}
