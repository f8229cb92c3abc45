/** How code reaches production: workflows, scanners, gates, state, plans and the way back. */
import { each, found, one, ran, type Check, type Part } from "../check.ts";
import { ownerFindings } from "../delivery/documents.ts";
import type { Finding } from "../delivery/finding.ts";
import { pinDisagreements, pinFindings } from "../delivery/pins.ts";
import { approvalFindings, workflowFindings } from "../delivery/workflows.ts";
import { at, textAt, eachPlanned, infraPart } from "../plan.ts";
import { lineOf, textOf, type Project } from "../project.ts";
import { workflowWith } from "./code.ts";
import { stepOf } from "./quality.ts";
import { live } from "./monitoring.ts";

/** A check of ours over each workflow; none at all is a failure. */
function workflowPart(project: Project, claim: string, findings: (path: string) => readonly Finding[]): Part {
  return each(
    "CI",
    claim,
    [...project.workflows.keys()],
    (path) => findings(path).map(({ at: place, problem }) => `${place}: ${problem}`),
    (path) => ({ file: path, value: "read" }),
  );
}

const about = (project: Project, path: string, words: RegExp): readonly Finding[] =>
  workflowFindings({ path, data: project.workflows.get(path) }).filter(({ problem }) => words.test(problem));

const secretWords = /secret|identity/;

const workflows: Check = {
  id: "C1",
  title: "actions by commit from owners that are trusted, no rights unless a job names them, no trigger that strangers pull, no text of theirs in a script",
  owasp: ["A03"],
  run: (project) => [
    workflowPart(project, "every action is a commit with its version beside it, every image a digest", (path) => pinFindings(path, textOf(project, path))),
    workflowPart(project, "one action has one commit everywhere", () =>
      pinDisagreements(new Map([...project.workflows.keys()].map((path) => [path, textOf(project, path)]))),
    ),
    workflowPart(project, "rights, triggers, scripts and times are bounded", (path) =>
      workflowFindings({ path, data: project.workflows.get(path) }).filter(({ problem }) => !secretWords.test(problem)),
    ),
  ],
};

const secrets: Check = {
  id: "C2",
  title: "no workflow holds a long-lived secret: identities of the job, in an environment, which AWS trusts for one workflow of one repository",
  run: (project) => [
    workflowPart(project, "no secret is used or handed on, and no identity is outside an environment", (path) => about(project, path, secretWords)),
    infraPart(project, "pipeline-trust"),
  ],
};

/** What must be scanned with, and what says so in a workflow. */
const scanners: readonly (readonly [name: string, sign: RegExp])[] = [
  ["Trivy, by digest", /trivy@sha256:[\da-f]{64}/],
  ["Trivy fails the build", /--severity HIGH,CRITICAL --exit-code 1/],
  ["CodeQL, of code", /language: \[javascript-typescript, actions\]/],
  ["CodeQL, extended queries", /queries: security-extended/],
  ["npm's advisories", /npm audit --audit-level=high/],
];

const scanning: Check = {
  id: "C3",
  title: "scanners by digest that fail the build, in jobs without rights: Trivy, CodeQL of code and workflows, npm's advisories",
  owasp: ["A03"],
  run: (project) => [
    each(
      "CI",
      "each scanner runs, and what it finds stops the change",
      scanners,
      ([, sign]) => (workflowWith(project, sign) === undefined ? "no workflow does it" : undefined),
      ([name, sign]) => {
        const path = workflowWith(project, sign);
        return path === undefined
          ? { file: ".github/workflows", address: name, value: "missing" }
          : { file: path, line: lineOf(textOf(project, path), sign) ?? 1, address: name, value: "runs" };
      },
    ),
    workflowPart(project, "a scanner has no identity and no right to write", (path) => about(project, path, /scanner/)),
  ],
};

/** Paths that two teams look at. */
const guarded = ["/.github/", "/infra/", "/src/audit/", "/src/synth/", "/.ci/", "/scripts/", "/package.json", "/package-lock.json", "/SECURITY.md"];

/** A workflow that starts for every pull request and runs everything. */
const everyChange = /^ {2}pull_request:\n[\s\S]*bash \.ci\/run/m;

const gates: Check = {
  id: "C4",
  title: "every change runs the whole of .ci/run; what builds, deploys and permits has two owners",
  run: (project) => [
    each(
      "CI",
      "a workflow runs .ci/run for every pull request",
      ["bash .ci/run"],
      () => (workflowWith(project, everyChange) === undefined ? "none does" : undefined),
      (text) => {
        const path = workflowWith(project, everyChange);
        return path === undefined
          ? { file: ".github/workflows", value: "missing" }
          : { file: path, line: lineOf(textOf(project, path), text) ?? 1, value: text };
      },
    ),
    each(
      "CI",
      "its steps hold tests, style, types, package, permissions and this audit",
      ["tests", "lint", "types", "package", "iam", "audit"],
      (name) => (name === "tests" || stepOf(project, name) !== undefined ? undefined : "it is no step"),
      (name) => ({ file: ".ci/run", line: stepOf(project, name) ?? 1, address: name, value: "a step" }),
    ),
    found(
      "DOC",
      "two teams look at what builds, deploys and permits",
      guarded.length,
      ownerFindings(textOf(project, ".github/CODEOWNERS"), new Map([["src/", 1], ...guarded.map((path) => [path, 2] as const)])),
      {
        file: ".github/CODEOWNERS",
        value: `${String(guarded.length)} paths`,
      },
    ),
    live("the branch is protected: reviews of owners and these checks are required"),
  ],
};

const state: Check = {
  id: "P1",
  title: "the state is encrypted under a key of its own, versioned, closed to the public, opened by the pipeline and named people alone",
  run: (project) => [infraPart(project, "state"), infraPart(project, "buckets"), infraPart(project, "account")],
};

const locking: Check = {
  id: "P2",
  title:
    "the state is locked by S3 itself, each environment has a state of its own, the pipeline may write the lock; of two applies at once the second is refused here and now",
  run: (project) => [
    each(
      "PLAN",
      "the backend locks, and no two environments share a state",
      project.stacks,
      ({ infra: { backend } }) => {
        const same = project.stacks.filter(
          ({ infra }) => at(infra.backend, "bucket") === at(backend, "bucket") && at(infra.backend, "key") === at(backend, "key"),
        ).length;
        return [
          ...(at(backend, "use_lockfile") === true ? [] : ["it is not locked: use_lockfile"]),
          ...(same === 1 ? [] : ["another environment has the same state"]),
        ];
      },
      ({ folder, infra }) => ({
        file: `${folder}/main.tf`,
        value: `bucket ${String(at(infra.backend, "bucket"))}, use_lockfile ${String(at(infra.backend, "use_lockfile"))}`,
      }),
    ),
    each(
      "IAM",
      "planning and applying may write the lock beside the state",
      project.stacks.flatMap(({ account }) =>
        account.resources.filter(({ type, values }) => type === "aws_iam_role_policy" && ["plan", "apply"].includes(textAt(values, "name"))),
      ),
      ({ values }) => (/"s3:PutObject"[^}]*\.tflock/.test(textAt(values, "policy")) ? undefined : "it may not write the lock"),
      ({ address }) => ({ file: "infra/modules/bootstrap/policies.tf", address, value: "*.tflock" }),
    ),
    ran(project, "state-lock"),
  ],
};

const review: Check = {
  id: "P3",
  title: "what is applied is the saved plan whose seal a person approved in an environment, and nothing else; a changed file has another seal",
  run: (project) => [
    found(
      "CI",
      "the job that applies compares the seal, in an environment, and takes the saved plan",
      project.workflows.size,
      approvalFindings({ path: ".github/workflows/deploy.yml", data: project.workflows.get(".github/workflows/deploy.yml") }),
      { file: ".github/workflows/deploy.yml", value: "seal of the plan" },
    ),
    one("CI", "the seal is over every file that is applied", [textOf(project, "scripts/seal.sh").includes("sha256sum") ? undefined : "the seal is no hash"], {
      file: "scripts/seal.sh",
      value: "sha256sum",
    }),
  ],
};

const rollback: Check = {
  id: "P4",
  title: "functions are published in versions behind an alias that alarms take back; a newer version gives the file back to the older one without a lost event",
  run: (project) => [
    infraPart(project, "aliases"),
    eachPlanned(
      project,
      "every function is published as a version",
      ["aws_lambda_function"],
      ({ values }) => (at(values, "publish") === true ? undefined : "it has no versions to go back to"),
      ["publish"],
    ),
    each(
      "CI",
      "one command goes back, in an environment with its reason",
      ["pulsequeue deploy", "pulsequeue rollback"],
      (text) => (workflowWith(project, text) === undefined ? "no workflow does it" : undefined),
      (text) => {
        const path = workflowWith(project, text) ?? "";
        return { file: path === "" ? ".github/workflows" : path, line: lineOf(textOf(project, path), text) ?? 1, value: text };
      },
    ),
    ran(project, "upgrade"),
  ],
};

export const pipelineChecks: readonly Check[] = [workflows, secrets, scanning, gates, state, locking, review, rollback];
