/**
 * Writes docs/security/audit.md, the audit of the order pipeline as a table, and docs/security/mutants.json, the faults that each check is
 * shown to find. With `--check` it writes nothing and exits with 3 where a file is not up to date. Run it by `npm run docs:audit`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { auditOf } from "../src/audit/audit.ts";
import { checks } from "../src/audit/checks/index.ts";
import { experiments } from "../src/audit/experiments/index.ts";
import { markdownOf } from "../src/audit/report/markdown.ts";
import { mutantList } from "../test/audit/mutants/list.ts";
import { decisions, loadRepository } from "../test/audit/repository.ts";

const folder = new URL("../docs/security/", import.meta.url);
const list = mutantList();
const isChecked = process.argv.includes("--check");
const put = (name: string, text: string): void => {
  const file = new URL(name, folder);
  if (!isChecked) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    process.stderr.write(`docs/security/${name} is not up to date: run \`npm run docs:audit\`\n`);
    process.exitCode = 3;
  }
};
// First, since the audit reads it.
put("mutants.json", list);
const project = await loadRepository(experiments);
put("audit.md", markdownOf(project.app.name, auditOf(project, checks, decisions)));
