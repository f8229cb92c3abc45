// Faults, one for each way in which a check could be blind: planted in what was read, and each must be found by the check that it names.
import { recordOf } from "../src/audit/delivery/finding.ts";
import { runtimeBudget, type Delivery } from "./delivery-checks.ts";

export interface Mutant {
  readonly name: string;
  /** Begins the name of the check that must find it. */
  readonly check: string;
  readonly plant: (delivery: Delivery) => Delivery;
}

const workflow = (file: string, from: string | RegExp, to: string): Mutant["plant"] => {
  const path = `.github/workflows/${file}.yml`;
  return (delivery) => ({ ...delivery, workflows: new Map(delivery.workflows).set(path, (delivery.workflows.get(path) ?? "").replace(from, to)) });
};
const file =
  (path: string, change: (text: string) => string): Mutant["plant"] =>
  (delivery) => ({ ...delivery, files: new Map(delivery.files).set(path, change(delivery.files.get(path) ?? "")) });
const locked =
  (name: string, fields: Readonly<Record<string, unknown>>): Mutant["plant"] =>
  (delivery) => {
    const packages = recordOf(recordOf(delivery.lock)["packages"]);
    return { ...delivery, lock: { ...recordOf(delivery.lock), packages: { ...packages, [name]: { ...recordOf(packages[name]), ...fields } } } };
  };
const hono = "node_modules/hono";
const hash = `sha512-${"A".repeat(86)}==`;

/** Put together here, so that no scanner of this repository finds one in the text. */
const random = "q7Zk2Vx9Lm4Rt8Wd3Bn6Hs1Yc5Jf0Pg";
const canaries: readonly (readonly [string, string])[] = [
  ["an AWS key", `AKIA${"QX7ZK2VL9MR4TW3B".replaceAll("9", "6")}`],
  ["a private key", `-----BEGIN PRIVATE KEY-----\\n${random}${random}`],
  ["a GitHub token", `ghp_${random}${random}`.slice(0, 40)],
  ["a fine-grained GitHub token", `github_pat_${random}_${random}${random}`],
  ["an npm token", `npm_${random}${random}`.slice(0, 40)],
  ["a Slack token", `xoxb-${random}`],
  ["a payment provider's key", `sk_live_${random}`],
  ["a Google key", `AIza${random}${random}`.slice(0, 39)],
  ["a webhook secret", `whsec_${random}${random}`],
  ["a key of a queue", `pq_9f8e7d6c_${random}${random}`],
  ["a signed token", `eyJ${random}.eyJ${random}.${random}`],
  ["a password in an address", `postgres://orders:${random}@db.internal/orders`],
  ["a password", `"password": "${random}"`],
  ["a token in a shell", `API_TOKEN=${random}`],
  ["a secret in TypeScript", `const clientSecret = "${random}";`],
];

export const mutants: readonly Mutant[] = [
  { name: "a step with an unknown key", check: "actionlint", plant: workflow("verify", "with:", "wiht:") },
  { name: "an expression of a job that does not exist", check: "actionlint", plant: workflow("deploy", "needs: plan\n", "needs: plam\n") },
  { name: "an action by its tag", check: "every action", plant: workflow("verify", /checkout@\w+ # v/, "checkout@v7 # v") },
  { name: "a commit cut short", check: "every action", plant: workflow("verify", /checkout@(\w{39})\w/, "checkout@$1") },
  { name: "a commit without its version", check: "every action", plant: workflow("security", / # v[\d.]+/, "") },
  { name: "a version that is only a name", check: "every action", plant: workflow("security", / # v[\d.]+/, " # latest") },
  { name: "an action of a stranger", check: "every action", plant: workflow("release", "actions/attest@", "stranger/attest@") },
  { name: "a scanner by its tag", check: "every action", plant: workflow("security", /trivy@sha256:\w+/, "trivy:0.74.0") },
  { name: "one action at two commits", check: "an action has one", plant: workflow("deploy", /checkout@\w{40}/, `checkout@${"1".repeat(40)}`) },
  { name: "one commit under two versions", check: "an action has one", plant: workflow("deploy", "# v7.0.1", "# v7.0.2") },
  { name: "rights for a whole workflow", check: "rights", plant: workflow("verify", "permissions: {}", "permissions: write-all") },
  { name: "no word about the workflow's rights", check: "rights", plant: workflow("verify", "permissions: {}\n", "") },
  { name: "no word about a job's rights", check: "rights", plant: workflow("verify", "    permissions:\n      contents: read\n", "") },
  { name: "a job that may write code", check: "rights", plant: workflow("security", "contents: read", "contents: write") },
  { name: "a job that may write packages", check: "rights", plant: workflow("release", "attestations: write", "packages: write") },
  { name: "an identity outside an environment", check: "rights", plant: workflow("release", "    environment: npm\n", "") },
  {
    name: "an identity beside the scanner",
    check: "rights",
    plant: workflow("security", /contents: read\n {4}env:/, "contents: read\n      id-token: write\n    env:"),
  },
  { name: "a scanner whose findings fail nothing", check: "rights", plant: workflow("security", "--exit-code 1", "--exit-code 0") },
  { name: "a workflow on what a stranger sent, with our rights", check: "rights", plant: workflow("verify", "pull_request:", "pull_request_target:") },
  { name: "a checkout that keeps its token", check: "rights", plant: workflow("verify", "persist-credentials: false", "persist-credentials: true") },
  { name: "a long-lived key", check: "rights", plant: workflow("deploy", "TF_INPUT:", "AWS_SECRET_ACCESS_KEY: ${{ secrets.AWS_KEY }}\n  TF_INPUT:") },
  { name: "a secret by its quoted name", check: "rights", plant: workflow("deploy", "TF_INPUT:", "KEY: ${{ secrets['AWS_KEY'] }}\n  TF_INPUT:") },
  { name: "all secrets handed on", check: "rights", plant: workflow("verify", "timeout-minutes: 90", "timeout-minutes: 90\n    secrets: inherit") },
  { name: "the reason as part of a script", check: "rights", plant: workflow("deploy", '--reason "$REASON"', '--reason "${{ inputs.reason }}"') },
  { name: "a job without an end", check: "rights", plant: workflow("verify", "    timeout-minutes: 90\n", "") },
  { name: "runs that overtake each other", check: "rights", plant: workflow("deploy", /concurrency:\n.*\n.*\n/, "") },
  {
    name: "a failure that is passed over",
    check: "rights",
    plant: workflow("security", "- run: npm audit --", "- continue-on-error: true\n        run: npm audit --"),
  },
  { name: "an install beside the lockfile", check: "rights", plant: workflow("security", "npm ci --ignore-scripts", "npm install") },
  {
    name: "an apply without an approval",
    check: "only the approved",
    plant: workflow("deploy", /( {4}name: apply[\s\S]*?)\n {4}environment: \$\{\{ inputs.environment \}\}/, "$1"),
  },
  { name: "an apply without the seal", check: "only the approved", plant: workflow("deploy", 'seal.sh build "$SEAL"', "seal.sh build") },
  {
    name: "an apply before the seal is compared",
    check: "only the approved",
    plant: workflow("deploy", /- run: (bash scripts\/seal\.sh build "\$SEAL")/, "- run: terraform apply build/plan.tfplan\n      - run: $1"),
  },
  {
    name: "an apply of a new plan",
    check: "only the approved",
    plant: workflow("deploy", /apply "\$GITHUB_WORKSPACE\/build\/plan\.tfplan"/, "apply -auto-approve"),
  },
  {
    name: "an approval that does not show the seal",
    check: "only the approved",
    plant: workflow("deploy", "name: apply ${{ needs.plan.outputs.seal }}", "name: apply"),
  },
  { name: "a package without a hash", check: "lockfile: each", plant: locked(hono, { integrity: undefined }) },
  { name: "a package with a weak hash", check: "lockfile: each", plant: locked(hono, { integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }) },
  { name: "a package from another host", check: "lockfile: each", plant: locked(hono, { resolved: "https://registry.example.net/hono.tgz" }) },
  { name: "a package over plain HTTP", check: "lockfile: each", plant: locked(hono, { resolved: "http://registry.npmjs.org/hono.tgz" }) },
  { name: "a package from git", check: "lockfile: each", plant: locked(hono, { resolved: "git+ssh://git@github.com/honojs/hono.git#1" }) },
  { name: "a dependency of a dependency from git", check: "lockfile: each", plant: locked(hono, { dependencies: { left: "someone/left#main" } }) },
  { name: "a dependency by its address", check: "lockfile: each", plant: locked("", { dependencies: { left: "https://example.net/left.tgz" } }) },
  { name: "an install script that nobody allowed", check: "lockfile: each", plant: locked(hono, { hasInstallScript: true }) },
  {
    name: "a permission for a script that is gone",
    check: "lockfile: each",
    plant: (delivery) => ({
      ...delivery,
      manifest: { ...recordOf(delivery.manifest), allowScripts: { ...recordOf(recordOf(delivery.manifest)["allowScripts"]), gone: true } },
    }),
  },
  {
    name: "a package of the benchmarks without a hash",
    check: "lockfile of the",
    plant: file("bench/package-lock.json", (text) => text.replace(/"integrity": "[^"]+"/, '"integrity": ""')),
  },
  { name: "a stack whose providers nobody locked", check: "Terraform", plant: file("infra/stacks/prod/.terraform.lock.hcl", () => "") },
  { name: "a provider without its hash", check: "Terraform", plant: file("infra/stacks/prod/.terraform.lock.hcl", (text) => text.replace(/"h1:[^"]+",/, "")) },
  {
    name: `a runtime dependency more than ${String(runtimeBudget)}`,
    check: "an installation",
    plant: locked("node_modules/left", { version: "1.0.0", integrity: hash }),
  },
  { name: "a package that the bill does not tell of", check: "the bill", plant: locked("node_modules/left", { version: "1.0.0", integrity: hash }) },
  { name: "a package with another hash than the bill's", check: "the bill", plant: locked(hono, { integrity: hash }) },
  { name: "a bill that tells of more", check: "the bill", plant: locked(hono, { dev: true }) },
  { name: "a bill of another form", check: "the bill", plant: (delivery) => ({ ...delivery, sbom: { ...recordOf(delivery.sbom), bomFormat: "SPDX" } }) },
  ...canaries.map(([name, value]) => ({ name: `${name} in a file`, check: "no secret", plant: file("src/canary.ts", () => `// a line before\n${value}\n`) })),
  { name: "a security.txt that has expired", check: "security.txt", plant: (delivery) => ({ ...delivery, now: Date.parse("2030-01-01") }) },
  { name: "a security.txt without a contact", check: "security.txt", plant: file(".well-known/security.txt", (text) => text.replace(/Contact:.*\n/, "")) },
  {
    name: "a security.txt for another repository",
    check: "security.txt",
    plant: file(".well-known/security.txt", (text) => text.replaceAll("/pulsequeue/pulsequeue/", "/someone/else/")),
  },
  { name: "a security.txt with a broken line", check: "security.txt", plant: file(".well-known/security.txt", (text) => `${text}[Add contact information]\n`) },
  {
    name: "a security.txt that is never looked at again",
    check: "security.txt",
    plant: file(".well-known/security.txt", (text) => text.replace(/Expires: \d+/, "Expires: 2099")),
  },
  {
    name: "a security document that nobody reviews",
    check: "the security document",
    plant: (delivery) => ({ ...delivery, now: delivery.now + 200 * 86_400_000 }),
  },
  {
    name: "a security document without a date",
    check: "the security document",
    plant: file("SECURITY.md", (text) => text.replaceAll(/[Rr]eviewed:? \d/g, "x")),
  },
  { name: "baselines that nobody looks at", check: "the baselines", plant: (delivery) => ({ ...delivery, now: delivery.now + 200 * 86_400_000 }) },
  {
    name: "infrastructure without a second owner",
    check: "two teams",
    plant: file(".github/CODEOWNERS", (text) => text.replace(/(\/infra\/\s+\S+) .*/, "$1")),
  },
  { name: "workflows without owners", check: "two teams", plant: file(".github/CODEOWNERS", (text) => text.replace(/(\/\.github\/).*/, "$1")) },
  { name: "an owner that is no team", check: "two teams", plant: file(".github/CODEOWNERS", (text) => text.replace("@pulsequeue/security", "[Add")) },
];
