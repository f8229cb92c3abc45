/** Findings as a document. What differs from run to run (times, commit, measured milliseconds) is left out: the same project gives the same text. */
import type { Finding } from "../audit.ts";
import { countsOf } from "./report.ts";

export function markdownOf(app: string, findings: readonly Finding[]): string {
  const counts = Object.entries(countsOf(findings)).filter(([, count]) => count > 0);
  const sections = [...new Set(findings.map(({ section }) => section))];
  return [
    `# The audit of ${app}`,
    "",
    "Each row is a line of the security document, letter by letter in `statements.json`, with what was found about it. PASS: every part of the check holds, here and now. NOT-EVIDENCED: a part needs the live account or the network; its other parts hold. What each part saw is in the report of `npx pulsequeue audit --json`.",
    "",
    counts.map(([status, count]) => `${String(count)} ${status}`).join(", "),
    "",
    ...sections.flatMap((section) => [
      `## ${section}`,
      "",
      "| | Line | Checked | How | Status |",
      "| --- | --- | --- | --- | --- |",
      ...findings.filter((finding) => finding.section === section).map(rowOf),
      "",
    ]),
  ].join("\n");
}

function rowOf({ id, text, title, kinds, status, reasons }: Finding): string {
  const line = plain(text.replace(/^(?:- (?:\[ \] )?|\d\. )/, ""));
  const why = status === "PASS" ? "" : `: ${reasons.map(plain).join("; ")}`;
  return `| ${id} | ${line} | ${plain(title)} | ${kinds.join(", ")} | ${status}${why} |`;
}

/** Without what a table's cell cannot hold; addresses are shown, not followed. */
function plain(text: string): string {
  return text
    .replaceAll("|", "\\|")
    .replaceAll("**", "")
    .replaceAll(/\[(?<label>[^\][]*)\]\((?<address>[^)]*)\)/g, "$<label> (`$<address>`)")
    .replaceAll(/\s+/g, " ");
}
