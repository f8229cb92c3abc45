/** What a workflow may do, and to whom it listens. `data` is the parsed YAML. */
import { isRecord, listOf, recordOf, textOf, type Finding } from "./finding.ts";

export interface Workflow {
  readonly path: string;
  readonly data: unknown;
}

/** Rights that a job may have at most, by their scope. What writes code, packages or releases is in no job. */
const allowedRights: Readonly<Record<string, readonly string[]>> = {
  contents: ["read"],
  "security-events": ["write"],
  "id-token": ["write"],
  attestations: ["write"],
};

/** Run with the rights of this repository on what a stranger sent. */
const dangerousTriggers = ["pull_request_target", "workflow_run", "issue_comment", "issues"];

/** Scanners read everything and are attacked for it: beside one there is no identity, no secret and no right to write code. */
const scanner = /trivy|grype|gitleaks|semgrep|zizmor/i;

/** Text that whoever starts the workflow chooses: in a script it would be code. */
const chosenText = /\$\{\{[^}]*\b(?:inputs|github\.event|github\.head_ref|github\.actor|github\.ref_name|needs|steps|matrix)\b[^}]*\}\}/;

export function workflowFindings({ path, data }: Workflow): readonly Finding[] {
  const workflow = recordOf(data);
  const problems: Finding[] = [];
  const add = (at: string, problem: string): void => void problems.push({ at: at === "" ? path : `${path}, ${at}`, problem });
  const permissions = workflow["permissions"];
  if (!isRecord(permissions) || Object.keys(permissions).length > 0) add("", "the workflow as a whole must have no rights: `permissions: {}`");
  if (recordOf(workflow["concurrency"])["group"] === undefined) add("", "it has no concurrency group");
  for (const trigger of triggersOf(workflow["on"])) if (dangerousTriggers.includes(trigger)) add("", `it listens to ${trigger}`);
  const jobs = Object.entries(recordOf(workflow["jobs"]));
  if (jobs.length === 0) add("", "it has no jobs");
  for (const [name, value] of jobs) for (const problem of jobProblems(recordOf(value))) add(`job ${name}`, problem);
  for (const secret of secretsOf(data)) add("", `it uses secret ${secret}: an identity for the job (OIDC) needs none`);
  return problems;
}

function triggersOf(on: unknown): readonly string[] {
  if (typeof on === "string") return [on];
  return Array.isArray(on) ? on.map(String) : Object.keys(recordOf(on));
}

function jobProblems(job: Readonly<Record<string, unknown>>): readonly string[] {
  const problems: string[] = [];
  if (typeof job["timeout-minutes"] !== "number") problems.push("it has no timeout");
  const permissions = job["permissions"];
  if (!isRecord(permissions)) problems.push("it must name its rights");
  const rights = Object.entries(recordOf(permissions));
  for (const [scope, right] of rights) if (!(allowedRights[scope] ?? []).includes(String(right))) problems.push(`it has ${scope}: ${String(right)}`);
  const hasIdentity = recordOf(permissions)["id-token"] === "write";
  if (hasIdentity && job["environment"] === undefined) problems.push("it has an identity (id-token) outside an environment");
  const text = JSON.stringify(job);
  if (scanner.test(text)) {
    if (rights.some(([, right]) => right === "write")) problems.push("a scanner runs beside a right to write or an identity");
    if (!text.includes("--exit-code 1") || !text.includes("--severity")) problems.push("the scanner's findings do not fail the job");
  }
  if (job["secrets"] === "inherit") problems.push("it hands on all secrets");
  if (job["continue-on-error"] !== undefined) problems.push("its failure is passed over");
  return [
    ...problems,
    ...listOf(job["steps"]).flatMap((step, index) => stepProblems(recordOf(step)).map((problem) => `step ${String(index + 1)}: ${problem}`)),
  ];
}

function stepProblems(step: Readonly<Record<string, unknown>>): readonly string[] {
  const problems: string[] = [];
  const uses = textOf(step["uses"]);
  const run = textOf(step["run"]);
  const given = recordOf(step["with"]);
  if (uses.startsWith("actions/checkout@") && given["persist-credentials"] !== false)
    problems.push("the checkout leaves its token behind (persist-credentials)");
  if (chosenText.test(run)) problems.push("text from outside becomes part of a script: hand it over by `env`");
  if (/\bnpm (?:i|install|add)\b/.test(run)) problems.push("it installs what no lockfile holds: use `npm ci`");
  if (step["continue-on-error"] !== undefined) problems.push("its failure is passed over");
  return problems;
}

/** Every secret that is used, except the token that each run gets and that ends with it. */
function secretsOf(value: unknown): readonly string[] {
  const names = [...JSON.stringify(value ?? null).matchAll(/secrets(?:\.(?<dotted>\w+)|\[\\?['"](?<quoted>\w+))/g)].map(
    ({ groups }) => groups?.["dotted"] ?? groups?.["quoted"] ?? "",
  );
  return [...new Set(names)].filter((name) => name !== "GITHUB_TOKEN").sort();
}

/** How what is planned becomes what is applied: by one file with one seal, in an environment where a person agrees. */
export function approvalFindings({ path, data }: Workflow): readonly Finding[] {
  const jobs = recordOf(recordOf(data)["jobs"]);
  const applying = Object.entries(jobs).filter(([, job]) => runsOf(job).some((run) => /\bterraform\b.*\sapply\b/.test(run)));
  if (applying.length === 0) return [{ at: path, problem: "no job applies anything" }];
  return applying.flatMap(([name, value]) => {
    const runs = runsOf(value);
    const applies = runs.findIndex((run) => /\bterraform\b.*\sapply\b/.test(run));
    const checks = runs.findIndex((run) => /seal\.sh \S+ "\$SEAL"/.test(run));
    const problems: string[] = [];
    if (recordOf(value)["environment"] === undefined) problems.push("it applies outside an environment: nobody is asked");
    if (checks < 0 || checks > applies) problems.push("it applies what it did not compare with the approved seal");
    if (!/\sapply (?:-\S+ )*\S+\.tfplan"?$/.test((runs[applies] ?? "").trim())) problems.push("it applies something else than a saved plan");
    if (!textOf(recordOf(value)["name"]).includes("outputs.seal")) problems.push("who approves does not see the seal: put it into the job's name");
    return problems.map((problem) => ({ at: `${path}, job ${name}`, problem }));
  });
}

function runsOf(job: unknown): readonly string[] {
  return listOf(recordOf(job)["steps"]).flatMap((step) => {
    const run = textOf(recordOf(step)["run"]);
    return run === "" ? [] : [run];
  });
}
