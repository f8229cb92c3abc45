/** Types, validation, errors, dependencies, and how the code is held to them. */
import { lockfileFindings, runtimePackages } from "../delivery/lockfile.ts";
import { each, found, one, ran, type Check, type Part } from "../check.ts";
import { at } from "../plan.ts";
import { entriesOf, jsonOf, lineOf, member, pathsOf, textOf, type Project } from "../project.ts";

/** Rules without which a claim about the code is only a claim. */
const typeRules = [
  "@typescript-eslint/no-explicit-any",
  "@typescript-eslint/no-unsafe-argument",
  "@typescript-eslint/no-unsafe-assignment",
  "@typescript-eslint/no-unsafe-call",
  "@typescript-eslint/no-unsafe-member-access",
  "@typescript-eslint/no-unsafe-return",
  "@typescript-eslint/no-non-null-assertion",
  "@typescript-eslint/ban-ts-comment",
];
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

function rulesPart(project: Project, claim: string, rules: readonly string[]): Part {
  const tool = project.tools.get("eslint");
  const config = parsed(tool?.output);
  const severity = (rule: string): number => Number([at(config, "rules", rule)].flat()[0] ?? 0);
  return each(
    "CODE",
    claim,
    config === undefined ? [] : rules,
    (rule) => (severity(rule) === 2 ? undefined : "it is no error"),
    (rule) => ({ file: "eslint.config.js", address: rule, value: String(severity(rule)), command: tool?.command ?? "", exitCode: tool?.exitCode ?? 1 }),
  );
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function flagsPart(project: Project, claim: string, flags: readonly string[]): Part {
  const tool = project.tools.get("tsconfig");
  const options = member(parsed(tool?.output), "compilerOptions");
  return each(
    "CODE",
    claim,
    options === undefined ? [] : flags,
    (flag) => (member(options, flag) === true ? undefined : "it is off"),
    (flag) => ({ file: "tsconfig.json", address: flag, value: String(member(options, flag)), command: tool?.command ?? "", exitCode: tool?.exitCode ?? 1 }),
  );
}

const sources = /^src\/.*(?<!\.test)\.ts$/;
/** A check that is switched off, with the reason that has to stand beside it. */
const switchedOff = /(?:\/\/|\/\*) *(?:@ts-(?:ignore|nocheck)|eslint-disable(?!(?:-next)?-line [^\n]* -- \S))/;

const noAny: Check = {
  id: "T1",
  title: "the linter refuses any, unsafe values, ! and switched-off checks; wrong payloads do not compile, which tests hold",
  owasp: ["A06"],
  run: (project) => [
    rulesPart(project, "no any, and nothing that hides one, gets past the linter", typeRules),
    flagsPart(project, "the compiler knows that an index may be missing and that absent is not undefined", ["strict", "noUncheckedIndexedAccess", "exactOptionalPropertyTypes"]),
    each(
      "CODE",
      "no source switches a check off without its reason",
      pathsOf(project, sources),
      (path) => (switchedOff.test(textOf(project, path)) ? "a check is switched off without a reason" : undefined),
      (path) => ({ file: path, line: lineOf(textOf(project, path), switchedOff) ?? 1, value: "read" }),
    ),
    each(
      "CODE",
      "tests of types hold what must not compile",
      pathsOf(project, /\.test-d\.ts$/),
      (path) => (/@ts-expect-error/.test(textOf(project, path)) ? undefined : "nothing in it must not compile"),
      (path) => ({ file: path, value: `${String(textOf(project, path).split("@ts-expect-error").length - 1)} lines that must not compile` }),
    ),
  ],
};

const validation: Check = {
  id: "T2",
  title: "every event and endpoint has a schema; nothing that it refuses is accepted, over random and hostile bodies",
  owasp: ["A05", "API3", "API4", "API8"],
  run: (project) => {
    const { events, endpoints } = project.app.topology;
    return [
      each(
        "CODE",
        "every event's schema refuses what it does not know",
        [...events.values()].filter(({ name }) => !name.startsWith("pulsequeue.")),
        ({ schema }) => {
          const nothing = schema["~standard"].validate({ "an unknown field": 1 });
          const number = schema["~standard"].validate(Number.NaN);
          return [nothing, number].every((result) => !(result instanceof Promise) && result.issues !== undefined) ? undefined : "it accepts anything";
        },
        ({ name }) => ({ address: `event ${name}`, value: "an unknown field and NaN are refused" }),
      ),
      each(
        "CODE",
        "every endpoint that takes a body has a schema for it, or takes the signed body as it came",
        [...endpoints.values()].filter(({ method }) => method !== "GET" && method !== "DELETE"),
        ({ input, auth, path }) => (input !== undefined || auth === "webhook" || path.includes(":") ? undefined : "its body is not validated"),
        ({ name, input }) => ({ address: `endpoint ${name}`, value: input === undefined ? "no body, or a signed one" : "a schema" }),
      ),
      ran(project, "payloads"),
    ];
  },
};

const errors: Check = {
  id: "T3",
  title: "errors have codes and ways out and tell nothing of the inside; a bad event is a dead letter, never a success",
  owasp: ["A10", "API8"],
  run: (project) => [
    ran(project, "errors"),
    one("DOC", "every error a caller can meet is documented", [/\| `UNAUTHENTICATED`|UNAUTHENTICATED/.test(textOf(project, "docs/errors.md")) ? undefined : "UNAUTHENTICATED is not in it"], {
      file: "docs/errors.md",
      value: "the catalogue",
    }),
  ],
};

/** Packages that an installation brings, at most: each runs in the user's process. */
const runtimeBudget = 91;

const dependencies: Check = {
  id: "T4",
  title: "one lockfile with the hash of every package, from the registry alone; scanned at each change; few packages at run time; a bill of materials at each release",
  owasp: ["A03"],
  run: (project) => {
    const lock = jsonOf(project, "package-lock.json");
    const packages = runtimePackages(lock);
    return [
      found("CODE", "each package comes from the registry, with its sha512, and no install script runs unasked", entriesOf(member(lock, "packages")).length, lockfileFindings(lock, jsonOf(project, "package.json")), {
        file: "package-lock.json",
        value: `${String(entriesOf(member(lock, "packages")).length)} packages`,
      }),
      one("CODE", `an installation brings ${String(runtimeBudget)} packages at most`, [packages.size === 0 ? "none is found" : packages.size > runtimeBudget ? `it brings ${String(packages.size)}` : undefined], {
        file: "package-lock.json",
        value: `${String(packages.size)} packages at run time`,
      }),
      each(
        "CI",
        "workflows install from the lockfile, ask npm for known weaknesses and signatures, and write a bill of materials",
        ["npm ci", "npm audit --audit-level", "npm audit signatures", "sbom"],
        (text) => (workflowWith(project, text) === undefined ? "no workflow does it" : undefined),
        (text) => {
          const path = workflowWith(project, text);
          return path === undefined ? { file: ".github/workflows", address: text, value: "missing" } : { file: path, line: lineOf(textOf(project, path), text) ?? 1, value: text };
        },
      ),
    ];
  },
};

export function workflowWith(project: Project, text: string | RegExp): string | undefined {
  return pathsOf(project, /^\.github\/workflows\/[^/]+\.ya?ml$/).find((path) => lineOf(textOf(project, path), text) !== undefined);
}

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
        (path) => (/^step lint .*npm run --silent lint$/m.test(textOf(project, path)) ? undefined : "it does not lint"),
        (path) => ({ file: path, line: lineOf(textOf(project, path), /^step lint/m) ?? 1, value: "npm run lint" }),
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
        const given = new RegExp(`thresholds:[^}]*\\b${name}: (\\d+)`).exec(textOf(project, "vitest.config.ts"))?.[1];
        return Number(given ?? 0) >= least ? undefined : `the threshold of ${name} is ${given ?? "not there"}, ${String(least)} is the least`;
      },
      ([name]) => ({ file: "vitest.config.ts", address: name, value: "a threshold" }),
    ),
    each(
      "CI",
      "tests, crashes, simulation and planted faults are part of what every change must pass",
      ["tests", "crash", "faults", "simulate"],
      (name) => (stepOf(project, name) === undefined ? "it is no step" : undefined),
      (name) => ({ file: ".ci/run", line: stepOf(project, name) ?? 1, address: name, value: "a step" }),
    ),
    each(
      "CODE",
      "sources have tests of their own",
      ["src/core", "src/engines/local", "src/http"],
      (folder) => (pathsOf(project, new RegExp(`^(?:${folder}|test)/.*\\.test\\.ts$`)).length >= 5 ? undefined : "it has hardly any"),
      (folder) => ({ file: folder, value: `${String(pathsOf(project, new RegExp(`^${folder}/.*\\.test\\.ts$`)).length)} files of tests` }),
    ),
  ],
};

/** The line of a step of `.ci/run`. */
export function stepOf(project: Project, name: string): number | undefined {
  return lineOf(textOf(project, ".ci/run"), new RegExp(`^\\s*step ${name} `, "m"));
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

export const codeChecks: readonly Check[] = [noAny, validation, errors, dependencies, linter, strict, units, endToEnd];
