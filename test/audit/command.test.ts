/** `pulsequeue audit` on this repository, for one line whose check carries nothing out. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { appendReport, countsOf } from "../../src/audit/report/report.ts";
import { inTerminal, type Answer } from "../support/terminal.ts";
import { projectRoot } from "../support/tree.ts";

vi.setConfig({ testTimeout: 60_000 }); // it reads every file of the repository

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pulsequeue-audits-"));
  appendReport(folder, { app: "orders", time: "2026-11-30T06:00:00.000Z", commit: null, version: "0.1.0", seconds: 1, counts: countsOf([]), findings: [] });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const audit = (day: number): Promise<Answer> =>
  inTerminal(["audit", "--app", "examples/order-pipeline/app.ts", "--only", "K7", "--report", folder], {
    cwd: projectRoot,
    now: () => Date.UTC(2026, 11, day),
  });

test("looks at the age of the last report, and with --only writes none", async () => {
  const [fresh, old] = [await audit(7), await audit(8)];
  expect([fresh.code, fresh.stdout]).toEqual([0, expect.stringMatching(/K7 {2}PASS[\s\S]*1 line: 1 PASS/)]);
  expect([old.code, old.stdout]).toEqual([3, expect.stringContaining("the last audit is of 2026-11-30, 7 days ago: run it each week")]);
  expect(fresh.stderr).toContain("with --only none was written");
  expect(readdirSync(folder)).toEqual(["000001-2026-11-30.json"]);
});
