/** This repository, loaded as the command loads a project. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import orders from "../../examples/order-pipeline/app.ts";
import { parseDecisions, type Decisions } from "../../src/audit/decisions.ts";
import type { Experiment } from "../../src/audit/experiment.ts";
import type { Project, Statement } from "../../src/audit/project.ts";
import { parseStatements } from "../../src/audit/statements.ts";
import { commandNames } from "../../src/cli/audit/command-names.ts";
import { loadProject } from "../../src/cli/audit/load-project.ts";
import { createProgram } from "../../src/cli/program.ts";
import { readEnvironments } from "../../src/cli/stack/environments.ts";
import { documentsOf } from "../../src/cli/stack/documents.ts";
import { openStack } from "../../src/cli/stack/stack.ts";
import { projectRoot } from "../support/tree.ts";

const json = (path: string): unknown => JSON.parse(readFileSync(join(projectRoot, path), "utf8"));

export const statements: readonly Statement[] = parseStatements(json("docs/security/statements.json"));
export const decisions: Decisions = parseDecisions(json("audit.json"), new Set(statements.map(({ id }) => id)));

export function loadRepository(experiments: readonly Experiment[], onStep: (step: string) => void = () => undefined): Promise<Project> {
  const { stdin, stdout, stderr } = process;
  const io = {
    stdin,
    stdout,
    stderr,
    env: {},
    cwd: projectRoot,
    now: () => Date.now(),
    connect: () => Promise.reject(new Error("no account")),
    traffic: () => Promise.reject(new Error("no account")),
  };
  return loadProject({
    root: projectRoot.replace(/\/$/, ""),
    infra: join(projectRoot, "infra"),
    app: orders,
    stacks: readEnvironments(projectRoot, "infra", undefined).map(({ folder, environment }) => openStack(orders, folder, environment, documentsOf(orders))),
    statements,
    commands: commandNames(createProgram({ io, done: () => undefined, json: false })),
    experiments,
    now: Date.now(),
    onStep,
  });
}
