/** Runs the fuzz run on copies of the door with one fault each: its judge must find every one, and nothing where there is none. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCopy, plantFault } from "../../crash/build.ts";
import { readTree } from "../../support/tree.ts";
import { fuzzFaults, type FuzzFault } from "./faults.ts";

/** Enough for each fault to show many times. */
const inputs = 4_000;
const control: Pick<FuzzFault, "name" | "by" | "replacements"> = { name: "no fault", by: /^$/, replacements: [] };

export interface MutantResult {
  readonly name: string;
  /** Whether the judge said what it must: of no fault, nothing. */
  readonly found: boolean;
  readonly said: string;
}

/** `only`: faults whose name holds it. */
export async function runMutants(seed: number, only: string, onResult: (result: MutantResult) => void): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-fuzz-"));
  try {
    const original = join(folder, "door");
    const files = [...readTree(["src", "test/http"], [".ts"])].map(([path]) => path).filter((path) => !path.endsWith(".test.ts"));
    buildCopy(original, [...files, "test/support/tree.ts", "test/crash/build.ts"]);
    let isProven = true;
    for (const fault of [control, ...fuzzFaults.filter(({ name }) => name.includes(only))]) {
      const copy = fault === control ? original : join(folder, "mutant");
      if (fault !== control) plantFault(original, copy, fault.replacements);
      const { code, text } = await run(copy, seed);
      const said = /WRONG (?:input \d+: )?(.+)/.exec(text)?.[1] ?? "nothing";
      const found = fault === control ? code === 0 : code === 3 && fault.by.test(text);
      onResult({ name: fault.name, found, said: found && fault !== control ? (fault.by.exec(text)?.[0] ?? said) : said });
      isProven &&= found;
      if (fault !== control) rmSync(copy, { recursive: true, force: true });
    }
    return isProven;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(copy: string, seed: number): Promise<{ readonly code: number | null; readonly text: string }> {
  const args = [join(copy, "test/http/fuzz/main.js"), "--seed", String(seed), "--inputs", String(inputs), "--sockets", "0", "--idle", "0", "--resets", "0"];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += String(chunk)));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, text }));
  });
}
