/** Who may take on the pipeline's roles, by the trust policies of `infra/modules/bootstrap`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { projectRoot } from "../support/tree.ts";

type Claims = Readonly<Record<"aud" | "sub" | "environment" | "repository_id" | "job_workflow_ref", string>>;

const source = readFileSync(join(projectRoot, "infra/modules/bootstrap/iam.tf"), "utf8");
const repository = { id: "123456789", subject: "repo:example/orders", name: "example/orders", workflow: "deploy.yml", branch: "main" };

/** What a role demands of a token: claim to value, all compared as a whole. */
function demandsOf(environment: string): Readonly<Record<string, string>> {
  const values: Readonly<Record<string, string>> = {
    ...Object.fromEntries(Object.entries(repository).map(([name, value]) => [`var.repository.${name}`, value])),
    environment,
  };
  const filled = (expression: string): string =>
    expression.startsWith('"')
      ? expression.slice(1, -1).replaceAll(/\$\{(?<name>[\w.]+)\}/g, (_all, name: string) => values[name] ?? "?")
      : (values[expression] ?? "?");
  return Object.fromEntries(
    [...source.matchAll(/"\$\{local\.token\}:(?<claim>\w+)"\s*=\s*(?<value>\S+)/g)].map(({ groups }) => [
      groups?.["claim"] ?? "",
      filled(groups?.["value"] ?? ""),
    ]),
  );
}

const may = (environment: string, claims: Claims): boolean =>
  Object.entries(demandsOf(environment)).every(([claim, value]) => claims[claim as keyof Claims] === value);

const prod: Claims = {
  aud: "sts.amazonaws.com",
  sub: "repo:example/orders:environment:prod",
  environment: "prod",
  repository_id: "123456789",
  job_workflow_ref: "example/orders/.github/workflows/deploy.yml@refs/heads/main",
};

describe("the applying role", () => {
  test("is taken on by one workflow on one branch in one environment", () => {
    expect(Object.keys(demandsOf("prod")).sort()).toEqual(Object.keys(prod).sort());
    expect(may("prod", prod)).toBe(true);
  });

  test.each<readonly [string, Partial<Claims>]>([
    ["a pull request", { sub: "repo:example/orders:pull_request", environment: "" }],
    ["a fork", { sub: "repo:stranger/orders:environment:prod", repository_id: "987654321" }],
    ["a branch", { sub: "repo:example/orders:ref:refs/heads/main", environment: "" }],
    ["the workflow on another branch", { job_workflow_ref: "example/orders/.github/workflows/deploy.yml@refs/heads/feature" }],
    ["the workflow at a tag", { job_workflow_ref: "example/orders/.github/workflows/deploy.yml@refs/tags/main" }],
    ["another workflow", { job_workflow_ref: "example/orders/.github/workflows/verify.yml@refs/heads/main" }],
    ["a workflow of the same name elsewhere", { job_workflow_ref: "stranger/orders/.github/workflows/deploy.yml@refs/heads/main" }],
    ["a new repository under a name that was given up", { repository_id: "987654321" }],
    ["a repository whose name begins alike", { sub: "repo:example/orders-2:environment:prod" }],
    ["another environment", { sub: "repo:example/orders:environment:dev", environment: "dev" }],
    ["the job that plans", { sub: "repo:example/orders:environment:prod-plan", environment: "prod-plan" }],
    ["a token for somebody else", { aud: "https://github.com/example" }],
  ])("is not taken on by %s", (_name, claims) => {
    expect(may("prod", { ...prod, ...claims })).toBe(false);
  });
});

test("the trust compares whole values and nothing else, and the workflow that it names plans and applies in these environments", () => {
  const trust = /trust = \{(?<body>[\s\S]*?)\n {2}\}/.exec(source)?.groups?.["body"] ?? "";
  expect(trust).toContain('plan = "${var.environment}-plan", apply = var.environment');
  expect([...trust.matchAll(/Condition|String\w+/g)].map(([word]) => word)).toEqual(["Condition", "StringEquals"]);
  expect(trust).not.toMatch(/StringLike|ForAnyValue|\*/);
  const { jobs } = parse(readFileSync(join(projectRoot, ".github/workflows", repository.workflow), "utf8")) as {
    readonly jobs: Readonly<Record<string, { readonly environment?: string }>>;
  };
  expect([jobs["plan"]?.environment, jobs["apply"]?.environment, jobs["rollback"]?.environment]).toEqual([
    "${{ inputs.environment }}-plan",
    "${{ inputs.environment }}",
    "${{ inputs.environment }}",
  ]);
});
