/** Findings as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), which code hosts show beside the code. */
import type { Finding } from "../audit.ts";
import type { Report } from "./report.ts";

const kinds = { FAIL: "fail", STALE: "fail", WAIVED: "fail", "NOT-EVIDENCED": "open", ATTESTED: "informational", PASS: "pass" } as const;

export function sarifOf({ findings, version, commit }: Omit<Report, "previous">): object {
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "pulsequeue audit",
            version,
            rules: findings.map(({ id, title, text, sha256 }) => ({
              id,
              shortDescription: { text: title === "" ? id : title },
              fullDescription: { text },
              properties: { sha256 },
            })),
          },
        },
        ...(commit === null ? {} : { properties: { commit } }),
        results: findings.map(resultOf),
      },
    ],
  };
}

function resultOf(finding: Finding, ruleIndex: number): object {
  const { id, status, reasons, parts } = finding;
  const kind = kinds[status];
  const places = parts.filter((part) => status === "PASS" || part.status !== "pass").flatMap(({ evidence }) => evidence);
  const locations = places
    .filter(({ file }) => file !== undefined)
    .map(({ file = "", line }) => ({
      physicalLocation: {
        artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/") },
        ...(line === undefined ? {} : { region: { startLine: line } }),
      },
    }));
  const reason = reasons.length === 0 ? parts.map(({ claim }) => claim).join("; ") : reasons.join("; ");
  return {
    ruleId: id,
    ruleIndex,
    kind,
    // The standard wants "none" for everything that is no failure.
    level: kind !== "fail" ? "none" : status === "STALE" ? "warning" : "error",
    message: { text: `${status}: ${reason === "" ? finding.title : reason}` },
    // A failure that is waived is one all the same: the waiver suppresses it.
    ...(status === "WAIVED" ? { suppressions: [{ kind: "external", justification: reasons[0] ?? "" }] } : {}),
    ...(locations.length === 0 ? {} : { locations }),
  };
}
