/**
 * Writes docs/errors.md from the catalogue. With `--check` it writes nothing and exits with 3 where the file is not up to date.
 * Run it by `npm run docs:errors`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { errorCatalogue } from "pulsequeue";

const meanings = {
  never: "The same call cannot pass. A delivery with this failure is a dead letter at once.",
  later: "The same call may pass later. A delivery with this failure is retried.",
  "fix-input": "The call passes once its input is corrected. A delivery with this failure is a dead letter at once.",
};

/** The document's text. */
export function errorsDocument(): string {
  const lines = [
    "# Errors",
    "",
    "Every error that PulseQueue throws is a `PulseQueueError` with a `code`, an HTTP `status`, a verdict `retry`, a `fix` and, where there are any, `issues` (path and reason). Codes never change their meaning. This page is written by `npm run docs:errors` from the catalogue in the code.",
    "",
    "| Verdict | Means |",
    "| --- | --- |",
    ...Object.entries(meanings).map(([verdict, meaning]) => `| \`${verdict}\` | ${meaning} |`),
    "",
    "| Code | Status | Verdict | What to do |",
    "| --- | --- | --- | --- |",
    ...Object.entries(errorCatalogue).map(
      ([code, { status, retry, fix }]) => `| \`${code}\` | ${String(status)} | \`${retry}\` | ${fix.replaceAll("|", "\\|")} |`,
    ),
    "",
  ];
  return lines.join("\n");
}

const file = new URL("../docs/errors.md", import.meta.url);

if (process.argv[1] === import.meta.filename) {
  if (!process.argv.includes("--check")) writeFileSync(file, errorsDocument());
  else if (readFileSync(file, "utf8") !== errorsDocument()) {
    process.stderr.write("docs/errors.md is not up to date: run `npm run docs:errors`\n");
    process.exitCode = 3;
  }
}
