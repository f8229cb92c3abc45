/** The demonstration as people run it: a process of its own, on a real file, with a real kill. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fileBook } from "../providers/book.ts";
import { measure } from "./measure.ts";
import type { DemoResult } from "./report.ts";

/** A busy machine needs long to start three processes. */
const patience = 120_000;
const folder = mkdtempSync(join(tmpdir(), "demo-test-"));
/** Where the demonstration makes its temporary files. */
const temporary = mkdtempSync(join(folder, "tmp-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function demo(script: "main" | "live", args: readonly string[], watch: (stdout: string, interrupt: () => void) => void = () => undefined): Promise<Ended> {
  return new Promise((done) => {
    const file = join(import.meta.dirname, `${script}.ts`);
    const child = execFile(
      process.execPath,
      ["--conditions=source", "--import", "tsx", file, ...args],
      { timeout: patience, env: { ...process.env, TMPDIR: temporary } },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr });
      },
    );
    let heard = "";
    child.stdout?.on("data", (text: string) => {
      heard += text;
      watch(heard, () => child.kill("SIGINT"));
    });
  });
}

const small = ["--orders", "150", "--buyers", "16", "--skus", "2", "--units", "40", "--timeouts", "20", "--cancels", "10", "--refunds", "30"];

describe("npm run demo", () => {
  test(
    "with kills in the middle keeps every invariant, says so in JSON, and would notice an order that is lost or made up",
    async () => {
      const file = join(folder, "orders.db");
      const { code, stdout, stderr } = await demo("main", [...small, "--kills", "2", "--json", "--file", file]);
      expect(stderr).toBe(`The file stays: ${file}\n`);
      const result = JSON.parse(stdout) as DemoResult;
      expect(result).toMatchObject({ placed: 150, kills: 2, atRest: true, deadLetters: 0, measured: { violations: [], unitsInAll: 80 } });
      expect(result.measured.states["CONFIRMED"]).toBeGreaterThan(0);
      expect(code).toBe(0);
      const book = fileBook(`${file}.provider`);
      const history = { placed: new Set(["order-lost"]), duplicates: 0, unknown: 0, refused: ["order-refused: 400"], tooLate: 0 };
      const { violations } = await measure(file, book, history);
      book.close();
      const rules = new Set(violations.map((violation) => violation.rule));
      expect(rules).toEqual(new Set(["acknowledged-is-stored", "stored-was-placed", "valid-orders-are-taken"]));
    },
    patience,
  );

  test(
    "prints a table to a pipe, without a progress bar, and leaves no file behind",
    async () => {
      const { code, stdout, stderr } = await demo("main", [...small, "--kills", "0"]);
      expect(stdout).toMatch(/^placed +150 orders by 16 buyers at once$/m);
      expect(stdout).toMatch(/^invariants +all hold$/m);
      expect(stdout + stderr).not.toContain("\u001b");
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(readdirSync(temporary).filter((name) => name.startsWith("pulsequeue-demo-"))).toEqual([]);
    },
    patience,
  );

  test(
    "on the simulated AWS, with all functions killed in the middle, keeps every invariant too",
    async () => {
      const { code, stdout, stderr } = await demo("main", [...small, "--engine", "aws-sim", "--kills", "2", "--json"]);
      expect(stderr).toBe("");
      const result = JSON.parse(stdout) as DemoResult;
      expect(result).toMatchObject({ placed: 150, kills: 2, atRest: true, deadLetters: 0, measured: { violations: [], unitsInAll: 80 } });
      expect(result.measured.states["CONFIRMED"]).toBeGreaterThan(0);
      expect(code).toBe(0);
    },
    patience,
  );

  test.each([
    [["--orders", "many"], "--orders <n>"],
    [["--engine", "abacus"], "aws-sim"],
    [["--engine", "aws-sim", "--keep"], "leaves no file"],
    [["--declines", "101"], "from 0 to 100"],
    [["--duplicates", ""], "from 0 to 100"],
    [["--bogus"], "--bogus"],
    [["stray"], "too many arguments"],
  ])(
    "refuses %j as wrong usage",
    async (args, reason) => {
      const { code, stdout, stderr } = await demo("main", args);
      expect(code).toBe(2);
      expect(stderr).toContain(reason);
      expect(stdout).toBe("");
    },
    30_000,
  );

  test("does not write over a file that exists", async () => {
    const file = join(folder, "precious.db");
    writeFileSync(file, "precious");
    const { code, stderr } = await demo("main", ["--file", file]);
    expect(code).toBe(2);
    expect(stderr).toContain("exists already");
  }, 30_000);
});

describe("npm start", () => {
  test(
    "lets orders flow until Ctrl-C, then closes the file and ends well",
    async () => {
      const file = join(folder, "live.db");
      const { code, stdout, stderr } = await demo("live", ["--file", file, "--rate", "1200"], (heard, interrupt) => {
        if (heard.includes("  confirmed")) interrupt();
      });
      expect(stdout).toMatch(/Closed after \d+ orders/);
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(existsSync(`${file}-wal`)).toBe(false);
    },
    patience,
  );
});
