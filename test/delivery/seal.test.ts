import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectRoot } from "../support/tree.ts";

const script = join(projectRoot, "scripts/seal.sh");
const run = (file: string, args: readonly string[], cwd: string): { readonly status: number | null; readonly out: string; readonly error: string } => {
  const { status, stdout, stderr } = spawnSync("bash", [file, ...args], { cwd, encoding: "utf8" });
  return { status, out: stdout.trim(), error: stderr };
};

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pulsequeue-seal-"));
  mkdirSync(join(folder, "build/prod"), { recursive: true });
  writeFileSync(join(folder, "build/plan.tfplan"), "a plan");
  writeFileSync(join(folder, "build/prod/orders-prod-keep-stock.zip"), "a bundle");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the approved plan", () => {
  test("has the same seal wherever it lies, and passes", () => {
    const seal = run(script, ["build"], folder).out;
    expect(seal).toMatch(/^[\da-f]{64}$/);
    cpSync(join(folder, "build"), join(folder, "elsewhere"), { recursive: true });
    expect(run(script, ["elsewhere", seal], folder)).toEqual({ status: 0, out: "", error: "" });
  });

  test.each<readonly [string, (file: (name: string) => string) => void]>([
    ["a changed plan", (file) => writeFileSync(file("plan.tfplan"), "another plan")],
    ["a changed bundle, which the plan names by its path only", (file) => writeFileSync(file("prod/orders-prod-keep-stock.zip"), "another bundle")],
    ["a bundle more", (file) => writeFileSync(file("prod/more.zip"), "")],
    ["a bundle that is gone", (file) => rmSync(file("prod/orders-prod-keep-stock.zip"))],
    ["a bundle under another's name", (file) => writeFileSync(file("prod/orders-prod-send-payment.zip"), "a bundle")],
    ["nothing at all", (file) => rmSync(file(""), { recursive: true })],
  ])("%s is refused", (_name, change) => {
    const seal = run(script, ["build"], folder).out;
    change((name) => join(folder, "build", name));
    const { status, error } = run(script, ["build", seal], folder);
    expect(status).not.toBe(0);
    expect(error).not.toBe("");
  });

  test("an approval without a seal is no approval", () => {
    expect(run(script, ["build", ""], folder).status).toBe(1);
  });
});

test("the role and the account of an environment are those that were synthesized", () => {
  const { status, out } = run(join(projectRoot, "scripts/deploy-target.sh"), ["prod", "apply"], projectRoot);
  expect([status, out.split("\n")]).toEqual([0, ["account=333333333333", "region=eu-central-1", "role=arn:aws:iam::333333333333:role/orders-prod-pq-apply"]]);
  expect(run(join(projectRoot, "scripts/deploy-target.sh"), ["nowhere", "apply"], projectRoot).status).not.toBe(0);
});

describe("a release", () => {
  const tag = (version: string, changelog: string): void => {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ version: "1.2.3", repository: { url: "git+https://github.com/example/orders.git" } }));
    writeFileSync(join(folder, "CHANGELOG.md"), changelog);
    const git = (...args: readonly string[]): void => void spawnSync("git", ["-c", "user.name=a", "-c", "user.email=a@localhost", ...args], { cwd: folder });
    git("init", "-q", "-b", "main");
    git("add", "-A");
    git("commit", "-qm", "a");
    git("tag", version);
  };
  const check = (...args: readonly string[]): number | null => run(join(projectRoot, "scripts/check-release.sh"), args, folder).status;

  test("is of the version in package.json, on its branch, in its repository, with its changes written down", () => {
    tag("v1.2.3", "# Changelog\n\n## 1.2.3\n");
    expect(check("v1.2.3", "main", "example/orders")).toBe(0);
    expect(check("v1.2.3", "main", "stranger/orders")).toBe(1);
    expect(check("v1.2.4", "main", "example/orders")).toBe(1);
    spawnSync("git", ["checkout", "-q", "--orphan", "other"], { cwd: folder });
    spawnSync("git", ["-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-qm", "b"], { cwd: folder });
    expect(check("v1.2.3", "other", "example/orders")).toBe(1);
  });

  test.each([
    ["no heading", "# Changelog\n"],
    ["changes that are still pending", "# Changelog\n\n## Pending\n\n## 1.2.3\n"],
  ])("with %s in the changelog is refused", (_name, changelog) => {
    tag("v1.2.3", changelog);
    expect(check("v1.2.3", "main", "example/orders")).toBe(1);
  });
});
