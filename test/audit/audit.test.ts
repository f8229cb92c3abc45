/** What the audit does with what its checks find: statuses, decisions, reports. The checks themselves are proven by `npm run check:audit`. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import orders from "../../examples/order-pipeline/app.ts";
import { auditOf, hasProblem, type Finding } from "../../src/audit/audit.ts";
import { each, type Check, type Part } from "../../src/audit/check.ts";
import { checks } from "../../src/audit/checks/index.ts";
import { rangeOf } from "../../src/audit/checks/network.ts";
import { noDecisions, parseDecisions, type Decisions } from "../../src/audit/decisions.ts";
import type { Project, Statement } from "../../src/audit/project.ts";
import { markdownOf } from "../../src/audit/report/markdown.ts";
import { appendReport, countsOf, verifyChain, type Report } from "../../src/audit/report/report.ts";
import { sarifOf } from "../../src/audit/report/sarif.ts";
import { reviewedLines } from "../../src/audit/reviewed.ts";
import { hashOf, parseStatements } from "../../src/audit/statements.ts";
import { projectRoot } from "../support/tree.ts";
import { mutants } from "./mutants/index.ts";
import { statements } from "./repository.ts";

const now = Date.UTC(2026, 10, 30);
const line = statements.find(({ id }) => id === "I1") ?? statements[0];
const holds: Part = { kind: "CODE", claim: "it holds", status: "pass", problems: [], evidence: [{ file: "a.txt", value: "seen" }] };
const fails: Part = {
  kind: "CODE",
  claim: "it holds",
  status: "fail",
  problems: ["a.txt:1: it does not"],
  evidence: [{ file: "a.txt", line: 1, value: "seen" }],
};
const old: Part = { kind: "DOC", claim: "it is of this week", status: "stale", problems: ["it is of last year"], evidence: [{ value: "last year" }] };
const unseen: Part = { kind: "LIVE", claim: "it is on", status: "not-evidenced", problems: [], evidence: [{ value: "needs the account" }] };

function projectWith(lines: readonly (Statement | undefined)[] = [line], at = now): Project {
  return {
    app: orders,
    stacks: [],
    files: new Map([["a.txt", "text"]]),
    workflows: new Map(),
    tools: new Map(),
    commands: [],
    metrics: new Map(),
    outcomes: new Map(),
    reports: undefined,
    statements: lines.filter((one) => one !== undefined),
    now: at,
  };
}

function judge(parts: readonly Part[], decisions: Decisions = noDecisions, project = projectWith()): Finding {
  const check: Check = { id: "I1", title: "roles", run: () => parts };
  const [finding] = auditOf(project, [check], decisions);
  if (finding === undefined) throw new Error("There is no finding");
  return finding;
}

const waiver = (expires: string): Decisions => ({ ...noDecisions, waivers: [{ id: "I1", reason: "until the move", owner: "platform", expires }] });
const attested = (date: string): Decisions => ({ ...noDecisions, attestations: [{ id: "I1", statement: "I looked", by: "Ada", date }] });

describe("a line is", () => {
  test.each([
    ["PASS where every part holds", [holds], noDecisions, "PASS"],
    ["FAIL where one part does not", [holds, fails], noDecisions, "FAIL"],
    ["FAIL where its check looked at nothing", [], noDecisions, "FAIL"],
    ["NOT-EVIDENCED where a part cannot be seen from here, never PASS", [holds, unseen], noDecisions, "NOT-EVIDENCED"],
    ["STALE where what shows it is too old, whoever attests it", [holds, old, unseen], attested("2026-11-30"), "STALE"],
    ["FAIL where another part does not hold, however old", [fails, old], noDecisions, "FAIL"],
    ["FAIL where another part does not hold, whatever cannot be seen", [fails, unseen], noDecisions, "FAIL"],
    ["WAIVED up to the last day of its waiver", [fails], waiver("2026-11-30"), "WAIVED"],
    ["FAIL from the day after", [fails], waiver("2026-11-29"), "FAIL"],
    ["ATTESTED for 90 days", [unseen], attested("2026-09-01"), "ATTESTED"],
    ["NOT-EVIDENCED again from then on", [unseen], attested("2026-08-31"), "NOT-EVIDENCED"],
    ["NOT-EVIDENCED where somebody attests from the future", [unseen], attested("2026-12-01"), "NOT-EVIDENCED"],
    ["FAIL where somebody attests what is seen to be wrong", [fails], attested("2026-11-30"), "FAIL"],
  ] as const)("%s", (_what, parts, decisions, status) => {
    expect(judge(parts, decisions).status).toBe(status);
  });

  test("STALE where its text was edited by a letter, and where nobody has read it for half a year", () => {
    if (line === undefined) throw new Error("There is no line");
    const edited = judge([holds], noDecisions, projectWith([{ ...line, text: `${line.text}.` }]));
    const old = judge([holds], noDecisions, projectWith([line], now + 181 * 86_400_000));
    expect([edited.status, old.status]).toEqual(["STALE", "STALE"]);
    expect(hasProblem([edited])).toBe(true);
  });

  test("told with the hash of each file that was looked at", () => {
    expect(judge([holds]).parts[0]?.evidence[0]).toMatchObject({ file: "a.txt", sha256: hashOf("text") });
  });

  test("FAIL where no check stands behind it", () => {
    expect(auditOf(projectWith(), [], noDecisions)[0]).toMatchObject({ status: "FAIL", reasons: ["no check stands behind this line"] });
  });
});

test("a claim about nothing fails, unless it is said why there is nothing", () => {
  const about = (absent?: string): Part =>
    each(
      "PLAN",
      "all are fine",
      [],
      () => undefined,
      () => ({ value: "" }),
      absent,
    );
  expect([about().status, about("there is no network").status]).toEqual(["fail", "pass"]);
});

test("every line has one check and at least one fault that it must find; the recorded texts are the lines'", () => {
  expect(statements).toHaveLength(74);
  expect(checks.map(({ id }) => id).sort()).toEqual(statements.map(({ id }) => id).sort());
  expect(statements.filter(({ id }) => !mutants.some(({ check }) => check === id))).toEqual([]);
  for (const { id, text } of statements) expect(hashOf(text).slice(0, 16)).toBe(reviewedLines[id]);
});

describe("audit.json", () => {
  const ids = new Set(["I1"]);

  test("is refused with every problem: an unknown field, a missing one, a wrong day, an id that no line has", () => {
    const value = { waivers: [{ id: "Z9", reason: "x", owner: "y", expires: "tomorrow", more: 1 }], attestations: [{ id: "I1" }], others: [] };
    let issues: readonly { readonly path: string }[] = [];
    try {
      parseDecisions(value, ids);
    } catch (thrown) {
      ({ issues } = thrown as { issues: typeof issues });
    }
    expect(issues.map(({ path }) => path)).toEqual([
      "others",
      "waivers.0.more",
      "waivers.0.id",
      "waivers.0.expires",
      "attestations.0.statement",
      "attestations.0.by",
      "attestations.0.date",
    ]);
  });

  test("may be empty", () => {
    expect(parseDecisions({}, ids)).toEqual(noDecisions);
  });

  test("and statements without their fields are refused", () => {
    expect(() => parseStatements({ statements: [{ id: "I1" }] })).toThrow(expect.objectContaining({ code: "AUDIT_INVALID" }));
    expect(() => parseStatements({})).toThrow(expect.objectContaining({ code: "AUDIT_INVALID" }));
  });
});

describe("reports", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pulsequeue-reports-"));
    for (const day of ["2026-11-28", "2026-11-29", "2026-11-30"]) appendReport(folder, reportOf([judge([holds])], `${day}T00:00:00.000Z`));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test("name the hash of the one before: a chain that was not touched verifies, and holds its own head", () => {
    const result = verifyChain(folder);
    expect(result).toMatchObject({ ok: true, reports: 3, last: "2026-11-30T00:00:00.000Z" });
    expect(verifyChain(folder, result.head ?? "").ok).toBe(true);
  });

  test("a changed one, a removed one and a chain written anew are found", () => {
    const head = verifyChain(folder).head ?? "";
    const [first = "", second = "", third = ""] = readdirSync(folder).sort();
    const texts = [first, second, third].map((name) => readFileSync(join(folder, name), "utf8"));
    writeFileSync(join(folder, first), (texts[0] ?? "").replace("PASS", "FAIL"));
    expect(verifyChain(folder).problems).toEqual([expect.stringContaining(second)]);
    writeFileSync(join(folder, first), texts[0] ?? "");
    rmSync(join(folder, second));
    expect(verifyChain(folder).ok).toBe(false);
    rmSync(join(folder, third));
    expect(verifyChain(folder).ok).toBe(true);
    expect(verifyChain(folder, head).ok).toBe(false);
  });
});

function reportOf(findings: readonly Finding[], time = "2026-11-30T00:00:00.000Z"): Omit<Report, "previous"> {
  return { app: "orders", time, commit: "abc", version: "0.1.0", seconds: 1, counts: countsOf(findings), findings };
}

test("SARIF has a rule for each line, a level only for failures, and the place of what failed", () => {
  const findings = [judge([holds]), judge([fails]), judge([fails], waiver("2026-12-31")), judge([unseen])];
  const { version, runs } = sarifOf(reportOf(findings)) as {
    version: string;
    runs: readonly { tool: { driver: { rules: readonly unknown[] } }; results: readonly object[] }[];
  };
  expect([version, runs[0]?.tool.driver.rules.length]).toEqual(["2.1.0", 4]);
  expect(runs[0]?.results).toMatchObject([
    { kind: "pass", level: "none" },
    { kind: "fail", level: "error", locations: [{ physicalLocation: { artifactLocation: { uri: "a.txt" }, region: { startLine: 1 } } }] },
    { kind: "fail", level: "error", suppressions: [{ kind: "external" }] },
    { kind: "open", level: "none" },
  ]);
});

describe("the document of the order pipeline", () => {
  const text = readFileSync(join(projectRoot, "docs/security/audit.md"), "utf8");
  const rows = text.split("\n").filter((row) => /^\| (?:0|NB|[A-Z]{1,2}\d{1,2}) \|/.test(row));

  test("has every line, in its form", () => {
    expect(rows.map((row) => row.split(" ")[1])).toEqual(statements.map(({ id }) => id));
    const finding = judge([unseen]);
    expect(markdownOf("orders", [finding])).toContain(`| I1 | Lambda Execution Roles: Each Lambda function has a dedicated IAM role`);
  });

  test("says PASS of every line but those that need an account, a person or the network", () => {
    const others = rows.filter((row) => !row.endsWith("| PASS |"));
    expect(others.map((row) => row.split(" ")[1])).toEqual(["A1", "C4", "K7", "K8", "K13", "K15", "CT3", "L1", "L2", "L3"]);
    expect(others.filter((row) => !row.includes("| NOT-EVIDENCED: "))).toEqual([]);
    expect(text).toContain("64 PASS, 10 NOT-EVIDENCED");
  });
});

test("blocks of addresses are computed: first and last, and none for what is no block", () => {
  expect(rangeOf("10.0.0.0/24")).toEqual([167_772_160, 167_772_415]);
  expect([rangeOf("10.0.0.1/24"), rangeOf("10.0.0.0/33"), rangeOf("256.0.0.0/8"), rangeOf("text")]).toEqual([undefined, undefined, undefined, undefined]);
});
