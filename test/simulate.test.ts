import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";
import { applyReplacements, readSource } from "./crash/build.ts";
import { asTable, isClean, summarise, type SeedReport } from "./simulate/report.ts";
import { embedded } from "./simulate/simulation.ts";
import { projectRoot } from "./support/tree.ts";

/** Starting a process takes its time on a busy machine. */
const patient = { timeout: 300_000 };

/** Ends with the exit code and what was printed. */
function simulate(...flags: readonly string[]): Promise<{ readonly code: number | string; readonly out: string; readonly err: string }> {
  const args = ["--conditions=source", "--import", "tsx", "test/simulate/main.ts", ...flags];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: projectRoot }, (error, out, err) => {
      resolve({ code: error === null ? 0 : (error.code ?? 1), out, err });
    });
  });
}

function report(seed: number, more: Partial<SeedReport> = {}): SeedReport {
  return { seed, hash: "h", violations: [], kills: [], steps: 100, events: 10, runs: 20, repeated: false, ...more };
}

describe("npm run simulate", () => {
  it("runs seeds and prints what they came to as JSON", patient, async () => {
    const { code, out } = await simulate("--seeds", "2", "--from", "100", "--workers", "2", "--json");
    const summary: unknown = JSON.parse(out);
    expect(summary).toMatchObject({ from: 100, seeds: 2, repeated: 1, failed: [] });
    expect(code).toBe(0);
  });

  it("finds a fault that is planted in a copy of the engine", patient, async () => {
    const { code, out } = await simulate("--mutants", "--only", "emitted events are stored after the commit", "--seeds", "20", "--workers", "1", "--json");
    expect(JSON.parse(out)).toMatchObject({ control: { found: false }, faults: [{ found: true }] });
    expect(code).toBe(0);
  });

  it("refuses flags that it does not know, and numbers that are none", patient, async () => {
    expect(await simulate("--sedes", "2")).toMatchObject({ code: 2 });
    expect(await simulate("--seeds", "few")).toMatchObject({ code: 2 });
    expect(await simulate("--mutants", "--only", "nobody made this one")).toMatchObject({ code: 2 });
  });

  it("fails for a broken rule, and for a point at which many seeds never struck", () => {
    const kills = summarise(embedded, 1, [], 1);
    const everywhere = Object.keys(kills.kills).map((point) => [point, 1] as const);
    const many = Array.from({ length: 500 }, (_, seed) => report(seed));
    expect(isClean(summarise(embedded, 1, [report(1)], 1))).toBe(true);
    expect(isClean(summarise(embedded, 0, many, 1))).toBe(false);
    expect(isClean(summarise(embedded, 0, [...many, report(500, { kills: everywhere })], 1))).toBe(true);
    const broken = summarise(
      embedded,
      1,
      [report(7, { kills: everywhere, violations: [{ rule: "an effect happens once", text: "follow/e1 took no effect" }] })],
      1,
    );
    expect(isClean(broken)).toBe(false);
    expect(asTable(embedded, broken)).toContain("npm run simulate -- --from 7 --seeds 1");
    expect(asTable(embedded, broken)).toContain("an effect happens once: follow/e1 took no effect");
  });

  it("plants faults that fit the engine's text", () => {
    expect(embedded.faults.length).toBeGreaterThanOrEqual(8);
    for (const fault of embedded.faults) expect(applyReplacements(fault.replacements, readSource).size).toBeGreaterThan(0);
  });
});
