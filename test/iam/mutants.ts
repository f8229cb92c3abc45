/** Runs the golden cases, then random ones, on copies of the evaluator with one fault each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildCopy, plantFault } from "../crash/build.ts";
import { isTest, readTree } from "../support/tree.ts";
import { compare, decide, type Subject } from "./compare.ts";
import { faults, type Fault } from "./faults.ts";
import { goldenCases } from "./golden.ts";

export interface MutantResult {
  readonly name: string;
  /** The golden case that found it, or the number of random cases it took. */
  readonly by: string | undefined;
}

export interface MutantOptions {
  readonly cases: number;
  readonly from: number;
  readonly onFault: (done: number, name: string) => void;
}

/** The first result is that of a copy without a fault, which must not be found. */
export async function runMutants({ cases, from, onFault }: MutantOptions): Promise<readonly MutantResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-iam-"));
  const original = join(folder, "original");
  try {
    buildCopy(
      original,
      [...readTree(["src/audit/iam"], [".ts"]).keys()].filter((path) => !isTest(path)),
    );
    const results: MutantResult[] = [];
    for (const [index, fault] of [{ name: "no fault", replacements: [] } satisfies Fault, ...faults].entries()) {
      onFault(index, fault.name);
      const copy = join(folder, String(index));
      plantFault(original, copy, fault.replacements);
      const subject = await load(copy);
      results.push({ name: fault.name, by: foundByRule(subject) ?? foundByChance(subject, cases, from) });
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function load(folder: string): Promise<Subject> {
  const part = async (file: string): Promise<unknown> => import(pathToFileURL(join(folder, "src/audit/iam", file)).href);
  const { evaluate } = (await part("evaluate.js")) as Pick<Subject, "evaluate">;
  const { parsePolicy } = (await part("parse.js")) as Pick<Subject, "parsePolicy">;
  return { evaluate, parsePolicy };
}

function foundByRule(subject: Subject): string | undefined {
  return goldenCases.find(({ request, policies, decision }) => decide(subject, request, policies).decision !== decision)?.rule;
}

function foundByChance(subject: Subject, cases: number, from: number): string | undefined {
  const { difference, cases: done } = compare(subject, { cases, from });
  return difference === undefined ? undefined : `${done} random cases`;
}
