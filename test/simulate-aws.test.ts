import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";
import { applyReplacements, readSource } from "./crash/build.ts";
import { onAws } from "./simulate-aws/simulation.ts";
import { projectRoot } from "./support/tree.ts";

/** Starting a process takes its time on a busy machine. */
const patient = { timeout: 300_000 };

/** Ends with the exit code and what was printed. */
function simulate(...flags: readonly string[]): Promise<{ readonly code: number | string; readonly out: string }> {
  const args = ["--conditions=source", "--import", "tsx", "test/simulate-aws/main.ts", ...flags];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: projectRoot }, (error, out) => {
      resolve({ code: error === null ? 0 : (error.code ?? 1), out });
    });
  });
}

describe("npm run simulate:aws", () => {
  it("runs seeds, one of them twice, and prints what they came to as JSON", patient, async () => {
    const { code, out } = await simulate("--seeds", "2", "--from", "100", "--workers", "1", "--json");
    expect(JSON.parse(out)).toMatchObject({ from: 100, seeds: 2, repeated: 1, failed: [] });
    expect(code).toBe(0);
  });

  it("finds a fault that is planted in a copy of the engine", patient, async () => {
    const { code, out } = await simulate("--mutants", "--only", "the answer does not name", "--seeds", "20", "--workers", "1", "--json");
    expect(JSON.parse(out)).toMatchObject({ control: { found: false }, faults: [{ found: true }] });
    expect(code).toBe(0);
  });

  it.each(onAws.faults.map((fault) => [fault.name, fault.replacements] as const))("the engine has exactly one place for the fault: %s", (_, replacements) => {
    const changed = applyReplacements(replacements, readSource);
    expect(changed.size).toBeGreaterThan(0);
    expect([...changed].filter(([path, text]) => text === readSource(path))).toEqual([]);
  });

  it("each fault has a name of its own, and there are enough of them", () => {
    expect(new Set(onAws.faults.map(({ name }) => name)).size).toBe(onAws.faults.length);
    expect(onAws.faults.length).toBeGreaterThanOrEqual(8);
  });
});
