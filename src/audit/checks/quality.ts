/** How the code is held to what it should be: linter, compiler, tests. */
import { each, type Check } from "../check.ts";
import { at } from "../plan.ts";
import { lineOf, pathsOf, textOf, type Project } from "../project.ts";
import { flagsPart, parsed, rulesPart } from "./code.ts";

const securityRules = [
  "@typescript-eslint/no-floating-promises",
  "@typescript-eslint/no-misused-promises",
  "@typescript-eslint/switch-exhaustiveness-check",
  "@typescript-eslint/strict-boolean-expressions",
  "eqeqeq",
  "no-eval",
  "regexp/no-super-linear-backtracking",
  "security/detect-bidi-characters",
  "security/detect-eval-with-expression",
  "security/detect-non-literal-regexp",
  "security/detect-possible-timing-attacks",
];
const strictFlags = [
  "strict",
  "noUncheckedIndexedAccess",
  "exactOptionalPropertyTypes",
  "noImplicitOverride",
  "noImplicitReturns",
  "noFallthroughCasesInSwitch",
  "noPropertyAccessFromIndexSignature",
  "noUnusedLocals",
  "noUnusedParameters",
  "verbatimModuleSyntax",
  "erasableSyntaxOnly",
];

const linter: Check = {
  id: "Q1",
  title: "the resolved configuration holds the rules of security and types as errors, and a bad file does not pass",
  owasp: ["A06"],
  run: (project) => {
    const tool = project.tools.get("eslint-bad-file");
    const messages = [parsed(tool?.output)].flat().flatMap((result) => [at(result, "messages")].flat());
    const told = new Set(messages.map((message) => String(at(message, "ruleId"))));
    return [
      rulesPart(project, "rules that find real faults are errors", securityRules),
      each(
        "CODE",
        "a file with faults is refused",
        tool === undefined ? [] : ["no-eval", "eqeqeq", "security/detect-non-literal-regexp", "security/detect-bidi-characters"],
        (rule) => (told.has(rule) && tool?.exitCode === 1 ? undefined : "it lets the fault pass"),
        (rule) => ({ address: rule, value: "found", command: tool?.command ?? "", exitCode: tool?.exitCode ?? 0 }),
      ),
      each(
        "CI",
        "the linter is part of what every change must pass",
        [".ci/run"],
        (path) => (/^ *step lint .*npm run --silent lint$/m.test(textOf(project, path)) ? undefined : "it does not lint"),
        (path) => ({ file: path, line: lineOf(textOf(project, path), /^ *step lint/m) ?? 1, value: "npm run lint" }),
      ),
    ];
  },
};

const strict: Check = {
  id: "Q2",
  title: "every strict flag of the compiler is on, as it resolves them",
  run: (project) => [flagsPart(project, "the resolved configuration is strict", strictFlags)],
};

/** What coverage must be at least, in per cent. */
const leastCoverage = { lines: 80, branches: 75 } as const;

const units: Check = {
  id: "Q3",
  title: "coverage has thresholds that fail the build; the core is run with planted faults, each of which must be found",
  run: (project) => [
    each(
      "CODE",
      "coverage below its thresholds fails",
      Object.entries(leastCoverage),
      ([name, least]) => {
        const given = thresholdsOf(project).get(name);
        return given !== undefined && given >= least ? undefined : `the threshold of ${name} is ${String(given ?? "not there")}, ${String(least)} is the least`;
      },
      ([name]) => ({ file: "vitest.config.ts", address: name, value: "a threshold" }),
    ),
    each(
      "CI",
      "tests, crashes, simulation and planted faults are part of what every change must pass",
      ["tests", "coverage", "crash", "faults", "simulate"],
      (name) => (stepOf(project, name) === undefined ? "it is no step" : undefined),
      (name) => ({ file: ".ci/run", line: stepOf(project, name) ?? 1, address: name, value: "a step" }),
    ),
    each(
      "CODE",
      "sources have tests of their own",
      ["src/core/", "src/engines/local/", "test/http/"],
      (folder) => (testsIn(project, folder).length >= 5 ? undefined : "it has hardly any"),
      (folder) => ({ file: folder, value: `${String(testsIn(project, folder).length)} files of tests` }),
    ),
  ],
};

/** Thresholds that the test runner is given, by name. */
function thresholdsOf(project: Project): ReadonlyMap<string, number> {
  const block = /thresholds: \{(?<block>[^}]*)\}/.exec(textOf(project, "vitest.config.ts"))?.groups?.["block"] ?? "";
  return new Map([...block.matchAll(/(?<name>lines|branches): (?<value>\d+)/g)].map(({ groups }) => [groups?.["name"] ?? "", Number(groups?.["value"])]));
}

function testsIn(project: Project, folder: string): readonly string[] {
  return pathsOf(project, /\.test\.ts$/).filter((path) => path.startsWith(folder));
}

/** The line of a step of `.ci/run`. */
export function stepOf(project: Project, name: string): number | undefined {
  const index = textOf(project, ".ci/run")
    .split("\n")
    .findIndex((line) => line.trimStart().startsWith(`step ${name} `));
  return index < 0 ? undefined : index + 1;
}

const endToEnd: Check = {
  id: "Q4",
  title: "every edge from an event to a handler runs end to end on the real engine, with crashes and duplicates",
  run: (project) => {
    const { subscribers } = project.app.topology;
    const edges = [...subscribers].flatMap(([event, handlers]) => handlers.map(({ name }) => ({ event, name })));
    const tool = project.tools.get("exercise");
    const done = new Set([parsed(tool?.output)].flatMap((result) => [at(result, "edges") ?? []].flat()).map(String));
    return [
      each(
        "RUN",
        "each edge of the topology had a delivery that ended well",
        edges,
        ({ event, name }) => (done.has(`${event} ${name}`) ? undefined : "no event went along it"),
        ({ event, name }) => ({ address: `${event} → ${name}`, value: "ran", command: tool?.command ?? "", exitCode: tool?.exitCode ?? 1 }),
      ),
      each(
        "CI",
        "the whole pipeline runs in what every change must pass, with kills, duplicates and damage",
        ["demo", "crash", "faults"],
        (name) => (stepOf(project, name) === undefined ? "it is no step" : undefined),
        (name) => ({ file: ".ci/run", line: stepOf(project, name) ?? 1, address: name, value: "a step" }),
      ),
    ];
  },
};

export const qualityChecks: readonly Check[] = [linter, strict, units, endToEnd];
