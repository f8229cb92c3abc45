import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { inTerminal, type Answer } from "../support/terminal.ts";

const cwd = mkdtempSync(join(tmpdir(), "pulsequeue-usage-"));
afterAll(() => {
  rmSync(cwd, { recursive: true });
});
const run = (args: readonly string[], env = {}): Promise<Answer> => inTerminal(args, { cwd, env });

describe("help", () => {
  test("lists every command and the exit codes", async () => {
    const { code, stdout, stderr } = await run(["--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    const commands = [...stdout.matchAll(/^ {2}([a-z]+)(?: \[options\])?(?: [[<]\S+)* {2,}/gm)].map(([, name]) => name);
    expect(commands).toEqual([
      ...["init", "dev", "start", "emit", "events", "deliveries", "trace", "tail", "dlq", "handlers", "tables"],
      ...["replay", "ledger", "keys", "incident", "reveal", "erase", "schema", "graph"],
      ...["build", "cost", "synth", "deploy", "rollback", "iam", "plan", "audit", "doctor", "backup", "verify", "drill", "help"],
    ]);
    expect(stdout).toContain("130 interrupted");
  });

  test("every mutation has --dry-run, every act of an operator asks for a reason, each command has the global options", async () => {
    const acts = [
      "dlq redrive",
      "dlq discard",
      "handlers pause",
      "handlers resume",
      "replay",
      "keys create",
      "keys rotate",
      "keys revoke",
      "incident contain",
      "deploy",
      "rollback",
    ];
    for (const name of [...acts, "init", "emit", "schema snapshot", "backup"]) {
      const { code, stdout } = await run([...name.split(" "), "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain("--dry-run");
      expect(stdout).toContain("--json");
      expect(stdout.includes("--reason")).toBe(acts.includes(name));
    }
  });

  test("prints the version of the package", async () => {
    expect((await run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("wrong usage ends with exit code 2 and says what to do", () => {
  test.each([
    { args: ["nope"], message: "unknown command 'nope'" },
    { args: ["events", "nope"], message: "unknown command 'nope'" },
    { args: ["emit"], message: "missing required argument 'event'" },
    { args: ["verify", "extra"], message: "too many arguments" },
    { args: ["events", "ls", "--nope"], message: "unknown option '--nope'" },
    { args: ["events", "ls", "--limit", "0"], message: "whole number from 1 to 1000" },
    { args: ["events", "ls", "--from", "yesterday"], message: '--from "yesterday" is not a time' },
    { args: ["deliveries", "ls", "--state", "odd"], message: "Allowed choices are scheduled" },
    { args: ["emit", "order.placed", "{orderId"], message: "The data is not JSON" },
    { args: ["emit", "order.placed", "--delay", "soon"], message: '--delay "soon" is not a length of time' },
    { args: ["dlq", "redrive", "--reason", "x"], message: "acts on none by default" },
    { args: ["replay", "confirm", "--from", "1h", "--to", "2h", "--reason", "x"], message: "--from is not before --to" },
    { args: ["replay", "confirm"], message: "required option '--from <time>' not specified" },
  ])("$message", async ({ args, message }) => {
    const { code, stdout, stderr } = await run(args);
    expect(stderr).toContain("error USAGE");
    expect(stderr).toContain(message);
    expect(stderr).toContain("what to do: ");
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test.each([
    ["handlers", "pause", "confirm"],
    ["handlers", "resume", "confirm"],
    ["dlq", "redrive", "--all"],
    ["dlq", "discard", "--all"],
    ["replay", "confirm", "--from", "1h"],
  ])("an act without a reason: %s %s", async (...args) => {
    for (const reason of [[], ["--reason", "  "]]) {
      const { code, stderr } = await run([...args, ...reason]);
      expect(stderr).toContain("This act needs a reason");
      expect(code).toBe(2);
    }
  });

  test("without a command it prints the help", async () => {
    const { code, stderr } = await run([]);
    expect(code).toBe(2);
    expect(stderr).toContain("Usage: pulsequeue");
  });

  test("with --json errors are JSON, of usage as well", async () => {
    expect((await run(["nope", "--json"])).error()).toEqual({ code: "USAGE", message: "unknown command 'nope'", fix: "See `pulsequeue --help`." });
    expect((await run(["handlers", "pause", "confirm", "--json"])).error()).toMatchObject({ code: "USAGE", message: "This act needs a reason" });
  });

  test("a log level that is none is refused", async () => {
    const { code, stderr } = await run(["start"], { PULSEQUEUE_LOG_LEVEL: "loud" });
    expect(stderr).toContain('PULSEQUEUE_LOG_LEVEL "loud" is no level');
    expect(code).toBe(2);
  });
});

describe("where there is no file", () => {
  test("reading it is refused: nothing is made by mistake", async () => {
    const answer = await run(["events", "ls", "--file", "typo.db", "--json"]);
    expect(answer.error()).toMatchObject({ code: "FILE_MISSING", message: "There is no file typo.db" });
    expect(answer.code).toBe(1);
  });

  test("the environment names the file as well, and an option wins", async () => {
    const env = { PULSEQUEUE_DB: "from-env.db" };
    expect((await run(["events", "ls"], env)).stderr).toContain("There is no file from-env.db");
    expect((await run(["events", "ls", "--file", "from-option.db"], env)).stderr).toContain("There is no file from-option.db");
    expect((await run(["events", "ls"])).stderr).toContain("There is no file .pulsequeue/app.db");
  });
});
