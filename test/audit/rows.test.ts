/** Lines whose check needs something that this repository does not hold: the good case stays green, and what each check asks for is all that it is given. */
import { describe, expect, test } from "vitest";
import orders from "../../examples/order-pipeline/app.ts";
import { auditOf, needsOf } from "../../src/audit/audit.ts";
import { ran, sum, type Check, type Part } from "../../src/audit/check.ts";
import { checks } from "../../src/audit/checks/index.ts";
import { noDecisions } from "../../src/audit/decisions.ts";
import type { Outcome } from "../../src/audit/experiment.ts";
import type { Project, Reports } from "../../src/audit/project.ts";
import { statements } from "./repository.ts";

const now = Date.UTC(2026, 10, 30);
const empty: Project = {
  app: orders,
  stacks: [],
  files: new Map(),
  workflows: new Map(),
  tools: new Map(),
  commands: [],
  metrics: new Map(),
  outcomes: new Map(),
  reports: undefined,
  statements,
  now,
};

function partOf(id: string, claim: RegExp, project: Project): Part | undefined {
  const check = checks.find((each) => each.id === id);
  return check?.run(project, { get: () => undefined }).find((part) => claim.test(part.claim));
}

describe("the audits before", () => {
  const reports = (last: string, problems: readonly string[] = []): Reports => ({ folder: "reports", count: 3, last, problems });
  test.each([
    ["of seven days ago are of this week", reports("2026-11-23T00:00:00.000Z"), "pass"],
    ["of more than seven days ago are too old", reports("2026-11-22T23:59:59.999Z"), "stale"],
    ["that were changed do not count", reports("2026-11-29T00:00:00.000Z", ["000002-2026-11-22.json: it is no report"]), "fail"],
    ["of tomorrow do not count", reports("2026-12-01T00:00:00.000Z"), "fail"],
    ["whose place nobody said cannot be seen", undefined, "not-evidenced"],
  ] as const)("%s", (_what, found, status) => {
    expect(partOf("K7", /reports/, { ...empty, reports: found })?.status).toBe(status);
  });

  test("are told in words where they are too old", () => {
    const project = { ...empty, reports: reports("2026-11-20T00:00:00.000Z") };
    expect(partOf("K7", /reports/, project)?.problems).toEqual(["the last audit is of 2026-11-20, 10 days ago: run it each week"]);
  });
});

describe("an incident", () => {
  const at = "docs/security/incidents";
  const project = (form: string, incident?: string): Project => ({
    ...empty,
    files: new Map([
      [`${at}/README.md`, form],
      ["docs/security/mutants.json", '{ "S4": ["a key in a test"] }'],
      ...(incident === undefined ? [] : [[`${at}/2026-11-01-leak.md`, incident] as const]),
    ]),
  });
  test.each([
    ["that names its check and a fault that this check is shown to find is learned from", project("", "Check: S4\nMutant: a key in a test\n"), "pass"],
    ["with another check's fault is not", project("", "Check: I2\nMutant: a key in a test\n"), "fail"],
    ["that is declared not to be is left out on purpose", project("There was no incident so far."), "pass"],
    ["that is not there and not declared is a fault", project(""), "fail"],
  ] as const)("%s", (_what, given, status) => {
    expect(partOf("R6", /each incident names/, given)?.status).toBe(status);
  });
});

describe("what lines alone need", () => {
  const [first, second, third] = ["I1", "I2", "I3"];
  const all: readonly Check[] = [
    { id: first, title: "", run: (project) => [ran(project, "grants")] },
    { id: second, title: "", run: (_, done) => [sum("IAM", "the first holds", [first], done)] },
    { id: third, title: "", run: (project) => [ran(project, project.tools.get("eslint") === undefined ? "one" : "other")] },
  ];

  test("is what their checks and those that they sum up ask for, and nothing else", () => {
    const needs = needsOf(empty, all, new Set([second]));
    expect([...needs.outcomes, ...needs.tools]).toEqual(["grants"]);
    expect([...needsOf(empty, all, new Set([third])).tools]).toEqual(["eslint"]);
  });

  test("decides what is run: no other check is", () => {
    const run: string[] = [];
    const watched = all.map((check) => ({ ...check, run: (...asked: Parameters<Check["run"]>) => (run.push(check.id), check.run(...asked)) }));
    const outcome: Outcome = { kind: "RUN", claim: "stopped", tried: 1, value: "x", problems: [], milliseconds: 1 };
    const findings = auditOf({ ...empty, outcomes: new Map([["grants", outcome]]) }, watched, noDecisions, new Set([second]));
    expect([findings.map(({ id, status }) => `${id} ${status}`), run]).toEqual([["I2 PASS"], ["I2", "I1"]]);
  });
});

test("what needs a program that is not there is not evidenced, neither good nor bad", () => {
  const outcome: Outcome = { kind: "RUN", claim: "refused", tried: 0, value: "not tried", problems: [], milliseconds: 1, needs: "terraform on the path" };
  expect(ran({ ...empty, outcomes: new Map([["state-lock", outcome]]) }, "state-lock")).toMatchObject({
    status: "not-evidenced",
    evidence: [{ value: "needs terraform on the path" }],
  });
});
