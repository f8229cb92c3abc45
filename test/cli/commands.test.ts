import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLocal } from "pulsequeue/local";
import app, { placed } from "../support/order-app.ts";
import { startLive, type LiveEngine } from "../support/live.ts";
import { inTerminal, type Answer, type TerminalOptions } from "../support/terminal.ts";

let live: LiveEngine;
let ids: readonly string[];
let letter: string;
const run = (args: readonly string[], options: Partial<TerminalOptions> = {}): Promise<Answer> =>
  inTerminal([...args, "--file", live.file], { cwd: live.folder, ...options });
const json = async (...args: readonly string[]): Promise<unknown> => (await run([...args, "--json"])).json();

beforeAll(async () => {
  live = await startLive(app);
  const first = await live.queue.publish(placed, { orderId: "o-1", quantity: 2, email: "ada@example.org" });
  const second = await live.queue.publish(placed, { orderId: "o-2", quantity: 101, email: "ada@example.org" });
  ids = [first.id, second.id];
  await live.queue.idle();
  const [dead] = await live.queue.inspect.deadLetters();
  letter = dead?.id ?? "";
});
afterAll(() => live.close());

/** Everything printed, of commands that read. */
describe("reading", () => {
  test("events ls: the newest first, filtered, short in the table and whole in JSON", async () => {
    const { stdout, code } = await run(["events", "ls"]);
    expect(code).toBe(0);
    const [head, ...rows] = stdout.trimEnd().split("\n");
    expect(head).toMatch(/^POSITION +ACCEPTED +EVENT +KEY +ID +FLOW$/);
    expect(rows.map((row) => row.trim().split(/\s+/)[0])).toEqual(["3", "2", "1"]);
    expect(rows.at(-1)).toContain(`…${ids[0]?.slice(-12) ?? ""}`);
    expect(await json("events", "ls", "--type", "order.placed", "--limit", "1")).toMatchObject([{ id: ids[1], sequence: 2 }]);
    expect(await json("events", "ls", "--after", "1")).toMatchObject([{ sequence: 2 }, { sequence: 3 }]);
    expect(await json("events", "ls", "--key", "o-1")).toMatchObject([{ id: ids[0] }]);
    expect(await json("events", "ls", "--from", "1h", "--to", "2100-01-01")).toHaveLength(3);
    expect(await json("events", "ls", "--to", "1h")).toEqual([]);
    expect((await run(["events", "ls", "--to", "1h"])).stdout).toBe("no events\n");
  });

  test("events show: by id, by position, by the short id of the table; with what became of it", async () => {
    const [id = ""] = ids;
    const { stdout } = await run(["events", "show", "1"]);
    expect(stdout).toContain("order.placed version 1, position 1");
    expect(stdout).toContain("confirm: done");
    for (const name of [id, `…${id.slice(-12)}`, id.slice(-12)]) expect((await run(["events", "show", name])).stdout.split("\n")[1]).toBe(`  id        ${id}`);
    expect(await json("events", "show", id)).toMatchObject({ id, deliveries: [{ handler: "confirm", state: "done" }] });
    expect((await run(["events", "show", "99", "--json"])).error()).toMatchObject({ code: "NOT_FOUND" });
  });

  test("personal data is redacted wherever it would be printed", async () => {
    const commands = [
      ["events", "ls"],
      ["events", "show", "1"],
      ["trace", "1"],
      ["dlq", "ls"],
      ["dlq", "show", letter],
      ["tables", "get", "orders"],
      ["tables", "get", "orders", "o-1"],
    ];
    for (const command of commands) {
      for (const style of [[], ["--json"]]) {
        const { stdout, code } = await run([...command, ...style]);
        expect(code).toBe(0);
        expect(stdout).not.toContain("ada@");
      }
    }
    expect(await json("events", "show", "1")).toMatchObject({ data: { orderId: "o-1", quantity: 2, email: "[redacted]" } });
    expect(await json("tables", "get", "orders", "o-1")).toEqual({ orderId: "o-1", quantity: 2, email: "[redacted]" });
  });

  test("trace: the tree of a flow, by any of its events", async () => {
    const [id = ""] = ids;
    const { stdout } = await run(["trace", id]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe(`flow ${id}`);
    expect(lines[1]).toMatch(/^2 events, 2 deliveries, \d+ ms, began /);
    expect(lines[2]).toMatch(/^order\.placed key o-1 #1 \+0 ms$/);
    expect(lines[3]).toMatch(/^└─ confirm: done, in [\d.]+ ms, wrote /);
    expect(lines[4]).toMatch(/^ {3}└─ order\.confirmed #3 \+\d+ ms$/);
    expect(lines[5]).toMatch(/^ {6}└─ count: done/);
    for (const name of ["3", "1"]) expect((await run(["trace", name])).stdout.split("\n")[0]).toBe(`flow ${id}`);
    expect(await json("trace", id)).toMatchObject([{ event: { id }, deliveries: [{ emitted: [{ event: { type: "order.confirmed" } }] }] }]);
    expect((await run(["trace", "no-such-flow"])).code).toBe(1);
  });

  test("deliveries ls: why is this not running", async () => {
    expect((await run(["deliveries", "ls", "--state", "dead"])).stdout).toContain("NON_RETRYABLE: more than there is");
    expect(await json("deliveries", "ls", "--handler", "confirm", "--state", "dead", "--key", "o-2")).toMatchObject([{ id: letter }]);
    expect(await json("deliveries", "ls", "--event", ids[1] ?? "")).toMatchObject([{ state: "dead" }]);
  });

  test("dlq ls and show: the cause, the attempts, the event", async () => {
    expect((await run(["dlq", "ls"])).stdout).toMatch(/ confirm +order\.placed +o-2 +1 +NON_RETRYABLE: more than there is/);
    const { stdout } = await run(["dlq", "show", letter]);
    expect(stdout).toContain("confirm gave up on order.placed after 1 attempt");
    expect(stdout).toContain("cause     NON_RETRYABLE: more than there is");
    expect(await json("dlq", "ls", "--code", "NON_RETRYABLE", "--type", "order.placed")).toHaveLength(1);
    expect((await run(["dlq", "ls", "--code", "HANDLER_TIMEOUT"])).stdout).toBe("no dead letters\n");
    expect((await run(["dlq", "show", "nope", "--json"])).error()).toMatchObject({ code: "NOT_FOUND" });
  });

  test("tables ls and get: rows by key, a number as text or number, compound keys", async () => {
    expect((await run(["tables", "ls"])).stdout).toMatch(/^TABLE +KEY +INDEXES\norders +orderId\nlines +orderId, line +sku \(sku\)\n$/);
    expect(await json("tables", "get", "lines", "o-1", "1")).toEqual({ orderId: "o-1", line: 1, sku: "sku-1" });
    expect(await json("tables", "get", "lines", "--limit", "5")).toHaveLength(1);
    expect((await run(["tables", "get", "orders", "o-9", "--json"])).error()).toMatchObject({ code: "NOT_FOUND" });
    expect((await run(["tables", "get", "lines", "o-1", "--json"])).error()).toMatchObject({ code: "USAGE" });
    expect((await run(["tables", "get", "nope", "--json"])).error()).toMatchObject({ code: "TABLE_UNKNOWN" });
  });

  test("handlers ls: what waits, by state", async () => {
    expect((await run(["handlers", "ls"])).stdout).toMatch(/^confirm +on +0 +0 +0 +0 +0 +1 +order\.placed$/m);
    expect(await json("handlers", "ls")).toMatchObject([{ name: "confirm", counts: { dead: 1 } }, { name: "count" }]);
  });

  test("doctor: who holds the file; a dead letter is a problem", async () => {
    const { code, stdout } = await run(["doctor", "--app", join(import.meta.dirname, "../support/order-app.ts")]);
    expect(stdout).toContain(`held by the engine with pid ${String(process.pid)}`);
    expect(stdout).toContain("synchronous full");
    expect(stdout).toMatch(/^problem +dead letters +confirm 1$/m);
    expect(stdout).toMatch(/1 problem, 1 warning\n$/);
    expect(code).toBe(3);
  });

  test("verify: an unbroken chain", async () => {
    const { code, stdout } = await run(["verify"]);
    expect(stdout).toBe("intact: 3 events, hash chain unbroken\n");
    expect(code).toBe(0);
  });
});

describe("emit", () => {
  test("stores an event once; a dry run stores nothing", async () => {
    const args = ["emit", "order.placed", '{"orderId":"o-3","quantity":1}', "--id", "fixed", "--source", "shop", "--key", "k", "--correlation", "flow-3"];
    expect((await run([...args, "--dry-run"])).stdout).toBe("valid: order.placed would be stored\n");
    expect((await run([...args, "--dry-run", "--json"])).json()).toEqual({ id: "fixed", duplicate: false, dryRun: true });
    expect((await run(args)).stdout).toBe("stored: order.placed fixed\n");
    expect((await run(args)).stdout).toBe("duplicate: order.placed fixed was stored before, nothing was stored now\n");
    expect((await run([...args, "--dry-run"])).stdout).toBe("valid, but order.placed fixed is stored already\n");
    expect(await json("events", "show", "fixed")).toMatchObject({ source: "shop", key: "k", correlationId: "flow-3" });
  });

  test("takes data from standard input, and delays", async () => {
    const input = '{"orderId":"o-4","quantity":1}';
    const { id } = (await run(["emit", "order.placed", "-", "--delay", "1h", "--json"], { input })).json() as { id: string };
    expect(await json("events", "show", id)).toMatchObject({ data: { orderId: "o-4" }, deliveries: [{ state: "scheduled" }] });
  });

  test.each([
    { name: "an unknown event", args: ["emit", "order.nope"], code: "EVENT_UNKNOWN", text: "its events are order.placed, order.confirmed" },
    {
      name: "data that the schema refuses",
      args: ["emit", "order.placed", '{"orderId":"o","quantity":0}'],
      code: "PAYLOAD_INVALID",
      text: "quantity: Too small",
    },
    {
      name: "an id that cannot be one",
      args: ["emit", "order.placed", '{"orderId":"o","quantity":1}', "--id", "a\nb"],
      code: "ID_INVALID",
      text: "control characters",
    },
    {
      name: "an identity with other data",
      args: ["emit", "order.placed", '{"orderId":"o-3","quantity":9}', "--id", "fixed", "--source", "shop"],
      code: "IDENTITY_REUSED",
      text: "",
    },
    { name: "a file that is not there", args: ["emit", "order.placed", "@nope.json"], code: "FILE_MISSING", text: "nope.json cannot be read" },
    {
      name: "data that is too large",
      args: ["emit", "order.placed", "-"],
      input: JSON.stringify({ orderId: "x".repeat(300_000), quantity: 1 }),
      code: "PAYLOAD_TOO_LARGE",
      text: "",
    },
  ])("$name is refused, for real and in a dry run", async ({ args, code, text, input = "" }) => {
    for (const dry of code === "IDENTITY_REUSED" ? [[]] : [[], ["--dry-run"]]) {
      const answer = await run([...args, ...dry, "--json"], { input });
      expect(answer.error()["code"]).toBe(code);
      expect(String(answer.error()["message"])).toContain(text);
      expect(answer.code).toBe(1);
    }
  });

  test("every issue gets a line of its own", async () => {
    const { stderr } = await run(["emit", "order.placed", '{"quantity":"two"}']);
    expect(stderr.split("\n").slice(0, 4)).toEqual([
      "error PAYLOAD_INVALID Event order.placed is not valid",
      "  - orderId: Invalid input: expected string, received undefined",
      "  - quantity: Invalid input: expected number, received string",
      "  what to do: Send data that the event's schema accepts; the message lists each path and reason.",
    ]);
  });
});

describe("operating", () => {
  test("pause and resume: recorded with who and why; a second time changes nothing", async () => {
    expect((await run(["handlers", "pause", "count", "--dry-run"])).stdout).toBe("would have paused: count\n");
    expect((await run(["handlers", "pause", "count", "--reason", "partner is down", "--by", "ada"])).stdout).toBe("paused: count\n");
    expect((await run(["handlers", "pause", "count", "--reason", "again"])).stdout).toBe("paused: nothing, count is paused already\n");
    expect((await run(["handlers", "ls"])).stdout).toMatch(/^count +paused: partner is down/m);
    expect((await run(["doctor"])).stdout).toContain("count (partner is down)");
    expect(await json("handlers", "resume", "count", "--reason", "partner is back")).toEqual({ count: 1, dryRun: false });
    expect(await json("ledger", "ls", "--limit", "2")).toMatchObject([
      { action: "resume", subject: "count", reason: "partner is back" },
      { action: "pause", by: "ada", reason: "partner is down" },
    ]);
    expect((await run(["ledger", "ls"])).stdout).toContain("partner is down");
    expect((await run(["handlers", "pause", "nope", "--reason", "x", "--json"])).error()).toMatchObject({ code: "HANDLER_UNKNOWN" });
  });

  test("redrive: one by its id, or all after --yes; a failed redrive is a dead letter again", async () => {
    expect((await run(["dlq", "redrive", "--all", "--dry-run"])).stdout).toBe("would have redriven: 1 dead letter\n");
    expect((await run(["dlq", "redrive", "--all", "--reason", "fixed", "--json"])).error()).toMatchObject({
      code: "USAGE",
      message: "This act needs to be confirmed: redrive 1 dead letter?",
    });
    expect((await run(["dlq", "redrive", "--all", "--reason", "fixed", "--yes"])).stdout).toBe("redriven: 1 dead letter\n");
    await live.queue.idle();
    expect((await run(["dlq", "redrive", letter, "--reason", "once more"])).stdout).toBe("redriven: 1 dead letter\n");
    await live.queue.idle();
    expect((await run(["dlq", "show", letter])).stdout).toContain("redriven 2 times");
    expect((await run(["dlq", "redrive", "nope", "--reason", "x", "--json"])).error()).toMatchObject({ code: "NOT_FOUND" });
  });

  test("discard: asks back on a terminal, and does nothing unless the answer is yes", async () => {
    const discard = ["dlq", "discard", "--handler", "confirm", "--reason", "gone"];
    const refused = await run(discard, { isTerminal: true, input: "n\n" });
    expect(refused.stderr).toContain("discard 1 dead letter? [y/N]");
    expect(refused.stderr).toContain("Nothing was done.");
    expect(refused.code).toBe(1);
    expect(await json("dlq", "ls")).toHaveLength(1);
    expect((await run(discard, { isTerminal: true, input: "y\n" })).stdout).toBe("discarded: 1 dead letter\n");
    expect(await json("dlq", "ls")).toEqual([]);
    expect((await run(discard)).stdout).toBe("discarded: 0 dead letters\n");
  });

  test("replay: past events once more to one handler", async () => {
    const replay = ["replay", "count", "--from", "1h", "--reason", "recount"];
    expect(await json(...replay, "--dry-run")).toMatchObject({ dryRun: true });
    expect((await run(replay)).code).toBe(2);
    const { stdout } = await run([...replay, "--yes"]);
    expect(stdout).toMatch(/^scheduled again: \d+ events for count\n$/);
    expect(await json("ledger", "ls", "--limit", "1")).toMatchObject([{ action: "replay", reason: "recount" }]);
  });

  test("backup: a copy of the running file that opens and verifies; never over another file", async () => {
    const target = join(live.folder, "copies", "copy.db");
    expect((await run(["backup", target, "--json"])).error()).toMatchObject({ code: "FILE_MISSING", message: "There is no folder copies" });
    const copy = join(live.folder, "copy.db");
    expect((await run(["backup", "copy.db", "--dry-run"])).stdout).toMatch(/^would copy [\d.]+ KiB to copy\.db\n$/);
    expect(existsSync(copy)).toBe(false);
    expect((await run(["backup", "copy.db", "--json"])).json()).toMatchObject({ target: copy });
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect((await run(["backup", "copy.db", "--json"])).error()).toMatchObject({ code: "FILE_EXISTS" });
    const restored = await openLocal(app, { file: copy });
    expect(await restored.verify()).toMatchObject({ ok: true });
    await restored.close();
  });
});

describe("a terminal", () => {
  test("has colours, unless NO_COLOR is set or the output is JSON; a pipe has none", async () => {
    const escape = "\u001b[";
    expect((await run(["handlers", "ls"], { isTerminal: true })).stdout).toContain(escape);
    expect((await run(["handlers", "ls"], { isTerminal: true, env: { NO_COLOR: "1" } })).stdout).not.toContain(escape);
    expect((await run(["handlers", "ls", "--json"], { isTerminal: true })).stdout).not.toContain(escape);
    expect((await run(["handlers", "ls"])).stdout).not.toContain(escape);
  });

  test("shows how far long commands are; a pipe stays silent", async () => {
    expect((await run(["verify"], { isTerminal: true })).stderr).toContain("verifying…");
    expect((await run(["verify"])).stderr).toBe("");
    expect((await run(["verify", "--json"], { isTerminal: true })).stderr).toBe("");
  });

  test("never gets control characters from data", async () => {
    const { id } = await live.queue.publish(placed, { orderId: "\u001b[2J\u202e\u009b", quantity: 1 }, { key: "o-9" });
    const { stdout } = await run(["events", "show", id]);
    expect(stdout).toContain(String.raw`"\\u001b[2J\u202e\u009b"`.replace("\\\\", "\\"));
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});
