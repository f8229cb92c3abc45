/** Faults in files: code, workflows, documents; and in what the project's tools say. */
import type { Project, Reports } from "../../../src/audit/project.ts";
import { newFile, summedUp, withFile, withoutFile, withTool, type Mutant } from "./mutant.ts";

const security = ".github/workflows/security.yml";
const deploy = ".github/workflows/deploy.yml";
const verify = ".github/workflows/verify.yml";
const signals = "docs/security/signals.json";
const off =
  (rule: string) =>
  (output: string): string => {
    const config = JSON.parse(output) as { readonly rules: Readonly<Record<string, unknown>> };
    return JSON.stringify({ ...config, rules: { ...config.rules, [rule]: [0] } });
  };
const flag =
  (name: string) =>
  (output: string): string => {
    const config = JSON.parse(output) as { readonly compilerOptions: Readonly<Record<string, unknown>> };
    return JSON.stringify({ ...config, compilerOptions: { ...config.compilerOptions, [name]: false } });
  };
/** An incident that was written down, where the form no longer says that there was none. */
const incident = (name: string, end: string): Mutant => {
  const form = withFile("R6", name, "docs/security/incidents/README.md", "There was no incident so far.", "");
  const written = newFile("R6", name, "docs/security/incidents/2026-11-01-leak.md", `# A leak\n\n${end}`);
  return { check: "R6", name, change: (project) => written.change?.(form.change?.(project) ?? project) ?? project };
};
/** Reports of the audits before, as they should be but for one thing. */
const withReports = (name: string, wrong: (project: Project) => Partial<Reports>): Mutant => ({
  check: "K7",
  name,
  change: (project) => ({
    ...project,
    reports: { folder: "reports", count: 2, last: new Date(project.now - 86_400_000).toISOString(), problems: [], ...wrong(project) },
  }),
});
/** In two parts, so that this file holds none. */
const plantedKey = ["AK", "IAQ3EGRFTZ7NWM2K5B"].join("");
const noAudit = withFile("T4", "no scan of dependencies", security, "npm audit --audit-level=high", "true");

export const textMutants: readonly Mutant[] = [
  {
    check: "0",
    name: "a line that nobody checks",
    change: (project) => ({
      ...project,
      statements: [...project.statements, { id: "X1", section: "More", text: "- Everything is fine", owner: "nobody", reviewed: "2026-11-30" }],
    }),
  },
  { check: "0", name: "a check of a line that is gone", change: (project) => ({ ...project, statements: project.statements.filter(({ id }) => id !== "I1") }) },
  withTool("T1", "any is allowed", "eslint", off("@typescript-eslint/no-explicit-any")),
  withTool("T1", "an index that is never missing", "tsconfig", flag("noUncheckedIndexedAccess")),
  newFile("T1", "a check that is switched off", "src/core/planted.ts", `// @ts-ignore\nexport const one = 1;\n`),
  newFile("T1", "tests of types that test nothing", "test/types/planted.test-d.ts", "export const one = 1;\n"),
  {
    check: "T2",
    name: "an event that takes anything",
    change: (project) => {
      const events = new Map(
        [...project.app.topology.events].map(([name, event]) => [
          name,
          { ...event, schema: { "~standard": { version: 1 as const, vendor: "planted", validate: (value: unknown) => ({ value }) } } },
        ]),
      );
      return { ...project, app: { ...project.app, topology: { ...project.app.topology, events } } };
    },
  },
  withoutFile("T3", "errors that nobody documents", "docs/errors.md"),
  withFile(
    "T4",
    "a package from elsewhere",
    "package-lock.json",
    '"node_modules/hono": {',
    '"node_modules/hono": {\n      "resolved": "https://packages.example/hono.tgz",',
  ),
  withFile("T4", "packages without a hash", "package-lock.json", /"integrity": "sha512-[^"]*",?/, '"integrity": "sha1-abc",'),
  noAudit,
  withTool("Q1", "eval is allowed", "eslint", off("no-eval")),
  withTool("Q1", "a bad file that passes", "eslint-bad-file", () => "[]", 0),
  withFile("Q1", "nobody lints", ".ci/run", /^ *step lint .*$/m, ""),
  withTool("Q2", "a compiler that is not strict", "tsconfig", flag("strict")),
  withFile("Q3", "coverage without a threshold", "vitest.config.ts", /thresholds: \{[^}]*\}/, "thresholds: {}"),
  withFile("Q3", "nothing is simulated", ".ci/run", /^ *step simulate .*$/m, ""),
  withTool("Q4", "an edge that no event goes along", "exercise", (output) => output.replace('"order.placed keep-stock",', "")),
  newFile("S4", "a key in a test", "test/planted.ts", `const key = "${plantedKey}";\n`),
  withTool("S4", "a key that was committed once", "history", (output) => `${output}\ncommit ${"0".repeat(40)}\n+key = ${plantedKey}\n`),
  withFile("C1", "an action by its tag", security, /actions\/checkout@[\da-f]{40}/, "actions/checkout@v7"),
  withFile("C1", "rights for everybody", verify, "permissions: {}", "permissions: write-all"),
  withFile("C1", "a trigger that strangers pull", verify, "  pull_request:\n", "  pull_request_target:\n"),
  withFile(
    "C2",
    "a long-lived secret",
    verify,
    "- run: bash .ci/run",
    "- run: bash .ci/run\n        env:\n          KEY: ${{ secrets.AWS_SECRET_ACCESS_KEY }}",
  ),
  withFile("C2", "an identity outside an environment", deploy, "    environment: ${{ inputs.environment }}\n", ""),
  withFile("C3", "a scanner that fails nothing", security, "--exit-code 1", "--exit-code 0"),
  withFile("C3", "a scanner by its tag", security, /trivy@sha256:[\da-f]{64}/, "trivy:latest"),
  withFile("C4", "changes that run nothing", verify, "bash .ci/run", "true"),
  withFile("C4", "one owner of what deploys", ".github/CODEOWNERS", /^\/\.github\/ +(\S+) \S+$/m, "/.github/ $1"),
  withFile("C4", "an audit that nobody runs", ".ci/run", /^ *step audit .*$/m, ""),
  withFile("P3", "a plan that nobody compares", deploy, '      - run: bash scripts/seal.sh build "$SEAL"\n', "      - run: true\n"),
  withFile("P3", "another plan than the approved one", deploy, 'apply "$GITHUB_WORKSPACE/build/plan.tfplan"', "apply -auto-approve"),
  withFile("P3", "a seal that is no hash", "scripts/seal.sh", "sha256sum", "wc -c"),
  withFile("P4", "no way back", deploy, "pulsequeue rollback", "true"),
  withFile("K7", "an audit that nobody runs", ".ci/run", /^ *step audit .*$/m, ""),
  withFile("K7", "no schedule", verify, /^ {2}schedule:\n {4}- cron: .*\n/m, ""),
  summedUp("K8", noAudit),
  withFile("K8", "a scan once a month", security, /cron: "\d+ \d+ \* \* \*"/, 'cron: "41 4 1 * *"'),
  withReports("no audit for eight days", ({ now }) => ({ last: new Date(now - 8 * 86_400_000).toISOString() })),
  withReports("a report that was changed", () => ({ problems: ["000002-2026-11-30.json: it does not follow the report before it"] })),
  withReports("a report of tomorrow", ({ now }) => ({ last: new Date(now + 86_400_000).toISOString() })),
  withoutFile("K12", "an alarm without a runbook", "docs/runbooks/queue-age.md"),
  newFile("K12", "a runbook that no alarm leads to", "docs/runbooks/planted.md", "# Planted\n"),
  withFile("K12", "a runbook with a command that does not exist", "docs/runbooks/dead-letters.md", "pulsequeue dlq ls", "pulsequeue letters ls"),
  withFile("K12", "a procedure without containment", "docs/guides/incidents.md", "## 3. Containment", "## 3. Wait"),
  { check: "K18", name: "no drill", change: (project) => ({ ...project, commands: project.commands.filter((name) => name !== "drill") }) },
  withFile("R1", "a threat without a signal", signals, '"metric": "pulsequeue_rate_limited_total"', '"note": "none"'),
  withFile("R1", "a signal that does not exist", signals, "pulsequeue_conflicts_total", "pulsequeue_races_total"),
  withFile("R1", "a threat that says it is silent where something tells of it", signals, '"metric": "pulsequeue_conflicts_total"', '"silent": "nobody looks"'),
  withFile("R1", "a threat with the signal of another one", signals, '"code": "STORE_CORRUPT", "check": "A3"', '"metric": "pulsequeue_rate_limited_total"'),
  withFile("R1", "a check that does not tell of its threat", signals, '"check": "C2"', '"check": "C1"'),
  { check: "R2", name: "no command for it", change: (project) => ({ ...project, commands: project.commands.filter((name) => name !== "incident scope") }) },
  withFile("R4", "a procedure with a command that does not exist", "docs/guides/incidents.md", "pulsequeue dlq discard", "pulsequeue purge"),
  incident("an incident that nobody learned from", "It was bad.\n"),
  incident("an incident with a check that does not exist", "Check: Z9\nMutant: x\n"),
  incident("an incident without a planted fault", "Check: I2\n"),
  incident("an incident whose check is not shown to find it", "Check: I2\nMutant: a key in a test\n"),
  newFile(
    "R6",
    "an incident where the form says that there was none",
    "docs/security/incidents/2026-11-01-leak.md",
    "# A leak\n\nCheck: S4\nMutant: a key in a test\n",
  ),
  withFile("R6", "no incident, and nobody says so", "docs/security/incidents/README.md", "There was no incident so far.", ""),
  withFile("CT1", "a placeholder", "SECURITY.md", "## ", "[Add contact information]\n\n## "),
  { check: "CT1", name: "a contact that has expired", change: (project) => ({ ...project, now: Date.UTC(2030, 0, 1) }) },
  withFile("CT3", "nobody in an emergency", "SECURITY.md", "| Emergency |", "| Other |"),
  withFile("L1", "a baseline that nobody read", "docs/security/baselines.md", /\| AWS (.*) \| checked \d{4}-\d\d-\d\d/, "| AWS $1 | unread"),
  withFile("L2", "a baseline without an address", "docs/security/baselines.md", /\| Terraform \| \[([^\]]*)\]\([^)]*\)/, "| Terraform | $1"),
  { check: "L3", name: "a baseline that was read long ago", change: (project) => ({ ...project, now: Date.UTC(2027, 11, 1) }) },
  withFile("L4", "an entry that is mapped to nothing", "docs/security/baselines.md", "| API9 ", "| API0 "),
  {
    check: "NB",
    name: "a line that nobody has read for a year",
    change: (project) => ({ ...project, statements: project.statements.map((each) => (each.id === "I1" ? { ...each, reviewed: "2025-11-30" } : each)) }),
  },
  {
    check: "NB",
    name: "a line that nobody answers for",
    change: (project) => ({ ...project, statements: project.statements.map((each) => (each.id === "D1" ? { ...each, owner: " " } : each)) }),
  },
];
