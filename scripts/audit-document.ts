/**
 * Writes docs/security/audit.md: the audit of the order pipeline as a table. With `--check` it writes nothing and exits with 3 where the
 * file is not up to date. Run it by `npm run docs:audit`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { auditOf } from "../src/audit/audit.ts";
import { checks } from "../src/audit/checks/index.ts";
import { experiments } from "../src/audit/experiments/index.ts";
import { markdownOf } from "../src/audit/report/markdown.ts";
import { decisions, loadRepository } from "../test/audit/repository.ts";

const document = new URL("../docs/security/audit.md", import.meta.url);
const project = await loadRepository(experiments);
const text = markdownOf(project.app.name, auditOf(project, checks, decisions));
if (!process.argv.includes("--check")) writeFileSync(document, text);
else if (readFileSync(document, "utf8") !== text) {
  process.stderr.write("docs/security/audit.md is not up to date: run `npm run docs:audit`\n");
  process.exitCode = 3;
}
