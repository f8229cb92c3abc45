/** `npm run check:audit`: the audit of the order pipeline, then faults that its checks must find, at least one for each line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { auditOf, hasProblem, needsOf, runChecks } from "../../src/audit/audit.ts";
import type { Part } from "../../src/audit/check.ts";
import { checks } from "../../src/audit/checks/index.ts";
import { experiments } from "../../src/audit/experiments/index.ts";
import { markdownOf } from "../../src/audit/report/markdown.ts";
import { progressBar } from "../crash/progress.ts";
import { table } from "../crash/report.ts";
import { problemsOf } from "./kill.ts";
import { projectRoot } from "../support/tree.ts";
import { mutants } from "./mutants/index.ts";
import { mutantList } from "./mutants/list.ts";
import { decisions, loadRepository } from "./repository.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const isWordy = process.argv.includes("--all");

const loading = progressBar(experiments.length + 3, process.stderr);
let steps = 0;
const project = await loadRepository(experiments, (step) => loading.show((steps += 1), step));
loading.clear();

const findings = auditOf(project, checks, decisions);
const sound = new Map<string, readonly Part[]>();
for (const check of checks) sound.set(check.id, check.run(project, sound));
const bad = findings.filter((finding) => hasProblem([finding]));
for (const { id, status, reasons } of bad) print(`${id} ${status}: ${reasons.join("; ")}`);
/** Of a map what is named. */
const only = <Value>(map: ReadonlyMap<string, Value>, names: ReadonlySet<string>): ReadonlyMap<string, Value> =>
  new Map([...map].filter(([name]) => names.has(name)));
/** Lines whose check needs more than `--only` would give it. */
const starved = checks.filter(({ id }) => {
  const needs = needsOf(project, checks, new Set([id]));
  const given = { ...project, tools: only(project.tools, needs.tools), outcomes: only(project.outcomes, needs.outcomes) };
  return JSON.stringify(runChecks(given, checks).get(id)) !== JSON.stringify(sound.get(id));
});
for (const { id } of starved) print(`${id} alone is not what it is in the whole audit`);

/** What this machine has no means for, by the experiment's name. */
const missing = new Map([...project.outcomes].flatMap(([name, { needs }]) => (needs === undefined ? [] : [[name, needs]])));
for (const [name, needs] of missing) print(`Skipped: the experiment ${name}, which needs ${needs}, its mutants, and the comparison of docs/security/audit.md.`);
const possible = mutants.filter(({ sabotage }) => sabotage === undefined || !missing.has(sabotage.experiment));
const skipped = missing.size + mutants.length - possible.length;

const documents = [
  ["docs/security/mutants.json", mutantList()],
  ...(missing.size > 0 ? [] : [["docs/security/audit.md", markdownOf(project.app.name, findings)] as const]),
] as const;
const outdated = documents.filter(([path, text]) => readFileSync(join(projectRoot, path), "utf8") !== text);
for (const [path] of outdated) print(`${path} is not up to date: run \`npm run docs:audit\``);

const bar = progressBar(possible.length, process.stderr);
const rows: string[][] = [];
const alive: string[] = [];
for (const [index, mutant] of possible.entries()) {
  bar.show(index, `${mutant.check} ${mutant.name}`);
  const [found] = await problemsOf(mutant, project, checks, sound).catch((thrown: unknown) => {
    print(`${mutant.check} ${mutant.name}: ${String(thrown)}`);
    return [];
  });
  rows.push([mutant.check, mutant.name, found ?? "NOT FOUND"]);
  if (found === undefined) alive.push(`${mutant.check}: ${mutant.name}`);
}
bar.clear();
const unproven = checks.filter(({ id }) => !mutants.some(({ check }) => check === id)).map(({ id }) => id);
if (isWordy) print(table(rows.map(([id = "", name = "", found = ""]) => [id, name, found.slice(0, 120)])));
for (const name of alive) print(`not found: ${name}`);
for (const id of unproven) print(`no mutant: ${id}`);
print(`${String(checks.length)} checks, ${String(possible.length)} mutants, ${String(possible.length - alive.length)} killed`);
const failed = bad.length + starved.length + alive.length + unproven.length + outdated.length;
if (skipped > 0) print(`${String(skipped)} skipped`);
print(`${String(findings.length - bad.length + possible.length - alive.length + documents.length - outdated.length)} passed, ${String(failed)} failed`);
process.exitCode = failed === 0 ? 0 : 3;
